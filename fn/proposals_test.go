package fn_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/flow/flowtest"
	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resolve"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// TestProposalsAllowTheFlowAlone applies the entries that explain proposes for denied flows of generated
// builds, as YAML, and runs the function again. The enforcer decides flows from every pod to every pod, network and
// name before and after: only the wanted flow differs.
func TestProposalsAllowTheFlowAlone(t *testing.T) {
	t.Parallel()
	skipInShort(t, "runs 60 random builds twice")
	var proposed atomic.Int32
	forBuilds(t, func(p propertyTrial) {
		t, b, r := p.T, p.build, p.rand
		b.proved = false
		items := b.items(t)
		before := mustProcess(t, b, items)
		from, to, port := b.tenants[r.IntN(len(b.tenants))], b.targets()[r.IntN(len(b.targets()))], b.ports()[r.IntN(len(b.ports()))]
		wanted := caseOf("tenant-"+from.name+"/Pod/"+pick(r, "a", "b"), to.endpoint, port)
		answer, proposals := explain(t, before, wanted)
		switch {
		case answer == flow.Allowed && len(proposals) > 0:
			t.Fatalf("%v is allowed, and %v is proposed", wanted, proposals)
		case answer == flow.Allowed:
			return
		case len(proposals) != 1:
			t.Fatalf("%v: %d proposals, want 1", wanted, len(proposals))
		case to.proxy && strings.Contains(proposals[0].Problem, `namespace "proxies" is not in the build`):
			return
		case proposals[0].Problem != "":
			t.Fatalf("%v: no proposal: %s", wanted, proposals[0].Problem)
		}
		changed := copied(items)
		for _, e := range slices.Concat(proposals[0].Entries, proposals[0].Limits) {
			addEntry(t, changed, e)
		}
		compareDecisions(t, b, before, mustProcess(t, b, changed), wanted)
		proposed.Add(1)
	})
	t.Cleanup(func() {
		if n := proposed.Load(); n < 20 {
			t.Errorf("%d proposals were applied: too few flows are denied", n)
		}
	})
}

func caseOf(from, to string, port int) v1alpha1.FlowCase {
	return v1alpha1.FlowCase{Name: "wanted", From: from, To: to, Port: int32(port), Protocol: v1alpha1.TCP, Expect: v1alpha1.ExpectAllow}
}

// explain decides a flow, and returns what is proposed for it.
func explain(t *testing.T, items []*yaml.RNode, c v1alpha1.FlowCase) (flow.Decision, []report.Proposal) {
	t.Helper()
	s, err := proof.Verification{Items: copied(items), CompleteOutput: true}.Questions(proof.AsApplied)
	if err != nil {
		t.Fatal(err, s.Findings)
	}
	var test resource.FlowTest
	test.Test.Spec.Cases = []v1alpha1.FlowCase{c}
	q, err := s.Ask(test)
	if err != nil {
		t.Fatal(err)
	}
	flows, err := q.Explain(c)
	if err != nil {
		t.Fatal(err)
	}
	var denied []flow.Flow
	for _, f := range flows {
		if f.Verdict.Decision() != flow.Allowed {
			denied = append(denied, f.Flow)
		}
	}
	proposals, err := s.Propose(test, denied)
	if err != nil {
		t.Fatal(err)
	}
	return report.Explanation{Flows: flows}.Decision(), proposals
}

var listElement = regexp.MustCompile(`^(\w+)\[(.+)\]$`)

// addEntry appends the elements of a proposed entry to the list at its field.
func addEntry(t *testing.T, items []*yaml.RNode, e report.ProposedEntry) {
	t.Helper()
	i := slices.IndexFunc(items, func(n *yaml.RNode) bool { return n.GetKind() == e.Resource.Kind && n.GetName() == e.Resource.Name })
	if i < 0 {
		t.Fatalf("%s is missing", e.Resource)
	}
	var path []string
	for part := range strings.SplitSeq(e.Field, ".") {
		if m := listElement.FindStringSubmatch(part); m != nil {
			path = append(path, m[1], "[name="+m[2]+"]")
			continue
		}
		path = append(path, part)
	}
	list, err := items[i].Pipe(yaml.LookupCreate(yaml.SequenceNode, path...))
	if err != nil {
		t.Fatalf("%s: %v", e.Field, err)
	}
	if err := list.PipeE(yaml.Append(yaml.MustParse(e.YAML).Content()...)); err != nil {
		t.Fatalf("%s: %v", e.Field, err)
	}
}

// compareDecisions checks that a flow is allowed after a change, and that no other decision changes.
func compareDecisions(t *testing.T, b *build, before, after []*yaml.RNode, wanted v1alpha1.FlowCase) {
	t.Helper()
	was, endpoints := engineOf(t, b, before)
	is, _ := engineOf(t, b, after)
	targets := append(b.targets(), target{endpoint: wanted.To})
	for _, from := range b.tenants {
		for _, app := range []string{"a", "b"} {
			for _, to := range targets {
				for _, port := range []int{int(wanted.Port), 53, 7777, b.ports()[0], 9999} {
					c := caseOf("tenant-"+from.name+"/Pod/"+app, to.endpoint, port)
					old, now := decideCase(t, was, endpoints, c), decideCase(t, is, endpoints, c)
					switch isWanted := c == wanted; {
					case isWanted && now != flow.Allowed:
						t.Errorf("%s: is %s with the proposal", describeCase(c), now)
					case !isWanted && old != now:
						t.Errorf("%s: was %s, and is %s with the proposal for %s", describeCase(c), old, now, describeCase(wanted))
					}
				}
			}
		}
	}
}

func describeCase(c v1alpha1.FlowCase) string {
	return fmt.Sprintf("%s -> %s:%d", c.From, c.To, c.Port)
}

func engineOf(t *testing.T, b *build, out []*yaml.RNode) (*flowtest.Engine, reach.Endpoints) {
	t.Helper()
	in, index, _ := generate.Read(b.config(t), copied(out))
	fence, _, _ := resolve.Resolve(in, index)
	endpoints := reach.Endpoints{Index: index, Fence: fence}
	return newEngine(t, fence, endpoints, out), endpoints
}

func decideCase(t *testing.T, e *flowtest.Engine, endpoints reach.Endpoints, c v1alpha1.FlowCase) flow.Decision {
	t.Helper()
	one := flow.Flow{Port: uint16(c.Port), Protocol: c.Protocol}
	var err error
	if one.From, err = endpoints.Find(c.From); err != nil {
		t.Fatal(err)
	}
	if one.To, err = endpoints.Find(c.To); err != nil {
		t.Fatal(err)
	}
	v, err := e.Decide(one)
	if err != nil {
		t.Fatal(err)
	}
	return v.Decision()
}
