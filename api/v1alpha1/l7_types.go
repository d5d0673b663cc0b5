package v1alpha1

// HTTPRule lets requests pass. At least one of method and path is said; where both
// are, both must match.
type HTTPRule struct {
	// method is one HTTP method, in capitals: GET. Omitted: every method.
	// +optional
	Method string `json:"method,omitempty"`

	// path is a regular expression, in RE2's syntax, that must match the whole path of
	// a request, with its query: "/v1/.*". It starts with "/". Omitted: every path.
	// +optional
	Path string `json:"path,omitempty"`
}

// L7Kind is a kind of rule about what is spoken on a port.
// +kubebuilder:validation:Enum=HTTP;DNS
type L7Kind string

// The kinds of rule about what is spoken.
const (
	// L7HTTP: the http of flows.
	L7HTTP L7Kind = "HTTP"
	// L7DNS: the dns of egress flows.
	L7DNS L7Kind = "DNS"
)
