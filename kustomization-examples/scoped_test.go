package examples_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/flow/flowtest"
	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/resolve"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// scoped is an example in one of the scopes.
type scoped struct {
	fence  *policy.Fence
	index  *resource.Index
	engine *flowtest.Engine
}

func scopedExample(t *testing.T, dir string, scope v1alpha1.Scope) scoped {
	t.Helper()
	config, items := functionInput(t, dir, func(in []*yaml.RNode) { editProfile(t, in, "scope", yaml.NewStringRNode(string(scope))) })
	return newScoped(t, config, items, scope)
}

// newScoped runs the function in one of the scopes.
func newScoped(t *testing.T, config *yaml.RNode, items []*yaml.RNode, scope v1alpha1.Scope) scoped {
	t.Helper()
	in := copied(items)
	editProfile(t, in, "scope", yaml.NewStringRNode(string(scope)))
	r, err := fn.Process(config.Copy(), in, fn.Options{})
	if err != nil {
		t.Fatalf("in scope %s: %v: %v", scope, err, r.Findings)
	}
	return newScopedEngine(t, config, r.Items, scope)
}

func newScopedEngine(t *testing.T, config *yaml.RNode, items []*yaml.RNode, scope v1alpha1.Scope) scoped {
	t.Helper()
	in, index, findings := generate.Read(config, items)
	if findings.HasError() {
		t.Fatal(findings)
	}
	fence, _, _ := resolve.Resolve(in, index)
	var policies []*yaml.RNode
	for _, n := range items {
		if n.GetLabels()[resource.LabelManagedBy] != resource.ManagedBy {
			continue
		}
		// Host policies are cluster-wide in both scopes.
		selectsPods := n.GetLabels()[resource.LabelNode] == ""
		if clusterwide := n.GetKind() == resource.KindClusterwide; clusterwide != (n.GetNamespace() == "") || clusterwide && selectsPods && scope == v1alpha1.ScopeNamespace {
			t.Errorf("unexpected policy in scope %s: %s", scope, resource.RefOf(n))
		}
		policies = append(policies, n)
	}
	p, err := engine.Read(engine.Options{ClusterName: fence.Cluster.Name, Agent: cilium.AllFeatures()}, documents(t, policies))
	e, err := flowtest.New(p, err, reach.Endpoints{Index: index, Fence: fence}.Pods())
	if err != nil {
		t.Fatal(err)
	}
	return scoped{fence, index, e}
}

// editProfile sets a field of the profile's spec.
func editProfile(t *testing.T, items []*yaml.RNode, field string, value *yaml.RNode) {
	t.Helper()
	for _, n := range items {
		if n.GetKind() != v1alpha1.KindFenceProfile {
			continue
		}
		if err := n.PipeE(yaml.Lookup("spec"), yaml.SetField(field, value)); err != nil {
			t.Fatal(err)
		}
	}
}

func (s scoped) namespaces() map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, tenant := range s.fence.Tenants() {
		for _, ns := range tenant.Namespaces {
			out[ns] = map[string]string{}
		}
	}
	for name, ns := range s.index.Namespaces {
		out[name] = ns.Labels
	}
	return out
}

// representatives returns the pods that the policies of two scopes distinguish.
func (s scoped) representatives(t *testing.T, other scoped) []endpoints.Endpoint {
	t.Helper()
	environment := endpoints.Environment{Namespaces: s.namespaces()}
	if _, err := other.engine.Representatives(environment, s.engine); err != nil {
		t.Fatal(err)
	}
	known, err := s.engine.Representatives(environment, other.engine)
	if err != nil {
		t.Fatal(err)
	}
	return known
}

// allowed returns the allowed port ranges of a pod for each peer, protocol and L7 rules,
// regardless of the policies that allow them.
func (s scoped) allowed(t *testing.T, pod endpoints.Endpoint, d flow.Direction) map[string]string {
	t.Helper()
	openings, err := s.engine.Openings(pod, d)
	if err != nil {
		t.Fatal(err)
	}
	ranges := map[string][][2]int{}
	for _, o := range openings {
		protocols := []v1alpha1.Protocol{o.Ports.Protocol}
		if o.Ports.Protocol == "" {
			protocols = flow.Protocols()
		}
		for _, peer := range append(o.Peers.Endpoints(), endpoints.Endpoint{Name: fmt.Sprintf("isolated: %t", len(o.Policies) > 0 || o.Peers.Len() > 0)}) {
			for _, p := range protocols {
				key := fmt.Sprintf("%s %s %s %t", peer.Name, p, o.L7, len(o.L7.ShadowedBy) > 0)
				ranges[key] = append(ranges[key], [2]int{int(o.Ports.First), int(min(o.Ports.Last, flow.AllPorts(p).Last))})
			}
		}
	}
	out := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(ranges)) {
		out[key] = joined(ranges[key])
	}
	return out
}

// joined formats ranges and merges adjacent ones.
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

func readCase(t *testing.T, dir string) (config *yaml.RNode, all []*yaml.RNode) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data := []byte(read(t, file))
		switch filepath.Base(file) {
		case "expected.yaml", "unseen.yaml":
		case "fence.yaml":
			config = items(t, data)[0]
		default:
			for _, n := range items(t, data) {
				name := filepath.Base(file)
				if err := resource.SetSource(n, resource.Source{File: name, Path: name}); err != nil {
					t.Fatal(err)
				}
				all = append(all, n)
			}
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

// unclaimed returns the namespaces that the build or the profile names and no Tenant has.
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
	maps.DeleteFunc(named, func(ns string, _ bool) bool { return len(fence.TenantsIn(ns)) > 0 })
	return slices.Sorted(maps.Keys(named))
}

func exclude(t *testing.T, items []*yaml.RNode, namespaces []string) {
	t.Helper()
	list := yaml.NewListRNode()
	for _, ns := range namespaces {
		list.YNode().Content = append(list.YNode().Content, yaml.NewMapRNode(&map[string]string{"name": ns, "reason": "a test"}).YNode())
	}
	editProfile(t, items, "excludedNamespaces", list)
}
