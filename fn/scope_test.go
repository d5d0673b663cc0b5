package fn_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// inScope sets the scope of the profile among some items.
func inScope(t *testing.T, items []*yaml.RNode, scope v1alpha1.Scope) []*yaml.RNode {
	t.Helper()
	out := copied(items)
	for _, n := range out {
		if n.GetKind() != v1alpha1.KindFenceProfile {
			continue
		}
		if err := n.PipeE(yaml.Lookup("spec"), yaml.SetField("scope", yaml.NewStringRNode(string(scope)))); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// TestSwitchingScope checks that a change of scope replaces the policies of the other scope and
// nothing else.
func TestSwitchingScope(t *testing.T) {
	t.Parallel()
	config, items := readCase(t, filepath.Join(testdata, "generated", "scope-cluster"))
	run := func(items []*yaml.RNode, scope v1alpha1.Scope) []*yaml.RNode {
		out, messages, err := process(t, config, inScope(t, items, scope))
		if err != nil {
			t.Fatalf("in scope %s: %v\n%s", scope, err, messages)
		}
		return out
	}
	namespaced, clusterwide := run(items, v1alpha1.ScopeNamespace), run(items, v1alpha1.ScopeCluster)
	switched := run(namespaced, v1alpha1.ScopeCluster)
	if diff := cmp.Diff(sorted(t, clusterwide), sorted(t, switched)); diff != "" {
		t.Errorf("Namespace leaves something behind in Cluster:\n%s", diff)
	}
	if diff := cmp.Diff(sorted(t, namespaced), sorted(t, run(switched, v1alpha1.ScopeNamespace))); diff != "" {
		t.Errorf("Cluster leaves something behind in Namespace:\n%s", diff)
	}
}

// TestNumberOfClusterwidePolicies: it does not depend on the number of tenants, and a
// further tenant in the profile's enforcement changes none of them.
func TestNumberOfClusterwidePolicies(t *testing.T) {
	t.Parallel()
	config, items := readCase(t, filepath.Join(testdata, "generated", "scope-cluster"))
	more := copied(items)
	for _, s := range []string{
		"{apiVersion: v1, kind: Namespace, metadata: {name: tenant-delta}}",
		"{apiVersion: tenantfence.dev/v1alpha1, kind: Tenant, metadata: {name: delta}}",
	} {
		more = append(more, yaml.MustParse(s))
	}
	var got []string
	for _, items := range [][]*yaml.RNode{items, more} {
		out, messages, err := process(t, config, items)
		if err != nil {
			t.Fatalf("%v\n%s", err, messages)
		}
		var wide []*yaml.RNode
		for _, n := range out {
			if n.GetKind() == resource.KindClusterwide {
				wide = append(wide, n)
			}
		}
		if len(wide) != 5 {
			t.Errorf("got %d cluster-wide policies", len(wide))
		}
		got = append(got, sorted(t, wide))
	}
	if diff := cmp.Diff(got[0], got[1]); diff != "" {
		t.Errorf("a further tenant changes them:\n%s", diff)
	}
}

// TestNamespaceOnClusterwidePolicy: kustomize writes the namespace of a layer on what
// has none, and that changes nothing.
func TestNamespaceOnClusterwidePolicy(t *testing.T) {
	t.Parallel()
	config, items := readCase(t, filepath.Join(testdata, "generated", "scope-cluster"))
	out, messages, err := process(t, config, items)
	if err != nil {
		t.Fatalf("%v\n%s", err, messages)
	}
	for _, n := range out {
		if n.GetKind() == resource.KindClusterwide {
			if err := n.SetNamespace("elsewhere"); err != nil {
				t.Fatal(err)
			}
		}
	}
	result, err := proof.Verify(proof.Verification{Items: out, Runs: []proof.Run{{Config: config, Items: items}}})
	if err != nil || !result.Passed() || result.Comparison.Matching != result.Comparison.Desired {
		t.Errorf("%v: %+v\n%v", err, result.Comparison, result.Findings)
	}
	again, messages, err := process(t, config, out)
	if err != nil || sorted(t, again) != sorted(t, out) {
		t.Errorf("another run changes something: %v\n%s", err, messages)
	}
}

// TestClusterwidePoliciesByLabels verifies policies by their labels alone: the report lists what an intruder
// allows, including in unclaimed namespaces.
func TestClusterwidePoliciesByLabels(t *testing.T) {
	t.Parallel()
	config, items := readCase(t, filepath.Join(testdata, "generated", "scope-cluster"))
	out, _, err := process(t, config, items)
	if err != nil {
		t.Fatal(err)
	}
	var finished []*yaml.RNode
	for _, n := range out {
		if resource.Group(n) != v1alpha1.Group {
			finished = append(finished, n)
		}
	}
	result, err := proof.Verify(proof.Verification{Items: finished})
	if err != nil || result.Findings.HasError() || result.Outcome() != report.NothingToVerify {
		t.Errorf("%v: %v\n%v", err, result.Outcome(), result.Findings)
	}
	intruder := yaml.MustParse("{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: open}, spec: {endpointSelector: {matchExpressions: [{key: k8s:io.kubernetes.pod.namespace, operator: Exists}]}, ingress: [{fromEntities: [world]}]}}")
	result, err = proof.Verify(proof.Verification{Items: append(finished, intruder)})
	if err != nil || result.Outcome() != report.NothingToVerify {
		t.Errorf("%v: %v\n%v", err, result.Outcome(), result.Findings)
	}
	unknownNamespaces := false
	for _, f := range result.Findings {
		unknownNamespaces = unknownNamespaces || f.Resource.Name == "open" && strings.Contains(f.Message, "in a namespace outside the build")
	}
	if !unknownNamespaces {
		t.Errorf("unclaimed namespaces are not reported: %v", result.Findings)
	}
}
