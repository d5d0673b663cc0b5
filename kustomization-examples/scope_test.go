package examples_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/kustomize"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/resolve"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// TestScopesAgree builds every example in both scopes: whatever passes at a fenced pod,
// also at one that is only imagined, is the same.
func TestScopesAgree(t *testing.T) {
	t.Parallel()
	for _, dir := range examples(t) {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			compareScopes(t, newScoped(t, dir, v1alpha1.ScopeNamespace), newScoped(t, dir, v1alpha1.ScopeCluster))
		})
	}
}

// TestScopesAgreeOnGoldenCases does the same with the cases of the function's own tests,
// after it has excluded the namespaces that scope Cluster would close and nobody has.
func TestScopesAgreeOnGoldenCases(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob("../testdata/generated/*")
	if err != nil || len(cases) == 0 {
		t.Fatalf("there are no cases: %v", err)
	}
	for _, dir := range cases {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			config, items := readCase(t, dir)
			if config.Field("spec") != nil {
				t.Skip("the profile is inline, or not all stages are listed")
			}
			in, index, _ := fn.Read(config.Copy(), copied(items))
			if policy.Minor(in.Profile.Spec.Cluster.CiliumVersion) < policy.AdditiveSince || len(in.Tenants) == 0 {
				t.Skip("there are no cluster-wide policies")
			}
			fence, _ := resolve.Resolve(in, index)
			exclude(t, items, unclaimed(fence, index))
			namespaced, err := scopedBuild(t, config, items, v1alpha1.ScopeNamespace)
			if err != nil {
				t.Fatal(err)
			}
			clusterwide, err := scopedBuild(t, config, items, v1alpha1.ScopeCluster)
			if err != nil {
				t.Fatal(err)
			}
			compareScopes(t, namespaced, clusterwide)
		})
	}
}

func readCase(t *testing.T, dir string) (config *yaml.RNode, all []*yaml.RNode) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		switch filepath.Base(file) {
		case "expected.yaml", "unseen.yaml":
		case "fence.yaml":
			config = items(t, data)[0]
		default:
			all = append(all, items(t, data)...)
		}
	}
	return config, all
}

func copied(items []*yaml.RNode) []*yaml.RNode {
	var out []*yaml.RNode
	for _, n := range items {
		out = append(out, n.Copy())
	}
	return out
}

// unclaimed are the namespaces that somebody names and no Tenant has.
func unclaimed(fence *policy.Fence, index *resource.Index) []string {
	named := map[string]bool{fence.Baseline.DNS.Namespace: true}
	if m := fence.Baseline.Monitoring; m != nil {
		named[m.Namespace] = true
	}
	for ns := range index.Namespaces {
		named[ns] = true
	}
	for _, w := range index.Workloads {
		named[w.Ref.Namespace] = true
	}
	maps.DeleteFunc(named, func(ns string, _ bool) bool { return len(fence.Owners(ns)) > 0 })
	return slices.Sorted(maps.Keys(named))
}

func exclude(t *testing.T, items []*yaml.RNode, namespaces []string) {
	t.Helper()
	for _, n := range items {
		if n.GetKind() != v1alpha1.KindFenceProfile {
			continue
		}
		list := yaml.NewListRNode()
		for _, ns := range namespaces {
			list.YNode().Content = append(list.YNode().Content, yaml.NewMapRNode(&map[string]string{"name": ns, "reason": "a test"}).YNode())
		}
		if err := n.PipeE(yaml.Lookup("spec"), yaml.SetField("excludedNamespaces", list)); err != nil {
			t.Fatal(err)
		}
	}
}

// compareScopes compares what passes at the pods of tenants.
func compareScopes(t *testing.T, namespaced, clusterwide scoped) {
	t.Helper()
	surroundings := namespaced.imagine(t, policy.Surroundings{Namespaces: namespaced.namespaces()})
	surroundings = clusterwide.imagine(t, surroundings)
	surroundings = namespaced.imagine(t, surroundings)
	compared := 0
	for _, pod := range surroundings.Known {
		if pod.Kind != policy.PodEndpoint || namespaced.fence.OwnerOfPod(pod.Namespace, pod.Labels) == nil {
			continue
		}
		for _, d := range []policy.Direction{policy.Egress, policy.Ingress} {
			compared++
			want, got := namespaced.passes(t, pod, d), clusterwide.passes(t, pod, d)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s of %s differs (-Namespace +Cluster):\n%s", d, pod.Name, diff)
			}
		}
	}
	if compared == 0 {
		t.Error("nothing was compared")
	}
}

// TestLaterNamespaceIsClosed: a namespace that nobody has told of, without a label, is
// closed under scope Cluster, where it is not under scope Namespace.
func TestLaterNamespaceIsClosed(t *testing.T) {
	t.Parallel()
	later := policy.Endpoint{Kind: policy.PodEndpoint, Name: "later/app", Namespace: "later", Labels: map[string]string{"app": "app"}}
	acme := policy.Endpoint{Kind: policy.PodEndpoint, Name: "tenant-acme/app", Namespace: "tenant-acme", Labels: map[string]string{"app": "app"}}
	world := policy.Endpoint{Kind: policy.EntityEndpoint, Name: string(v1alpha1.EntityWorld)}
	for scope, want := range map[v1alpha1.Scope]policy.Decision{v1alpha1.ScopeNamespace: policy.Allowed, v1alpha1.ScopeCluster: policy.Denied} {
		s := newScoped(t, "soctalk", scope)
		for _, f := range []policy.Flow{{From: world, To: later}, {From: later, To: world}, {From: acme, To: later}, {From: later, To: later}} {
			v, err := s.engine.Decide(f)
			if err != nil {
				t.Fatal(err)
			}
			side := v.Egress
			if f.To.Name == later.Name {
				side = v.Ingress
			}
			if side.Decision != want {
				t.Errorf("in scope %s, %s is %s", scope, f, side.Decision)
			}
		}
	}
}

// scoped is an example in one of the scopes.
type scoped struct {
	fence  *policy.Fence
	index  *resource.Index
	engine policy.Engine
}

func newScoped(t *testing.T, dir string, scope v1alpha1.Scope) scoped {
	t.Helper()
	var config *yaml.RNode
	var items []*yaml.RNode
	_, err := kustomize.Build(filesys.MakeFsOnDisk(), dir, kustomize.Options{
		Function: func(c *yaml.RNode, in []*yaml.RNode) ([]*yaml.RNode, error) {
			setScope(t, in, scope)
			r, err := fn.Process(c, in, fn.Options{})
			if err != nil {
				return nil, fmt.Errorf("%w: %v", err, r.Findings)
			}
			config, items = c.Copy(), nil
			for _, n := range r.Items {
				items = append(items, n.Copy())
			}
			return r.Items, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return newScopedEngine(t, config, items, scope)
}

// scopedBuild runs the function itself in one of the scopes.
func scopedBuild(t *testing.T, config *yaml.RNode, items []*yaml.RNode, scope v1alpha1.Scope) (scoped, error) {
	t.Helper()
	in := copied(items)
	setScope(t, in, scope)
	r, err := fn.Process(config.Copy(), in, fn.Options{})
	if err != nil {
		return scoped{}, fmt.Errorf("in scope %s: %w: %v", scope, err, r.Findings)
	}
	return newScopedEngine(t, config, r.Items, scope), nil
}

func newScopedEngine(t *testing.T, config *yaml.RNode, items []*yaml.RNode, scope v1alpha1.Scope) scoped {
	t.Helper()
	in, index, findings := fn.Read(config, items)
	if findings.HasError() {
		t.Fatal(findings)
	}
	fence, _ := resolve.Resolve(in, index)
	var docs []json.RawMessage
	for _, n := range items {
		if n.GetLabels()[resource.LabelManagedBy] != resource.ManagedBy {
			continue
		}
		if clusterwide := n.GetKind() == resource.KindClusterwide; clusterwide != (n.GetNamespace() == "") || clusterwide && scope == v1alpha1.ScopeNamespace {
			t.Errorf("in scope %s there is %s", scope, resource.RefOf(n))
		}
		data, err := n.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, data)
	}
	e, err := engine.New(engine.Options{ClusterName: fence.Cluster.Name}, docs, reach.Endpoints{Index: index, Fence: fence}.Pods())
	if err != nil {
		t.Fatal(err)
	}
	return scoped{fence, index, e}
}

// setScope edits the profile.
func setScope(t *testing.T, items []*yaml.RNode, scope v1alpha1.Scope) {
	t.Helper()
	for _, n := range items {
		if n.GetKind() != v1alpha1.KindFenceProfile {
			continue
		}
		if err := n.PipeE(yaml.Lookup("spec"), yaml.SetField("scope", yaml.NewStringRNode(string(scope)))); err != nil {
			t.Fatal(err)
		}
	}
}

func (s scoped) namespaces() map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, tenant := range s.fence.Tenants {
		for _, ns := range tenant.Namespaces {
			out[ns] = map[string]string{}
		}
	}
	for name, ns := range s.index.Namespaces {
		out[name] = ns.Labels
	}
	return out
}

func (s scoped) imagine(t *testing.T, around policy.Surroundings) policy.Surroundings {
	t.Helper()
	known, err := s.engine.Imagine(around)
	if err != nil {
		t.Fatal(err)
	}
	around.Known = known
	return around
}

// passes is what passes at a pod, whichever policies let it: for each peer and protocol,
// and what may be spoken, the ranges of ports.
func (s scoped) passes(t *testing.T, pod policy.Endpoint, d policy.Direction) map[string]string {
	t.Helper()
	openings, err := s.engine.Openings(pod, d)
	if err != nil {
		t.Fatal(err)
	}
	ranges := map[string][][2]int{}
	for _, o := range openings {
		protocols := []v1alpha1.Protocol{o.Protocol}
		if o.Protocol == "" {
			protocols = []v1alpha1.Protocol{v1alpha1.TCP, v1alpha1.UDP, v1alpha1.SCTP, policy.ICMP, policy.ICMPv6}
		}
		for _, peer := range append(o.Peers, policy.Endpoint{Name: fmt.Sprintf("isolated: %t", len(o.By) > 0 || len(o.Peers) > 0)}) {
			for _, p := range protocols {
				key := fmt.Sprintf("%s %s %s %t", peer.Name, p, o.L7, len(o.L7.MootBy) > 0)
				ranges[key] = append(ranges[key], [2]int{int(o.First), int(o.Last)})
			}
		}
	}
	out := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(ranges)) {
		out[key] = joined(ranges[key])
	}
	return out
}

// joined spells ranges, with those that meet put together.
func joined(ranges [][2]int) string {
	slices.SortFunc(ranges, func(a, b [2]int) int { return a[0] - b[0] })
	var out [][2]int
	for _, r := range ranges {
		if n := len(out) - 1; n >= 0 && r[0] <= out[n][1]+1 {
			out[n][1] = max(out[n][1], r[1])
			continue
		}
		out = append(out, r)
	}
	return strings.Trim(fmt.Sprint(out), "[]")
}
