package v1alpha1

// TLS restricts connections that use TLS, or intercepts them: at least one of serverNames
// and the two secrets is set.
type TLS struct {
	// serverNames are the server names (SNI) that a connection may request, or patterns as
	// in fqdns (Cilium 1.18; a leading "**." needs 1.19; a * anywhere but in a leading "*."
	// or "**." needs 1.20). A connection without a server name is denied. The content of the
	// connection is not inspected unless the secrets are set. Omitted: every connection is
	// allowed, with any server name or none.
	// +optional
	// +kubebuilder:validation:MinItems=1
	ServerNames []string `json:"serverNames,omitempty"`

	// terminating is the Secret with the certificate (tls.crt, tls.key) that Cilium's proxy
	// shows to the tenant's pods in place of the server: they must trust it. Only together
	// with originating and http. Omitted, and originating too: connections are not opened up.
	// +optional
	Terminating *SecretName `json:"terminating,omitempty"`

	// originating is the Secret with the authorities (ca.crt) by which the proxy trusts the
	// server. Only together with terminating, and required beside it. Omitted, and
	// terminating too: connections are not opened up.
	// +optional
	Originating *SecretName `json:"originating,omitempty"`
}

// SecretName names a Secret that Cilium's agents may read.
type SecretName struct {
	// namespace of the Secret.
	Namespace string `json:"namespace"`
	// name of the Secret.
	Name string `json:"name"`
}

func (s SecretName) String() string { return s.Namespace + "/" + s.Name }
