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
