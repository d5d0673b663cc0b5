package v1alpha1

// HTTPRule lets requests pass. At least one of its fields is said; all that are must
// match.
type HTTPRule struct {
	// method is one HTTP method, in capitals: GET. Omitted: every method.
	// +optional
	Method string `json:"method,omitempty"`

	// path is a regular expression, in RE2's syntax, that must match the whole path of
	// a request, with its query: "/v1/.*". It starts with "/". Omitted: every path.
	// +optional
	Path string `json:"path,omitempty"`

	// host is a regular expression, in RE2's syntax, that must match the whole Host of a
	// request: "api\\.example\\.com". Clients write the port behind it where that is not
	// their scheme's own, 80 or 443: "api\\.example\\.com:8080". Omitted: every host.
	// +optional
	Host string `json:"host,omitempty"`

	// headers are those that a request must have, all of them: "Name: value" with just
	// this value, or "Name" with any. They are no regular expressions; a name's case does
	// not count, a value's does. Omitted: any headers.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Headers []string `json:"headers,omitempty"`
}

// L7Kind is a kind of rule about what is spoken on a port.
// +kubebuilder:validation:Enum=HTTP;DNS;TLS
type L7Kind string

// The kinds of rule about what is spoken.
const (
	// L7HTTP: the http of flows.
	L7HTTP L7Kind = "HTTP"
	// L7DNS: the dns of egress flows.
	L7DNS L7Kind = "DNS"
	// L7TLS: the tls of egress flows.
	L7TLS L7Kind = "TLS"
)
