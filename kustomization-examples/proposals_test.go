package examples_test

import (
	"regexp"
	"slices"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/kustomize"
	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// TestProposalsForDeniedCases asks explain about the denied cases of the FlowTests in the examples. It
// proposes entries that hold, or has one of the known reasons why it proposes none.
func TestProposalsForDeniedCases(t *testing.T) {
	t.Parallel()
	skipInShort(t, "decides each denied case of every example several times")
	for _, dir := range []string{"cluster-rollout", "components/platform", "layered-tenants/l7", "layered-tenants/nodes-enforced", "platform-services/small", "policy-guide", "soctalk-both", "soctalk-calico"} {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			v := recordedBuild(t, dir)
			s, err := v.Questions(proof.AsEnforced)
			if err != nil {
				t.Fatal(err, s.Findings)
			}
			q, err := s.Ask(s.Inputs.FlowTests...)
			if err != nil {
				t.Fatal(err)
			}
			proposed := 0
			for _, test := range s.Inputs.FlowTests {
				for _, c := range test.Test.Spec.Cases {
					if c.Expect == v1alpha1.ExpectDeny {
						proposed += proposeFor(t, s, q, c)
					}
				}
			}
			t.Logf("%d proposals", proposed)
			if proposed == 0 {
				t.Error("nothing is proposed for any denied case")
			}
		})
	}
}

// recordedBuild returns the output of an example, with all runs of the function.
func recordedBuild(t *testing.T, dir string) proof.Verification {
	t.Helper()
	v := proof.Verification{CompleteOutput: true}
	out, err := kustomize.Build(filesys.MakeFsOnDisk(), dir, kustomize.Options{
		Function: func(c *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, error) {
			v.Runs = append(v.Runs, proof.Run{Config: c.Copy(), Items: copied(items)})
			r, err := fn.Process(c, items, fn.Options{SkipProof: true})
			return r.Items, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if v.Items, err = kio.FromBytes(out); err != nil {
		t.Fatal(err)
	}
	return v
}

// knownProblems are why explain proposes nothing.
var knownProblems = []*regexp.Regexp{
	regexp.MustCompile(`selects no pod of namespace`),
	regexp.MustCompile(`is a TLS port`),
	regexp.MustCompile(`a Tenant cannot name (pods of another cluster|one node)`),
	regexp.MustCompile(`flows of nodes are declared in the nodes of the profile`),
	// A proxy for names reaches the world, and other pods reach names through it alone.
	regexp.MustCompile(`changes other connections: soctalk-system/Deployment/soctalk-egress-proxy to world-ipv4`),
	regexp.MustCompile(`no entry of a Tenant allows it: with an entry, the egress is denied, no policy allows it, and the ingress not enforced`),
}

// proposeFor returns the number of proposals for the first denied flow of a case.
func proposeFor(t *testing.T, s proof.Subject, q *reach.Questions, c v1alpha1.FlowCase) int {
	t.Helper()
	var test resource.FlowTest
	test.Test.Spec.Cases = []v1alpha1.FlowCase{c}
	flows, err := q.Explain(c)
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	var denied []flow.Flow
	for _, f := range flows {
		if f.Verdict.Decision() == flow.Denied {
			denied = append(denied, f.Flow)
		}
	}
	proposals, err := s.Propose(test, denied[:min(len(denied), 1)])
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	n := 0
	for _, p := range proposals {
		switch {
		case p.Problem == "":
			n++
		case !slices.ContainsFunc(knownProblems, func(r *regexp.Regexp) bool { return r.MatchString(p.Problem) }):
			t.Errorf("%s: nothing is proposed for %s -> %s on %v: %s", c.Name, p.From, p.To, p.Ports, p.Problem)
		}
	}
	return n
}
