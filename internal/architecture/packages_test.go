package architecture

// kind is what a package is for. It decides what the package may import.
type kind string

const (
	program  kind = "the program"
	cli      kind = "the command line"
	function kind = "the function"
	chain    kind = "a chain"
	step     kind = "a step"
	model    kind = "a model"
	tool     kind = "a tool"
	check    kind = "a check"
	fake     kind = "for tests"
)

// description is a row of docs/explanation/architecture.md.
type description struct {
	kind    kind
	purpose string
}

// packages lists every directory of Go code in this module, with its purpose in one line.
var packages = map[string]description{
	".":                      {program, "Starts the command line with the arguments and standard streams."},
	"internal/cli":           {cli, "Has one file for each subcommand. Without arguments the program is the function."},
	"fn":                     {function, "Runs the chains in order, as a KRM function and for the commands."},
	"internal/generate":      {chain, "Reads the inputs, resolves them, and plans and renders their policies."},
	"internal/proof":         {chain, "Decides finished policies, and compares them with the generated ones."},
	"api/v1alpha1":           {model, "Defines the kinds that users write, their decoding, defaults and validation."},
	"internal/strict":        {model, "Reads YAML by a JSON schema, and suggests the name that a misspelt one refers to."},
	"internal/report":        {model, "Defines findings, changes, the result of a proof and the catalogue of checks."},
	"internal/endpoints":     {model, "Defines endpoints, selectors, and the representatives of what selectors distinguish."},
	"internal/flow":          {model, "Defines ports, L7 rules and flows, what an engine compiles, and how it is asked."},
	"internal/block":         {model, "Writes YAML in block style, and converts typed objects to nodes, as kyaml does and faster."},
	"internal/cilium":        {model, "Defines the settings of Cilium's agents, and what changed between its releases."},
	"internal/parallel":      {model, "Runs independent work on all processors."},
	"internal/collector":     {model, "Delays the first garbage collection, so that a small run has none."},
	"internal/policy":        {model, "Defines what the steps exchange: fence, owners, grants and policies."},
	"internal/resource":      {model, "Reads the resources of a build into an index, and this project's kinds into inputs."},
	"internal/document":      {model, "Defines the JSON that commands write for other programs."},
	"internal/kustomize":     {step, "Builds a kustomization with the function in this process."},
	"internal/revision":      {step, "Writes a revision of a git repository to a temporary folder, and runs nothing of it."},
	"internal/resolve":       {step, "Decides which declared flows are granted: namespaces, limits, consent, Services, hostnames."},
	"internal/plan":          {step, "Turns grants into policies without a form, one file for each family."},
	"internal/render":        {step, "Turns policies into Cilium and Kubernetes objects through their typed APIs."},
	"internal/merge":         {step, "Puts the objects into the build in place, and changes only what differs."},
	"internal/lint":          {step, "Checks finished policies and resources without an engine, one check a file."},
	"internal/draft":         {step, "Drafts a fence for a build: its Tenants, and the flows that its manifests name."},
	"internal/convert":       {step, "Rewrites NetworkPolicies as CiliumNetworkPolicies and keeps their comments."},
	"internal/external":      {step, "Turns resources of a running cluster into ExternalResources."},
	"internal/peers":         {step, "Finds the namespaces in which a policy or a declared flow may have peers."},
	"internal/reach":         {step, "Asks what policies allow: FlowTests, isolation, declared flows, changes of connections."},
	"internal/engine":        {step, "Compiles policies with Cilium's own policy engine."},
	"internal/netpol":        {step, "Compiles NetworkPolicies for enforcers that work on addresses."},
	"internal/cache":         {step, "Keeps results in a folder, by a hash of all that they depend on."},
	"internal/output":        {step, "Writes findings, changes, reports and answers as text, table, JSON, JUnit, graphs and a page."},
	"internal/propose":       {step, "Proposes entries of Tenants, and elements of limits, that allow a denied flow."},
	"internal/position":      {step, "Finds the line and column of a field in the file of its resource."},
	"internal/flux":          {step, "Writes a build as a tree of files that Flux applies in stages."},
	"internal/flow/flowtest": {fake, "Asks policies about any endpoints, and fakes policies, in tests."},
	"internal/architecture":  {check, "Tests the package structure, the documents and the language of this repository."},
	"docs":                   {check, "Executes the pages of the documentation, and links them to each other."},
	"internal/apidoc":        {tool, "Generates the JSON schemas, docs/reference/api.md, docs/reference/checks.md and docs/schemas."},
	"internal/bench":         {tool, "Measures whole processes side by side, and writes the tables of docs/explanation/performance.md."},
	"internal/mutation":      {tool, "Changes the code as a list states, and checks that a named test fails each time."},
}

// allowedImports lists which kinds a kind may import, and why.
var allowedImports = map[kind]struct {
	imports []kind
	why     string
}{
	program:  {[]kind{cli, function}, "main.go only starts the program: no test and no host can reach more code in it"},
	cli:      {[]kind{function, chain, step, model}, "the command line combines the function, the chains and the steps for a person"},
	function: {[]kind{chain, step, model}, "hosts embed the function, and it must not depend on a command line"},
	chain:    {[]kind{chain, step, model}, "the function and the command line use the chains"},
	step:     {[]kind{model}, "only chains, fn and internal/cli combine steps, so that each step can be read, tested and replaced alone; move what two steps share to a model"},
	model:    {[]kind{model}, "every other package depends on the models: a model that imports a step ties all of them together"},
	tool:     {[]kind{model}, "a tool works on the models and is no part of the program"},
	fake:     {[]kind{model}, "only tests import it"},
	check:    {nil, "the checks read the source files and import no code of this module"},
}

// chainImports lists which chains a chain may import.
var chainImports = map[string][]string{
	"internal/generate": nil,
	"internal/proof":    {"internal/generate"},
}

// modelImports lists which models a model may import: they build on each other in one order.
var modelImports = map[string][]string{
	"internal/strict":    nil,
	"api/v1alpha1":       {"internal/strict"},
	"internal/endpoints": {"api/v1alpha1"},
	"internal/flow":      {"api/v1alpha1", "internal/endpoints", "internal/parallel"},
	"internal/block":     nil,
	"internal/parallel":  nil,
	"internal/collector": nil,
	"internal/cilium":    {"api/v1alpha1", "internal/endpoints", "internal/flow"},
	"internal/report":    {"internal/strict", "api/v1alpha1", "internal/endpoints", "internal/flow", "internal/cilium"},
	"internal/document":  nil,
	"internal/policy":    {"api/v1alpha1", "internal/endpoints", "internal/flow", "internal/cilium", "internal/report"},
	"internal/resource":  {"api/v1alpha1", "internal/endpoints", "internal/flow", "internal/cilium", "internal/report", "internal/policy", "internal/block", "internal/parallel"},
}

// importRule restricts an external package, and all packages below it, to the named packages.
type importRule struct {
	pkg      string
	packages []string
	why      string
}

// importRules are searched in order; the first whose package matches decides.
var importRules = []importRule{
	{
		"github.com/cilium/cilium/pkg/policy/api", []string{"internal/engine", "internal/render"},
		"the typed policy API is for writing policies (render) and for deciding them (engine); the steps between them use internal/policy",
	},
	{
		"github.com/cilium/cilium/pkg/policy", []string{"internal/engine"},
		"Cilium's engine changes with every release: behind flow.Program a new release changes one package",
	},
}
