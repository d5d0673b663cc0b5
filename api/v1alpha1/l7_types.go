package v1alpha1

// HTTPRule matches HTTP requests. At least one of its fields is set. A request matches if
// it matches all fields that are set.
type HTTPRule struct {
	// method is one HTTP method in capitals: GET. Omitted: every method.
	// +optional
	Method string `json:"method,omitempty"`

	// path is a regular expression in RE2 syntax for the whole path of a request, including
	// its query: "/v1/.*". It starts with "/". Omitted: every path.
	// +optional
	Path string `json:"path,omitempty"`

	// host is a regular expression in RE2 syntax for the whole Host of a request:
	// "api\\.example\\.com". Clients add the port unless it is the default of the scheme, 80
	// or 443: "api\\.example\\.com:8080". Omitted: every host.
	// +optional
	Host string `json:"host,omitempty"`

	// headers lists the headers that a request must have, all of them: "Name: value" for exactly
	// this value, "Name" for any value. They are not regular expressions. Names are
	// case-insensitive, and values are case-sensitive. Omitted: any headers.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Headers []string `json:"headers,omitempty"`
}

// L7Kind is a kind of L7 rules.
// +kubebuilder:validation:Enum=HTTP;DNS;TLS
type L7Kind string

// The kinds of L7 rules.
const (
	// L7HTTP: the http of flows.
	L7HTTP L7Kind = "HTTP"
	// L7DNS: the dns of egress flows.
	L7DNS L7Kind = "DNS"
	// L7TLS: the tls of egress flows.
	L7TLS L7Kind = "TLS"
)

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
