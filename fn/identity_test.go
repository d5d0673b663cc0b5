package fn_test

import (
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/report"
)

// withStages has a run list some stages.
func withStages(t *testing.T, r proof.Run, stages string) proof.Run {
	t.Helper()
	if err := r.Config.PipeE(yaml.LookupCreate(yaml.MappingNode, "spec"), yaml.SetField("stages", yaml.MustParse(stages))); err != nil {
		t.Fatal(err)
	}
	return r
}

// A run keeps the policies of stages that it does not list. Verify compares them with the generated ones,
// too.
func TestVerifyChecksUnlistedStages(t *testing.T) {
	t.Parallel()
	leftover := func(t *testing.T, items []*yaml.RNode) []*yaml.RNode {
		t.Helper()
		set(t, items, "egress-llm", "DefaultDeny", "metadata", "labels", "tenantfence.dev/stage")
		set(t, items, "egress-llm", "egress-left", "metadata", "name")
		return items
	}
	for name, c := range map[string]struct {
		change   func(t *testing.T, items []*yaml.RNode) []*yaml.RNode
		messages []string
	}{
		"as it is generated": {func(_ *testing.T, items []*yaml.RNode) []*yaml.RNode { return items }, nil},
		"with another spec": {func(t *testing.T, items []*yaml.RNode) []*yaml.RNode {
			t.Helper()
			set(t, items, "default-deny", "app", "spec", "description")
			return items
		}, []string{"CiliumNetworkPolicy/default-deny: is not as generated, and its stage is not listed here"}},
		"with one that nothing asks for": {func(t *testing.T, items []*yaml.RNode) []*yaml.RNode {
			t.Helper()
			return append(items, leftover(t, finished(t))[slices.IndexFunc(items, func(n *yaml.RNode) bool { return n.GetName() == "egress-llm" })])
		}, []string{"CiliumNetworkPolicy/egress-left: has the label of fence platform, and no Tenant or profile declares it"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := proof.Verify(proof.Verification{Items: c.change(t, finished(t)), Runs: []proof.Run{withStages(t, inputs(t), "[Baseline, Allow]")}})
			if err != nil || r.Passed() != (len(c.messages) == 0) {
				t.Fatal(r.Findings, err)
			}
			expectErrors(t, r.Findings, compared, c.messages...)
		})
	}
}

// A policy that does not reach the cluster is missing, even if it is as generated.
func TestLocalPolicyIsNotProved(t *testing.T) {
	t.Parallel()
	items := finished(t)
	for _, n := range items {
		if n.GetName() == "egress-llm" {
			if err := n.PipeE(yaml.SetAnnotation("config.kubernetes.io/local-config", "true")); err != nil {
				t.Fatal(err)
			}
		}
	}
	run := withStages(t, inputs(t), "[DefaultDeny]")
	r, err := fn.Process(run.Config, slices.Concat(items, run.Items[:2]), fn.Options{})
	if err != nil || slices.ContainsFunc(r.Findings, func(f report.Finding) bool { return f.Check == report.Proved }) ||
		!slices.ContainsFunc(r.Findings, func(f report.Finding) bool { return f.Check == report.NotProved }) {
		t.Error(r.Findings, err)
	}
}

// A build that lists some stages keeps the policies of another run, if the host keeps files. Other builds
// refuse policies that no run has checked.
func TestKeptUnprovedPolicies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		inFiles bool
		want    report.Severity
	}{"in files": {true, report.Warning}, "in a stream": {false, report.Error}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := withStages(t, inputs(t), "[Baseline, Allow]")
			items := slices.Concat(run.Items, parse(t, "left.yaml", []byte(`apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: left, namespace: tenant-acme, labels: {tenantfence.dev/fence: platform, tenantfence.dev/stage: DefaultDeny}}
spec: {endpointSelector: {}, ingress: [{fromEntities: [all]}]}
`)))
			for _, n := range items {
				if !c.inFiles {
					if err := n.PipeE(yaml.ClearAnnotation("internal.config.kubernetes.io/path")); err != nil {
						t.Fatal(err)
					}
				}
			}
			r, err := fn.Process(run.Config, items, fn.Options{})
			i := slices.IndexFunc(r.Findings, func(f report.Finding) bool { return f.Check == report.KeptPoliciesUnproved })
			if (err != nil) != (c.want == report.Error) || i < 0 || r.Findings[i].Severity != c.want || !strings.Contains(r.Findings[i].Message, "tenant-acme: CiliumNetworkPolicy/left") {
				t.Error(r.Findings, err)
			}
		})
	}
}

// The fence label has no meaning on other resources than policies: the function receives a resource, so it
// is not a generator, and the build must contain what it needs.
func TestLabelledResourceIsNotAPolicy(t *testing.T) {
	t.Parallel()
	config := parse(t, "fence.yaml", []byte(`apiVersion: tenantfence.dev/v1alpha1
kind: TenantFence
metadata: {name: platform}
spec:
  profile: {cluster: {cni: Cilium, ciliumVersion: "1.19"}, enforcement: Enforce}
  tenants: [{name: acme}]
`))[0]
	items := parse(t, "app.yaml", []byte(`apiVersion: v1
kind: ConfigMap
metadata: {name: app, namespace: default, labels: {tenantfence.dev/fence: platform}}
`))
	if r, err := fn.Process(config, items, fn.Options{}); err == nil || !strings.Contains(r.Findings[0].Message, `namespace "tenant-acme" is not in the build`) {
		t.Error(r.Findings, err)
	}
}
