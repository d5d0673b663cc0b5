package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/position"
	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
)

// graphFlags are the flags of graph.
type graphFlags struct {
	questionFlags
	tenants []string
	verify  bool
	format  *choice
}

func newGraph() *cobra.Command {
	var flags graphFlags
	cmd := &cobra.Command{
		Use:   "graph [DIR | FILE... | -] [-o mermaid|dot|html|json]",
		Short: "Draw what policies allow: a Mermaid or Graphviz graph, or one page",
		Long: `Draw what the policies of a build allow: Tenants and namespaces as groups, the pods in
them, and connections with their ports. A connection is drawn if both sides allow it.
Pods that nothing isolates are marked, and connections between them are not drawn.

-o mermaid is for Markdown, and is the default. Beyond Mermaid's limit of 500 arrows it
has only groups. -o dot is for Graphviz. -o html is one page that loads nothing: a
picture, a matrix of groups, a list, a search, and what a pod reaches in some hops.

--tenant NAME draws only the connections of a Tenant, a namespace or a pod. It may be
repeated. --verify runs tenantfence verify on the same input first, and the graph has
its outcome. Only then the graph states that isolation is proved.

` + targetHelp + `

-o json has every node and connection (docs/schemas/graph.json).

The exit status is 0 with an answer, 1 if the policies cannot be decided, and 2 if the
arguments or the input cannot be read. The outcome of --verify does not change it.`,
		Example: `  tenantfence graph kustomization-examples/soctalk
  tenantfence graph kustomization-examples/soctalk -o html --verify > soctalk.html
  kustomize build deploy | tenantfence graph - -o dot --tenant acme | dot -Tsvg > acme.svg`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return drawGraph(cmd, args, flags)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&flags.tenants, "tenant", nil, "draw only the connections of this Tenant, namespace or pod; may be repeated")
	f.BoolVar(&flags.verify, "verify", false, "verify the same input first, and state the outcome in the graph")
	complete(cmd, "tenant", cobra.NoFileCompletions)
	flags.add(cmd)
	exclude(cmd, "verify", "as-enforced")
	var names []string
	for _, form := range output.GraphForms() {
		names = append(names, form.Name)
	}
	flags.format = addFormat(cmd, "what to print: "+oneOf(names), names...)
	return cmd
}

// drawGraph answers graph.
func drawGraph(cmd *cobra.Command, target []string, flags graphFlags) error {
	if err := flags.format.check(); err != nil {
		return err
	}
	var answer report.Graph
	err := withProgress(cmd, func(p *output.Progress) error {
		s, verified, err := flags.verifiedSubject(cmd, p, target)
		if err != nil {
			return err
		}
		q, err := s.Ask()
		if err != nil {
			return err
		}
		selected, err := selectedPods(q, flags.tenants)
		if err != nil {
			return err
		}
		answer, err = q.Graph(selected, p.Update)
		answer.Fence, answer.Selected, answer.AsEnforced = s.Desired.Fence.Name, flags.tenants, flags.asEnforced
		answer.Verification, answer.Findings = verified, s.Findings
		return err
	})
	if err != nil {
		return err
	}
	if flags.format.value != "json" {
		if err := writeFindings(cmd, answer.Findings); err != nil {
			return err
		}
	}
	for _, form := range output.GraphForms() {
		if form.Name == flags.format.value {
			return form.Write(cmd.OutOrStdout(), answer)
		}
	}
	return fmt.Errorf("-o %s is not known", flags.format.value)
}

// selectedPods returns the pods that names identify: all pods of Tenants and namespaces.
func selectedPods(q *reach.Questions, names []string) ([]endpoints.Endpoint, error) {
	var out []endpoints.Endpoint
	for _, name := range names {
		some, err := q.Subjects(name)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

// verifiedSubject reads a target and, if requested, verifies exactly what it read.
func (flags graphFlags) verifiedSubject(cmd *cobra.Command, p *output.Progress, target []string) (proof.Subject, *report.Report, error) {
	v, err := flags.load(cmd, p, target, flags.inputs)
	if err != nil {
		return proof.Subject{}, nil, err
	}
	dirs := verifiedDirs(target, flags.inputs)
	var verified *report.Report
	if flags.verify {
		r, err := proof.Verify(v)
		if err != nil {
			return proof.Subject{}, nil, err
		}
		r.Findings = position.NewFinder(dirs...).Locate(r.Findings)
		verified = &r
	}
	s, err := ask(cmd, v, flags.enforcement(), dirs)
	return s, verified, err
}
