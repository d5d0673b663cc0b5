package architecture

// kind says what a room is for, and with that whom it may import.
type kind string

const (
	program  kind = "the program"
	cli      kind = "the command line"
	function kind = "the function"
	verb     kind = "a verb"
	noun     kind = "a noun"
	tool     kind = "a tool"
	law      kind = "a law"
)

// rooms is every directory of Go code in this module. A new one gets its line
// here, which is where its place in the whole is decided.
var rooms = map[string]kind{
	".":                     program,
	"internal/cli":          cli,
	"fn":                    function,
	"api/v1alpha1":          noun,
	"internal/policy":       noun,
	"internal/resource":     noun,
	"internal/kustomize":    verb,
	"internal/resolve":      verb,
	"internal/plan":         verb,
	"internal/render":       verb,
	"internal/merge":        verb,
	"internal/lint":         verb,
	"internal/convert":      verb,
	"internal/reach":        verb,
	"internal/engine":       verb,
	"internal/netpol":       verb,
	"internal/hubble":       verb,
	"internal/output":       verb,
	"internal/flux":         verb,
	"internal/architecture": law,
	"internal/apidoc":       tool,
}

// allowed says which kinds a kind may import; why is said to whoever breaks it.
var allowed = map[kind]struct {
	imports []kind
	why     string
}{
	program:  {[]kind{cli, function}, "main.go only starts: what it did itself, no test and no host could reach"},
	cli:      {[]kind{function, verb, noun}, "the command line chains verbs and the function for a person"},
	function: {[]kind{verb, noun}, "hosts embed the function, and it must not bring a command line along"},
	verb:     {[]kind{noun}, "verbs meet in fn and internal/cli alone, so that each can be read, tested and replaced by itself; what two of them share is a noun"},
	noun:     {[]kind{noun}, "nouns are what everything else stands on: a noun that does work ties all of it together"},
	tool:     {[]kind{noun}, "a generator describes the nouns and is no part of the program"},
	law:      {nil, "the laws read the code from outside"},
}

// nouns says more for the nouns, which build on each other in one order.
var nouns = map[string][]string{
	"api/v1alpha1":      nil,
	"internal/policy":   {"api/v1alpha1"},
	"internal/resource": {"api/v1alpha1", "internal/policy"},
}

// fence keeps a foreign package, and all below it, in the rooms that are named.
type fence struct {
	pkg   string
	rooms []string
	why   string
}

// fences are searched in order; the first whose package matches decides.
var fences = []fence{
	{
		"github.com/cilium/cilium/pkg/policy/api", []string{"internal/engine", "internal/render"},
		"the typed policy API is for writing policies (render) and for deciding them (engine); everything between speaks internal/policy",
	},
	{
		"github.com/cilium/cilium/pkg/policy", []string{"internal/engine"},
		"Cilium's engine changes with every release: behind policy.Engine a new release touches one room",
	},
}
