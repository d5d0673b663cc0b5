package architecture

// kind says what a room is for, and with that whom it may import.
type kind string

const (
	program  kind = "the program"
	cli      kind = "the command line"
	function kind = "the function"
	step     kind = "a verb"
	model    kind = "a noun"
	tool     kind = "a tool"
	check    kind = "a law"
)

// packages is every directory of Go code in this module. A new one gets its line
// here, which is where its place in the whole is decided.
var packages = map[string]kind{
	".":                     program,
	"internal/cli":          cli,
	"fn":                    function,
	"api/v1alpha1":          model,
	"internal/report":       model,
	"internal/policy":       model,
	"internal/resource":     model,
	"internal/kustomize":    step,
	"internal/resolve":      step,
	"internal/plan":         step,
	"internal/render":       step,
	"internal/merge":        step,
	"internal/lint":         step,
	"internal/convert":      step,
	"internal/reach":        step,
	"internal/engine":       step,
	"internal/netpol":       step,
	"internal/hubble":       step,
	"internal/output":       step,
	"internal/position":     step,
	"internal/flux":         step,
	"internal/architecture": check,
	"internal/apidoc":       tool,
	"internal/mutation":     tool,
}

// allowedImports says which kinds a kind may import; why is said to whoever breaks it.
var allowedImports = map[kind]struct {
	imports []kind
	why     string
}{
	program:  {[]kind{cli, function}, "main.go only starts: what it did itself, no test and no host could reach"},
	cli:      {[]kind{function, step, model}, "the command line chains verbs and the function for a person"},
	function: {[]kind{step, model}, "hosts embed the function, and it must not bring a command line along"},
	step:     {[]kind{model}, "verbs meet in fn and internal/cli alone, so that each can be read, tested and replaced by itself; what two of them share is a noun"},
	model:    {[]kind{model}, "nouns are what everything else stands on: a noun that does work ties all of it together"},
	tool:     {[]kind{model}, "a generator describes the nouns and is no part of the program"},
	check:    {nil, "the laws read the code from outside"},
}

// modelImports says more for the nouns, which build on each other in one order.
var modelImports = map[string][]string{
	"api/v1alpha1":      nil,
	"internal/report":   nil,
	"internal/policy":   {"api/v1alpha1", "internal/report"},
	"internal/resource": {"api/v1alpha1", "internal/report", "internal/policy"},
}

// importRule keeps a foreign package, and all below it, in the rooms that are named.
type importRule struct {
	pkg      string
	packages []string
	why      string
}

// importRules are searched in order; the first whose package matches decides.
var importRules = []importRule{
	{
		"github.com/cilium/cilium/pkg/policy/api", []string{"internal/engine", "internal/render"},
		"the typed policy API is for writing policies (render) and for deciding them (engine); everything between speaks internal/policy",
	},
	{
		"github.com/cilium/cilium/pkg/policy", []string{"internal/engine"},
		"Cilium's engine changes with every release: behind policy.Engine a new release touches one room",
	},
}
