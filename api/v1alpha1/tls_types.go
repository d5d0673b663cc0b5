package v1alpha1

// TLS restricts TLS connections by server name, or intercepts them. At least one of
// serverNames and the two Secrets is set.
type TLS struct {
	// serverNames are the server names (SNI) that a connection may request, or patterns as in
	// fqdns. Patterns need a Cilium version: "*.example.com" 1.18, "**.example.com" 1.19, and *
	// anywhere else 1.20. A connection without a server name is denied. The content of the
	// connection is not inspected unless the Secrets are set. Omitted: connections with any server
	// name, or with none, are allowed.
	// +optional
	// +kubebuilder:validation:MinItems=1
	ServerNames []string `json:"serverNames,omitempty"`

	// terminating is the Secret with the certificate (tls.crt, tls.key) that Cilium's proxy
	// presents to the tenant's pods in place of the server. The pods must trust it. It needs
	// originating and http. Omitted: connections are not decrypted. Omit originating, too.
	// +optional
	Terminating *SecretName `json:"terminating,omitempty"`

	// originating is the Secret with the certificate authorities (ca.crt) that the proxy trusts for
	// the server. Set both or neither of terminating and originating. Omitted: connections are not
	// decrypted.
	// +optional
	Originating *SecretName `json:"originating,omitempty"`
}

// SecretName refers to a Secret that Cilium's agents may read.
type SecretName struct {
	// namespace is the namespace of the Secret.
	Namespace string `json:"namespace"`
	// name is the name of the Secret.
	Name string `json:"name"`
}

func (s SecretName) String() string { return s.Namespace + "/" + s.Name }
