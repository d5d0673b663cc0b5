package fn_test

import (
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

const (
	verifyFence = `apiVersion: tenantfence.dev/v1alpha1
kind: TenantFence
metadata: {name: platform}
`
	verifyProfile = `apiVersion: tenantfence.dev/v1alpha1
kind: FenceProfile
metadata: {name: default}
spec:
  cluster: {cni: Cilium, ciliumVersion: "1.19"}
  enforcement: Enforce
  tenants: {namespaceLabels: {fenced: "true"}}
  limits: {fqdns: ["*.example.com"]}
`
	verifyTenant = `apiVersion: tenantfence.dev/v1alpha1
kind: Tenant
metadata: {name: acme}
spec:
  egress:
  - {name: llm, to: [{fqdns: [api.example.com]}], ports: [{port: 443}]}
`
	verifyPods = `apiVersion: v1
kind: Namespace
metadata: {name: tenant-acme}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: tenant-acme, labels: {app: web}}
spec: {containers: [{name: web}]}
`
)

// inputs are what the function is given.
func inputs(t *testing.T) proof.Run {
	t.Helper()
	return proof.Run{Config: parse(t, "fence.yaml", []byte(verifyFence))[0], Items: slices.Concat(
		parse(t, "profile.yaml", []byte(verifyProfile)), parse(t, "tenant.yaml", []byte(verifyTenant)), parse(t, "pods.yaml", []byte(verifyPods)))}
}

// finished is what a build ends with.
func finished(t *testing.T) []*yaml.RNode {
	t.Helper()
	run := inputs(t)
	r, err := fn.Process(run.Config, run.Items, fn.Options{})
	if err != nil {
		t.Fatal(r.Findings, err)
	}
	return slices.DeleteFunc(r.Items, func(n *yaml.RNode) bool { return strings.HasPrefix(n.GetApiVersion(), "tenantfence.dev/") })
}

// set changes a field of the item of a name.
func set(t *testing.T, items []*yaml.RNode, name, value string, path ...string) {
	t.Helper()
	for _, n := range items {
		if n.GetName() == name {
			if err := n.PipeE(yaml.LookupCreate(yaml.ScalarNode, path...), yaml.FieldSetter{StringValue: value}); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("%s is missing", name)
}

func without(items []*yaml.RNode, name string) []*yaml.RNode {
	return slices.DeleteFunc(items, func(n *yaml.RNode) bool { return n.GetName() == name })
}

func TestVerifyComparesWithGenerated(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change   func(t *testing.T, items []*yaml.RNode) []*yaml.RNode
		want     report.Comparison
		messages []string
	}{
		"as it was generated": {
			func(_ *testing.T, items []*yaml.RNode) []*yaml.RNode { return items },
			report.Comparison{Desired: 4, Matching: 4}, nil,
		},
		"in another order": {
			func(_ *testing.T, items []*yaml.RNode) []*yaml.RNode { slices.Reverse(items); return items },
			report.Comparison{Desired: 4, Matching: 4}, nil,
		},
		"without one": {
			func(_ *testing.T, items []*yaml.RNode) []*yaml.RNode { return without(items, "egress-llm") },
			report.Comparison{Desired: 4, Matching: 3, Missing: 1},
			[]string{"tenant-acme: CiliumNetworkPolicy/egress-llm: is missing, and is needed for Tenant/acme spec.egress[llm]"},
		},
		"without all": {
			func(_ *testing.T, items []*yaml.RNode) []*yaml.RNode {
				return slices.DeleteFunc(items, func(n *yaml.RNode) bool { return n.GetKind() == "CiliumNetworkPolicy" })
			},
			report.Comparison{Desired: 4, Missing: 4},
			[]string{"TenantFence/platform: all 4 generated policies are missing, so flows and isolation are not decided: did the function run?"},
		},
		"with another spec": {
			func(t *testing.T, items []*yaml.RNode) []*yaml.RNode {
				t.Helper()
				set(t, items, "default-deny", "app", "spec", "description")
				return items
			},
			report.Comparison{Desired: 4, Matching: 3, Changed: 1},
			[]string{"CiliumNetworkPolicy/default-deny: is not as generated: unexpected field spec.description: build again"},
		},
		"with one that nothing asks for": {
			func(t *testing.T, items []*yaml.RNode) []*yaml.RNode {
				t.Helper()
				i := slices.IndexFunc(items, func(n *yaml.RNode) bool { return n.GetName() == "egress-llm" })
				old := items[i].Copy()
				if err := old.SetName("egress-old"); err != nil {
					t.Fatal(err)
				}
				return append(items, old)
			},
			report.Comparison{Desired: 4, Matching: 4, Unexpected: 1},
			[]string{"CiliumNetworkPolicy/egress-old: has the label of fence platform, and no Tenant or profile declares it"},
		},
		"with one that was moved": {
			func(t *testing.T, items []*yaml.RNode) []*yaml.RNode {
				t.Helper()
				set(t, items, "default-deny", "elsewhere", "metadata", "namespace")
				return items
			},
			report.Comparison{Desired: 4, Matching: 3, Moved: 1},
			[]string{`elsewhere: CiliumNetworkPolicy/default-deny: metadata.namespace: was generated for namespace "tenant-acme" and moved`},
		},
		"where a later layer took a label off the namespace": {
			func(t *testing.T, items []*yaml.RNode) []*yaml.RNode {
				t.Helper()
				set(t, items, "tenant-acme", "false", "metadata", "labels", "fenced")
				return items
			},
			report.Comparison{Desired: 4, Matching: 4},
			[]string{`Namespace/tenant-acme: lacks a change of the function: metadata.labels.fenced is false, expected "true"`},
		},
		"where another fence's has its name": {
			func(t *testing.T, items []*yaml.RNode) []*yaml.RNode {
				t.Helper()
				set(t, items, "default-deny", "another", "metadata", "labels", "tenantfence.dev/fence")
				return items
			},
			report.Comparison{Desired: 4, Matching: 3},
			[]string{"CiliumNetworkPolicy/default-deny: has the name of a policy that must be generated, but belongs to fence another"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := proof.Verify(proof.Verification{Items: c.change(t, finished(t)), Runs: []proof.Run{inputs(t)}})
			if err != nil || r.Comparison == nil || *r.Comparison != c.want {
				t.Fatalf("got %+v, want %+v: %v", r.Comparison, c.want, err)
			}
			expectErrors(t, r.Findings, compared, c.messages...)
		})
	}
}

// compared are the checks that compare.
var compared = []string{report.PolicyMissing.Name, report.PolicyChanged.Name, report.PolicyUnexpected.Name, report.PolicyExists.Name, report.PolicyMoved.Name, report.PatchMissing.Name}

// expectErrors holds the errors of some checks against the beginnings of messages.
func expectErrors(t *testing.T, findings report.Findings, checks []string, want ...string) {
	t.Helper()
	var got []string
	for _, f := range findings {
		if f.Severity == report.Error && slices.Contains(checks, f.Check.Name) {
			got = append(got, f.String())
		}
	}
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("got %q, want %q", got[i], want[i])
		}
	}
}

func TestVerifyFindsInputsAmongItems(t *testing.T) {
	t.Parallel()
	run := inputs(t)
	for name, fence := range map[string][]*yaml.RNode{"with a TenantFence": {run.Config}, "with the name on the policies": nil} {
		r, err := proof.Verify(proof.Verification{Items: slices.Concat(finished(t), run.Items[:2], fence)})
		if want := (report.Comparison{Desired: 4, Matching: 4}); err != nil || r.Comparison == nil || *r.Comparison != want {
			t.Errorf("%s: %+v %v %v", name, r.Comparison, r.Findings, err)
		}
	}
}

// The author of a policy also writes its labels: the report lists what policies allow, including those of
// the fence, and verifies nothing.
func TestLabelsVerifyNothing(t *testing.T) {
	t.Parallel()
	items := append(finished(t), parse(t, "open.yaml", []byte(`apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: open, namespace: tenant-acme, labels: {app.kubernetes.io/managed-by: tenantfence, tenantfence.dev/fence: platform, tenantfence.dev/tenant: acme, tenantfence.dev/stage: Allow}}
spec: {endpointSelector: {}, ingress: [{fromEntities: [all]}]}
`))...)
	r, err := proof.Verify(proof.Verification{Items: items})
	if err != nil || r.Comparison != nil || r.Isolation != nil || r.Outcome() != report.NothingToVerify {
		t.Fatal(r, err)
	}
	for _, name := range []string{"open", "egress-llm"} {
		if !slices.ContainsFunc(r.Findings, func(f report.Finding) bool {
			return f.Check == report.AllowedFlow && f.Resource.Name == name
		}) {
			t.Errorf("what %s allows is not listed: %v", name, r.Findings)
		}
	}
}

func TestVerifyRefusesToGuess(t *testing.T) {
	t.Parallel()
	pods := parse(t, "pods.yaml", []byte(verifyPods))
	if r, err := proof.Verify(proof.Verification{Items: pods}); err != nil || r.Outcome() != report.NothingToVerify {
		t.Errorf("without Tenants and labels: %v %v", r, err)
	}
	noTenants := inputs(t)
	noTenants.Items = noTenants.Items[:1]
	if r, err := proof.Verify(proof.Verification{Items: pods, Runs: []proof.Run{noTenants}}); err != nil || r.Outcome() != report.NothingToVerify {
		t.Errorf("with inputs without Tenants: %v %v", r, err)
	}
	other := inputs(t)
	if err := other.Config.SetName("other"); err != nil {
		t.Fatal(err)
	}
	v := proof.Verification{Items: finished(t), Runs: []proof.Run{inputs(t), other}}
	if _, err := proof.Verify(v); err == nil || !strings.Contains(err.Error(), "several fences (other, platform)") {
		t.Errorf("with two fences: %v", err)
	}
	v.Fence = "platform"
	if r, err := proof.Verify(v); err != nil || r.Comparison.Matching != 4 {
		t.Errorf("with one of two: %v %v", r, err)
	}
	v.Fence = "third"
	if _, err := proof.Verify(v); err == nil || !strings.Contains(err.Error(), `the input has no fence "third": it has other, platform`) {
		t.Errorf("with an unknown fence: %v", err)
	}
}

// An invalid input is an error, and policies are not compared.
func TestVerifyReportsInvalidInputs(t *testing.T) {
	t.Parallel()
	run := inputs(t)
	set(t, run.Items, "acme", "3", "spec", "egres")
	r, err := proof.Verify(proof.Verification{Items: finished(t), Runs: []proof.Run{run}})
	if err != nil || r.Passed() || r.Comparison != nil {
		t.Fatal(r, err)
	}
	expectErrors(t, r.Findings, []string{report.InvalidTenant.Name}, "unexpected field: did you mean egress?")
}

// The stages of a chain of Components are one fence's.
func TestVerifyJoinsTheRunsOfAFence(t *testing.T) {
	t.Parallel()
	baseline, deny := inputs(t), inputs(t)
	for _, r := range []struct {
		run    proof.Run
		stages string
	}{{baseline, "[Baseline, Allow]"}, {deny, "[DefaultDeny]"}} {
		if err := r.run.Config.PipeE(yaml.LookupCreate(yaml.MappingNode, "spec"), yaml.SetField("stages", yaml.MustParse(r.stages))); err != nil {
			t.Fatal(err)
		}
	}
	items := without(finished(t), "default-deny")
	for _, c := range []struct {
		runs    []proof.Run
		missing int
	}{{[]proof.Run{baseline}, 0}, {[]proof.Run{baseline, deny}, 1}} {
		r, err := proof.Verify(proof.Verification{Items: items, Runs: c.runs})
		if err != nil || r.Comparison.Missing != c.missing || r.Comparison.Desired != 3+c.missing {
			t.Errorf("%d runs: %+v %v", len(c.runs), r.Comparison, err)
		}
	}
}

func TestVerifyReportsProgress(t *testing.T) {
	t.Parallel()
	var steps []string
	_, err := proof.Verify(proof.Verification{Items: finished(t), Runs: []proof.Run{inputs(t)}, Progress: func(what string, _, _ int) { steps = append(steps, what) }})
	if err != nil || !slices.Contains(steps, "comparing policies") {
		t.Errorf("got steps %q: %v", steps, err)
	}
}

// verify refuses generated policies that are marked as local, and counts other marked policies, because
// kubectl applies them. The function removes the mark from generated policies.
func TestLocalPoliciesAreRefused(t *testing.T) {
	t.Parallel()
	run, items := inputs(t), finished(t)
	set(t, items, "allow-dns", "true", "metadata", "annotations", "config.kubernetes.io/local-config")
	for _, kpt := range []bool{true, false} {
		r, err := proof.Verify(proof.Verification{Items: copied(items), Runs: []proof.Run{inputs(t)}, Kpt: kpt})
		if err != nil || r.Outcome() != report.NotVerified {
			t.Errorf("kpt %v: %v %v", kpt, r.Findings, err)
		}
		expectErrors(t, r.Findings, []string{report.PolicyLocalConfig.Name}, "CiliumNetworkPolicy/allow-dns: metadata.annotations[config.kubernetes.io/local-config]: marks a ")
	}
	r, err := fn.Process(run.Config, slices.Concat(run.Items[:2], items), fn.Options{})
	if err != nil || slices.ContainsFunc(r.Items, func(n *yaml.RNode) bool { return n.GetName() == "allow-dns" && resource.IsLocalConfig(n) }) {
		t.Errorf("the function: %v %v", r.Findings, err)
	}
	hand := parse(t, "open.yaml", []byte(`apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: open, namespace: tenant-acme, annotations: {config.kubernetes.io/local-config: "true"}}
spec: {endpointSelector: {}, ingress: [{fromEntities: [all]}]}
`))
	for kpt, want := range map[bool]report.Outcome{true: report.Verified, false: report.NotVerified} {
		v, err := proof.Verify(proof.Verification{Items: append(finished(t), hand...), Runs: []proof.Run{inputs(t)}, Kpt: kpt})
		opens := slices.ContainsFunc(v.Findings, func(f report.Finding) bool { return f.Check == report.UndeclaredOpen })
		if err != nil || v.Outcome() != want || opens == kpt {
			t.Errorf("kpt %v: %q %v %v", kpt, v.Outcome(), v.Findings, err)
		}
	}
}

// A resource that no run received has no effect, and would reach the cluster.
func TestVerifyRefusesResourcesOutsideFence(t *testing.T) {
	t.Parallel()
	late := parse(t, "late.yaml", []byte("apiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: {name: late}\n"))
	flows := parse(t, "flows.yaml", []byte("apiVersion: tenantfence.dev/v1alpha1\nkind: FlowTest\nmetadata: {name: late}\nspec: {cases: [{name: a, from: world, to: tenant/acme/*, expect: Deny}]}\n"))
	for name, c := range map[string]struct {
		more  []*yaml.RNode
		piped bool
		want  report.Outcome
	}{
		"a Tenant in a file":   {late, false, report.NotVerified},
		"a Tenant in a pipe":   {late, true, report.NotVerified},
		"a FlowTest in a file": {flows, false, report.Verified},
		"a FlowTest in a pipe": {flows, true, report.NotVerified},
		"nothing":              {nil, true, report.Verified},
	} {
		r, err := proof.Verify(proof.Verification{Items: append(finished(t), c.more...), Runs: []proof.Run{inputs(t)}, CompleteOutput: c.piped})
		if err != nil || r.Outcome() != c.want {
			t.Errorf("%s: %q %v %v", name, r.Outcome(), r.Findings, err)
		}
	}
}
