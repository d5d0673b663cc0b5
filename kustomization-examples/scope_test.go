package examples_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/resolve"
)

// TestScopesAgree builds every example in both scopes and compares the allowed traffic of fenced
// pods, including representative ones.
func TestScopesAgree(t *testing.T) {
	t.Parallel()
	skipInShort(t, "builds every example in two scopes")
	for _, dir := range examples(t) {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			b := buildExample(t, dir)
			if in, _, _ := generate.Read(b.config, b.items); in.Profile.Spec.Policies != v1alpha1.PoliciesCilium {
				t.Skip("a NetworkPolicy is never cluster-wide")
			}
			compareScopes(t, scopedExample(t, dir, v1alpha1.ScopeNamespace), scopedExample(t, dir, v1alpha1.ScopeCluster))
		})
	}
}

// TestScopesAgreeOnGoldenCases compares the golden cases in both scopes. It excludes the
// unclaimed namespaces, which scope Cluster would isolate.
func TestScopesAgreeOnGoldenCases(t *testing.T) {
	t.Parallel()
	skipInShort(t, "builds the golden cases in two scopes")
	cases, err := filepath.Glob("../testdata/generated/*")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, dir := range cases {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			config, items := readCase(t, dir)
			if config.Field("spec") != nil {
				t.Skip("the profile is inline, or not all stages are listed")
			}
			in, index, _ := generate.Read(config.Copy(), copied(items))
			fence, _, _ := resolve.Resolve(in, index)
			if fence.Policies != v1alpha1.PoliciesCilium || !fence.Additive() || len(in.Tenants) == 0 {
				t.Skip("no cluster-wide policies")
			}
			exclude(t, items, unclaimed(fence, index))
			compareScopes(t, newScoped(t, config, items, v1alpha1.ScopeNamespace), newScoped(t, config, items, v1alpha1.ScopeCluster))
		})
	}
}

// compareScopes compares the allowed traffic of the tenants' pods.
func compareScopes(t *testing.T, namespaced, clusterwide scoped) {
	t.Helper()
	compared := 0
	for _, pod := range namespaced.representatives(t, clusterwide) {
		if pod.Kind != endpoints.PodEndpoint || namespaced.fence.OwnerOfPod(pod.Namespace, pod.Labels) == nil {
			continue
		}
		for _, d := range []flow.Direction{flow.Egress, flow.Ingress} {
			compared++
			want, got := namespaced.allowed(t, pod, d), clusterwide.allowed(t, pod, d)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s of %s differs (-Namespace +Cluster):\n%s", d, pod.Name, diff)
			}
		}
	}
	if compared == 0 {
		t.Error("no pod was compared")
	}
}

// TestLaterNamespaceIsIsolated checks that scope Cluster isolates an unknown namespace without
// labels, and that scope Namespace does not.
func TestLaterNamespaceIsIsolated(t *testing.T) {
	t.Parallel()
	later, acme := podWith("later", "app", "app"), podWith("tenant-acme", "app", "app")
	world := entity(v1alpha1.EntityWorld)
	for scope, want := range map[v1alpha1.Scope]flow.Decision{v1alpha1.ScopeNamespace: flow.Allowed, v1alpha1.ScopeCluster: flow.Denied} {
		s := scopedExample(t, "soctalk", scope)
		for _, f := range []flow.Flow{{From: world, To: later}, {From: later, To: world}, {From: acme, To: later}, {From: later, To: later}} {
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
