package fn_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/resource"
)

const builds = 60

// propertyTrial of a property on one build.
type propertyTrial struct {
	*testing.T
	build *build
	rand  *rand.Rand
}

// forBuilds runs a property on many builds.
func forBuilds(t *testing.T, property func(propertyTrial)) {
	t.Helper()
	for seed := range uint64(builds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			property(propertyTrial{t, randomBuild(seed), rand.New(rand.NewPCG(seed, 2))})
		})
	}
}

func mustProcess(t *testing.T, b *build, items []*yaml.RNode) []*yaml.RNode {
	t.Helper()
	out, messages, err := process(t, b.config(t), items)
	if err != nil {
		t.Fatalf("refused: %v\n%s", err, messages)
	}
	return out
}

// rewritten is what a host makes of items: it writes and reads them.
func rewritten(t *testing.T, items []*yaml.RNode) []*yaml.RNode {
	t.Helper()
	nodes, err := kio.FromBytes([]byte(text(t, items)))
	if err != nil {
		t.Fatal(err)
	}
	return nodes
}

func TestRunningTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	skipInShort(t, "runs 60 random builds")
	forBuilds(t, func(p propertyTrial) {
		t, b, r := p.T, p.build, p.rand
		once := mustProcess(t, b, b.items(t))
		if diff := cmp.Diff(text(t, once), text(t, mustProcess(t, b, once))); diff != "" {
			t.Error(diff)
		}
		// Nor does it on what a person wrote comments into.
		commented := addComments(t, once, r)
		if diff := cmp.Diff(text(t, commented), text(t, mustProcess(t, b, commented))); diff != "" {
			t.Error(diff)
		}
	})
}

func TestInputOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	skipInShort(t, "runs 60 random builds")
	forBuilds(t, func(p propertyTrial) {
		t, b, r := p.T, p.build, p.rand
		items := append(b.items(t), ownPolicies(mustProcess(t, b.changed(r), b.changed(r).items(t)))...)
		want := sorted(t, mustProcess(t, b, items))
		if diff := cmp.Diff(want, sorted(t, mustProcess(t, b, shuffled(items, r.Uint64())))); diff != "" {
			t.Error(diff)
		}
	})
}

// Earlier policies must not affect the result, except for comments and order: otherwise two repositories with
// the same inputs would have different fences.
func TestEarlierPoliciesDoNotAffectResult(t *testing.T) {
	t.Parallel()
	skipInShort(t, "runs 60 random builds")
	forBuilds(t, func(p propertyTrial) {
		t, b, r := p.T, p.build, p.rand
		next := b.changed(r)
		fresh := mustProcess(t, next, next.items(t))
		after := mustProcess(t, next, append(next.items(t), ownPolicies(mustProcess(t, b, b.items(t)))...))
		if diff := cmp.Diff(sorted(t, fresh), sorted(t, after)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestCommentsAreKept(t *testing.T) {
	t.Parallel()
	skipInShort(t, "runs 60 random builds")
	survived := 0
	for seed := range uint64(builds) {
		b, r := randomBuild(seed), rand.New(rand.NewPCG(seed, 3))
		commented := addComments(t, ownPolicies(mustProcess(t, b, b.items(t))), r)
		next := b.changed(r)
		fresh := byIdentity(mustProcess(t, next, next.items(t)))
		after := byIdentity(mustProcess(t, next, append(next.items(t), commented...)))
		for _, n := range commented {
			id := identity(n)
			if fresh[id] == nil {
				continue
			}
			kept := comments(after[id].YNode())
			for _, c := range expectedComments(n.YNode(), fresh[id].YNode()) {
				survived++
				if !slices.Contains(kept, c) {
					t.Errorf("seed %d: %s lost its comment %q:\n%s\nbecame\n%s", seed, id, c, n.MustString(), after[id].MustString())
				}
			}
		}
	}
	if survived < 1000 {
		t.Errorf("only %d comments were looked at", survived)
	}
}

func TestRemovingTenantRemovesOnlyItsPolicies(t *testing.T) {
	t.Parallel()
	skipInShort(t, "runs 60 random builds")
	forBuilds(t, func(p propertyTrial) {
		t, b, r := p.T, p.build, p.rand
		before := mustProcess(t, b, b.items(t))
		commented := addComments(t, ownPolicies(before), r)
		gone := r.IntN(len(b.tenants))
		next := b.less(gone)
		fresh := byIdentity(mustProcess(t, next, next.items(t)))
		was := byIdentity(before)
		after := byIdentity(mustProcess(t, next, append(next.items(t), commented...)))
		for _, n := range commented {
			id := identity(n)
			switch {
			case n.GetNamespace() == "tenant-"+b.tenants[gone].name:
				if after[id] != nil {
					t.Errorf("%s is still there", id)
				}
			case fresh[id] == nil:
				if after[id] != nil || !strings.Contains(n.GetAnnotations()[resource.AnnotationFor], "Tenant/"+b.tenants[gone].name) {
					t.Errorf("%s shared nothing with the tenant, or is still there", id)
				}
			case was[id].MustString() == fresh[id].MustString():
				if diff := cmp.Diff(n.MustString(), after[id].MustString()); diff != "" {
					t.Errorf("%s shared nothing with the tenant, and changed:\n%s", id, diff)
				}
			}
		}
		if len(after) != len(fresh) {
			t.Errorf("got %d resources, want %d", len(after), len(fresh))
		}
	})
}

// Broken input is refused, or leaves everything there that is no policy of the fence.
func TestBrokenInputLosesNothing(t *testing.T) {
	t.Parallel()
	skipInShort(t, "runs 240 random builds")
	refused := 0
	for seed := range uint64(4 * builds) {
		b, r := randomBuild(seed), rand.New(rand.NewPCG(seed, 4))
		items := mustProcess(t, b, b.items(t))
		broken := copied(items)
		breakNode(broken[r.IntN(len(broken))].YNode(), r)
		result, err := fn.Process(b.config(t), copied(broken), fn.Options{})
		out := result.Items
		if err != nil {
			refused++
			if out != nil {
				t.Errorf("seed %d: it is refused, and has items", seed)
			}
			continue
		}
		foreignCount := 0
		for _, n := range broken {
			if n.GetLabels()[resource.LabelFence] != "platform" {
				foreignCount++
			}
		}
		if foreignLeft := len(out) - len(ownPolicies(out)); foreignLeft < foreignCount-1 || len(out) == 0 {
			t.Errorf("seed %d: of %d resources that are not the fence's, %d are left", seed, foreignCount, foreignLeft)
		}
	}
	if refused == 0 {
		t.Error("nothing was broken enough to be refused")
	}
}

// breakNode takes a value away, or makes it another.
func breakNode(n *yaml.Node, r *rand.Rand) {
	for len(n.Content) > 0 && r.IntN(4) > 0 {
		i := r.IntN(len(n.Content))
		if n.Kind == yaml.MappingNode {
			i |= 1
		}
		n = n.Content[i]
	}
	*n = *[]*yaml.Node{
		{Kind: yaml.ScalarNode, Tag: yaml.NodeTagNull, Value: "null"},
		{Kind: yaml.ScalarNode, Tag: yaml.NodeTagString, Value: "broken"},
		{Kind: yaml.SequenceNode, Tag: yaml.NodeTagSeq},
		{Kind: yaml.MappingNode, Tag: yaml.NodeTagMap},
	}[r.IntN(4)]
}

func ownPolicies(items []*yaml.RNode) []*yaml.RNode {
	return slices.DeleteFunc(slices.Clone(items), func(n *yaml.RNode) bool { return n.GetLabels()[resource.LabelFence] != "platform" })
}

func identity(n *yaml.RNode) string {
	return n.GetKind() + " " + n.GetNamespace() + "/" + n.GetName()
}

func byIdentity(items []*yaml.RNode) map[string]*yaml.RNode {
	out := map[string]*yaml.RNode{}
	for _, n := range items {
		out[identity(n)] = n
	}
	return out
}

func sorted(t *testing.T, items []*yaml.RNode) string {
	t.Helper()
	out := slices.Clone(items)
	slices.SortFunc(out, func(a, b *yaml.RNode) int { return strings.Compare(identity(a), identity(b)) })
	return text(t, out)
}
