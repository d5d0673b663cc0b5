package v1alpha1

// TLS says what passes of connections in which TLS is spoken: at least one of serverNames
// and the two secrets.
type TLS struct {
	// serverNames are the names of servers that a connection may be for, as clients say
	// them when TLS begins, or patterns as in fqdns (Cilium 1.18; a leading "**."
	// 1.19; a * but in a leading "*." or "**." 1.20). A connection that says none does not
	// pass. What is spoken within it is not looked into, unless the
	// secrets are said. Omitted: every name, and none.
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
