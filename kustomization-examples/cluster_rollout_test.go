package examples_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/convert"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// phases are the namespaces that each phase of the example isolates. Tenants that are excluded
// from enforcement are not included.
var phases = [][]string{
	{"selfhosted"},
	{"ai", "actions-runner-system", "renovate", "mcp-system", "home", "collab", "media"},
	{"auth", "databases"},
	{"storage", "longhorn-system", "rook-ceph"},
	{"network", "cert-manager", "external-secrets"},
	{"observability", "kuadrant", "istio-system", "cilium-secrets"},
}

// TestPhases builds the example before the first phase and after each phase. A phase adds the
// default-deny policies of its own namespaces. It changes no existing policy except the DNS
// rules of these namespaces, which it narrows.
func TestPhases(t *testing.T) {
	t.Parallel()
	skipInShort(t, "builds cluster-rollout after each of its phases")
	before := policiesOf(t, afterPhase(t, 0))
	for n, namespaces := range phases {
		after := policiesOf(t, afterPhase(t, n+1))
		var added, want []string
		for id, now := range after {
			was, existed := before[id]
			namespace, _, _ := strings.Cut(id, "/")
			if slices.Contains(namespaces, namespace) {
				was, now = dnsNames.ReplaceAllString(was, ""), dnsNames.ReplaceAllString(now, "")
			}
			switch {
			case !existed:
				added = append(added, id)
			case was != now:
				t.Errorf("phase %d changes %s:\n%s", n+1, id, now)
			}
		}
		for _, namespace := range namespaces {
			want = append(want, namespace+"/default-deny")
		}
		slices.Sort(added)
		slices.Sort(want)
		if !slices.Equal(added, want) || len(after) != len(before)+len(added) {
			t.Errorf("phase %d adds %v, want %v and %d policies in all, of %d", n+1, added, want, len(before)+len(want), len(after))
		}
		before = after
	}
}

// dnsNames matches the DNS names that a policy allows: any name while the namespace is in
// AllowOnly.
var dnsNames = regexp.MustCompile(`(?m)^ +dns:\n( +- match(Name|Pattern): .*\n)+`)

// afterPhase returns a copy of the example whose profile has no later phase.
func afterPhase(t *testing.T, n int) string {
	t.Helper()
	dir := copyExample(t, "cluster-rollout", "components")
	file := filepath.Join(dir, "profile.yaml")
	profile, err := yaml.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	overrides := profile.Field("spec").Value.Field("overrides").Value
	seen := 0
	kept := slices.DeleteFunc(overrides.Content(), func(o *yaml.Node) bool {
		enforcement := yaml.NewRNode(o).Field("enforcement")
		if enforcement.IsNilOrEmpty() || yaml.GetValue(enforcement.Value) != string(v1alpha1.Enforce) {
			return false
		}
		seen++
		return seen > n
	})
	if overrides.YNode().Content = kept; seen != len(phases) {
		t.Fatalf("the profile has %d phases", seen)
	}
	if err := yaml.WriteFile(profile, file); err != nil {
		t.Fatal(err)
	}
	return dir
}

// policiesOf returns the policies of a build by namespace and name.
func policiesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, n := range items(t, buildExample(t, dir).output) {
		if n.GetKind() == resource.KindCilium {
			out[n.GetNamespace()+"/"+n.GetName()] = n.MustString()
		}
	}
	return out
}

// TestChartPolicies converts the policies of the charts.
func TestChartPolicies(t *testing.T) {
	t.Parallel()
	charts, err := filepath.Glob("cluster-rollout/charts/*.yaml")
	if err != nil || len(charts) != 4 {
		t.Fatalf("the charts ship %v: %v", charts, err)
	}
	for _, chart := range charts {
		shipped := read(t, chart)
		converted, err := convert.Convert(chart, []byte(shipped))
		if err != nil || converted.Findings.HasError() {
			t.Fatalf("%v: %v", err, converted.Findings)
		}
		want := read(t, filepath.Join("cluster-rollout", "converted", filepath.Base(chart)))
		if diff := cmp.Diff(want, string(converted.Bytes())); diff != "" {
			t.Errorf("%s converts differently (-want +got):\n%s", chart, diff)
		}
	}
}

// TestTenantsExcludedFromEnforcement decides by the unmodified policies of the two tenants in
// AllowOnly: all traffic is allowed that no other namespace denies. The plan's own baseline
// would isolate them.
func TestTenantsExcludedFromEnforcement(t *testing.T) {
	t.Parallel()
	skipInShort(t, "builds cluster-rollout twice")
	allowOnly := buildExample(t, "cluster-rollout").items
	planned := append(slices.Clone(allowOnly), yaml.MustParse(`{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: planned, namespace: downloads},
  spec: {endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {}}]}], egress: [{toEndpoints: [{matchLabels: {}}]}]}}`))
	download, gateway := podWith("downloads", "app", "new"), podWith("vpn", "app", "new")
	glance, world := podWith("selfhosted", "app.kubernetes.io/name", "glance"), entity(v1alpha1.EntityWorld)
	for desc, c := range map[string]struct {
		items []*yaml.RNode
		want  map[flow.Decision][]flow.Flow
	}{
		"in AllowOnly": {allowOnly, map[flow.Decision][]flow.Flow{
			flow.Allowed: {{From: download, To: world, Port: 6881}, {From: download, To: gateway, Port: 9}, {From: gateway, To: download, Port: 9}, {From: world, To: download, Port: 9}},
			flow.Denied:  {{From: download, To: glance, Port: 8080}, {From: glance, To: download, Port: 9}},
		}},
		"with the plan's baseline": {planned, map[flow.Decision][]flow.Flow{
			flow.Denied: {{From: download, To: world, Port: 6881}, {From: world, To: download, Port: 9}},
		}},
	} {
		for want, flows := range c.want {
			for _, f := range flows {
				if got := decide(t, c.items, f); got != want {
					t.Errorf("%s, %s is %s, want %s", desc, f, got, want)
				}
			}
		}
	}
}
