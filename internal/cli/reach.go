package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/report"
)

// reachFlags are the flags of reach.
type reachFlags struct {
	questionFlags
	from, to bool
	hops     int
	format   *choice
}

func newReach() *cobra.Command {
	var flags reachFlags
	cmd := &cobra.Command{
		Use:   "reach SUBJECT [DIR | FILE... | -] [--from | --to] [--hops N]",
		Short: "List what a pod, Tenant or namespace can reach, and who can reach it",
		Long: `List what the pods of the subject can reach, and who can reach them: peers, ports and
requests, the policies at both sides that allow the connection, and the Tenant fields
that declare them. A connection is listed if both sides allow it. Policies that select
the subject are listed, too.

The subject is the name of a Tenant or namespace, or an endpoint as FlowTests write it:
tenant-acme/Deployment/web, acme/web, namespace/x/app=web, world, 192.0.2.1.

--hops N follows connections through pods: it lists everything that is reached with at
most N connections in a row, each with the shortest path. So --from --hops 3 is the blast
radius of a pod that an attacker controls.

` + targetHelp + `

-o json has every connection (docs/schemas/reach.json).

The exit status is 0 with an answer, 1 if the policies cannot be decided, and 2 if the
arguments or the input cannot be read.`,
		Example: `  tenantfence reach acme kustomization-examples/soctalk
  tenantfence reach acme/soctalk-adapter kustomization-examples/soctalk --from --hops 3
  kustomize build deploy | tenantfence reach world - --from`,
		Args: atLeast(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return reachSubject(cmd, args[0], args[1:], flags)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&flags.from, "from", false, "list only connections from the subject: what it can reach")
	f.BoolVar(&flags.to, "to", false, "list only connections to the subject: who can reach it")
	f.IntVar(&flags.hops, "hops", 1, "follow at most this number of connections in a row")
	exclude(cmd, "from", "to")
	flags.add(cmd)
	flags.format = addFormat(cmd, `what to print: "text" or "json"`, "text", "json")
	return cmd
}

func (f reachFlags) directions() []flow.Direction {
	switch {
	case f.from:
		return []flow.Direction{flow.Egress}
	case f.to:
		return []flow.Direction{flow.Ingress}
	}
	return flow.Directions()
}

// reachSubject answers reach.
func reachSubject(cmd *cobra.Command, subject string, target []string, flags reachFlags) error {
	if err := flags.format.check(); err != nil {
		return err
	}
	if flags.hops < 1 {
		return fmt.Errorf("--hops %d: write a number from 1", flags.hops)
	}
	var answer report.Reachable
	err := withProgress(cmd, func(p *output.Progress) error {
		s, err := flags.subject(cmd, p, target)
		if err != nil {
			return err
		}
		q, err := s.Ask(proof.Asking(subject, subject))
		if err != nil {
			return err
		}
		subjects, err := q.Subjects(subject)
		if err != nil {
			return err
		}
		p.Update("finding connections", 0, 0)
		answer, err = q.Reach(subjects, flags.hops, flags.directions()...)
		answer.Subject, answer.AsEnforced, answer.Findings = subject, flags.asEnforced, s.Findings
		return err
	})
	if err != nil {
		return err
	}
	if flags.format.value == "json" {
		return output.ReachJSON(cmd.OutOrStdout(), answer)
	}
	if err := writeFindings(cmd, answer.Findings); err != nil {
		return err
	}
	return output.Reach(cmd.OutOrStdout(), answer, detail(cmd))
}
