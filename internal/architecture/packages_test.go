package architecture

// kind is the purpose of a package, which determines its imports.
type kind string

const (
	program  kind = "the program"
	cli      kind = "the command line"
	function kind = "the function"
	step     kind = "a step"
	model    kind = "a model"
	tool     kind = "a tool"
	check    kind = "a rule"
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

// allowedImports are the kinds that a kind may import. why is part of the error.
var allowedImports = map[kind]struct {
	imports []kind
	why     string
}{
	program:  {[]kind{cli, function}, "main.go only starts the program: tests and hosts cannot reach code in it"},
	cli:      {[]kind{function, step, model}, "the command line combines steps and the function for users"},
	function: {[]kind{step, model}, "hosts embed the function, and it must not bring a command line along"},
	step:     {[]kind{model}, "steps are combined in fn and internal/cli only, so that each can be read, tested and replaced by itself; shared types are models"},
	model:    {[]kind{model}, "everything depends on the models: a model that imports steps couples all packages"},
	tool:     {[]kind{model}, "a generator describes the models and is not part of the program"},
	check:    {nil, "the rules read the code from outside"},
}

// modelImports are the models that each model may import, in one order.
var modelImports = map[string][]string{
	"api/v1alpha1":      nil,
	"internal/report":   nil,
	"internal/policy":   {"api/v1alpha1", "internal/report"},
	"internal/resource": {"api/v1alpha1", "internal/report", "internal/policy"},
}

// importRule restricts an external package, and its subpackages, to some packages.
type importRule struct {
	pkg      string
	packages []string
	why      string
}

// importRules are searched in order; the first whose package matches decides.
var importRules = []importRule{
	{
		"github.com/cilium/cilium/pkg/policy/api", []string{"internal/engine", "internal/render"},
		"the typed policy API is for writing policies (render) and for deciding them (engine); everything between uses internal/policy",
	},
	{
		"github.com/cilium/cilium/pkg/policy", []string{"internal/engine"},
		"Cilium's engine changes with every release: policy.Engine limits the effect of a new release to one package",
	},
}
