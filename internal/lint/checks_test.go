package lint_test

import (
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

type check func(*policy.Fence, []*yaml.RNode) report.Findings

// expect runs a check with a version of Cilium, or with another CNI if it is empty, where Tenant acme
// has the namespace acme. Each case has the YAML documents of the build and, on a line each, the
// findings: "severity field" or "severity field: part of the message".
func expect(t *testing.T, version string, run check, cases map[string][2]string) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &policy.Fence{Name: "f", Cluster: v1alpha1.Cluster{CNI: v1alpha1.CNICilium, CiliumVersion: version}}
			if version == "" {
				f.Cluster.CNI = v1alpha1.CNIKubernetes
			}
			items, err := resource.ReadYAML([]byte(c[0]))
			if err != nil {
				t.Fatal(err)
			}
			got, want := run(f.WithOwners(&policy.Owner{Name: "acme", Namespaces: []string{"acme"}}), items), strings.Split(c[1], "\n")
			if c[1] == "" {
				want = nil
			}
			if len(got) != len(want) {
				t.Fatalf("got %v, want %q", got, want)
			}
			for i, w := range want {
				at, message, _ := strings.Cut(w, ": ")
				if strings.TrimSpace(string(got[i].Severity)+" "+got[i].Field) != at || !strings.Contains(got[i].Message, message) {
					t.Errorf("got %v, want %q", got[i], w)
				}
			}
		})
	}
}

// withoutFence is a check that only reads items.
func withoutFence(run func([]*yaml.RNode) report.Findings) check {
	return func(_ *policy.Fence, items []*yaml.RNode) report.Findings { return run(items) }
}

func TestAgentsConfiguredElsewhere(t *testing.T) {
	t.Parallel()
	expect(t, "1.20", lint.AgentsConfiguredElsewhere, map[string][2]string{
		"a HelmRelease of Cilium":        {`{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: cilium}, spec: {chart: {spec: {chart: cilium}}, values: {policyEnforcementMode: never}}}`, "warning spec.chart.spec.chart"},
		"an Application of Cilium":       {`{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: cni}, spec: {source: {chart: cilium}}}`, "warning spec.source.chart"},
		"a HelmChart of Cilium":          {`{apiVersion: helm.cattle.io/v1, kind: HelmChart, metadata: {name: cni}, spec: {chart: cilium}}`, "warning spec.chart"},
		"a HelmRelease of another chart": {`{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: redis}, spec: {chart: {spec: {chart: redis}}}}`, ""},
	})
}

func TestAuditAnnotation(t *testing.T) {
	t.Parallel()
	const warning = "warning metadata.annotations[policy.cilium.io/audit-mode]"
	expect(t, "1.20", withoutFence(lint.AuditAnnotation), map[string][2]string{
		"a policy with the annotation": {"{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: deny, namespace: acme, annotations: {policy.cilium.io/audit-mode: enabled}}}", warning},
		"a pod with the annotation":    {"{apiVersion: v1, kind: Pod, metadata: {name: canary, namespace: acme, annotations: {policy.cilium.io/audit-mode: enabled}}}", warning},
		"a local-config resource":      {`{apiVersion: v1, kind: Pod, metadata: {name: canary, namespace: acme, annotations: {policy.cilium.io/audit-mode: enabled, config.kubernetes.io/local-config: "true"}}}`, ""},
		"another annotation":           {"{apiVersion: v1, kind: Pod, metadata: {name: canary, namespace: acme, annotations: {audit-mode: enabled}}}", ""},
	})
}

func TestUnknownAnnotations(t *testing.T) {
	t.Parallel()
	const pod = `{apiVersion: v1, kind: Pod, metadata: {name: web, annotations: {`
	expect(t, "1.20", withoutFence(lint.UnknownAnnotations), map[string][2]string{
		"patch":              {pod + `tenantfence.dev/patch: dns}}}`, ""},
		"adopt":              {pod + `tenantfence.dev/adopt: "true"}}}`, ""},
		"of a subdomain":     {pod + `team.tenantfence.dev/patches: dns}}}`, ""},
		"of another domain":  {pod + `example.com/patches: dns}}}`, ""},
		"similar to a known": {pod + `tenantfence.dev/patches: dns}}}`, "error metadata.annotations[tenantfence.dev/patches]: write tenantfence.dev/patch, or remove it"},
		"similar to none":    {pod + `tenantfence.dev/owner: acme}}}`, "error metadata.annotations[tenantfence.dev/owner]: the annotations are tenantfence.dev/for"},
		"known and unknown":  {pod + `tenantfence.dev/adopt: "true", tenantfence.dev/a: b}}}`, "error metadata.annotations[tenantfence.dev/a]"},
	})
}

func TestMutatingKindsAreReported(t *testing.T) {
	t.Parallel()
	const object = "{apiVersion: admissionregistration.k8s.io/v1, metadata: {name: x}, kind: "
	mutating := func(f *policy.Fence, items []*yaml.RNode) report.Findings {
		found, _ := lint.Coverage(f, &resource.Index{}, items)
		return found
	}
	expect(t, "1.20", mutating, map[string][2]string{
		"a mutating webhook":   {object + "MutatingWebhookConfiguration}", "info: may change labels, ports and hostNetwork of pods"},
		"a mutating policy":    {object + "MutatingAdmissionPolicy}", "info: may change labels, ports and hostNetwork of pods"},
		"a validating webhook": {object + "ValidatingWebhookConfiguration}", ""},
	})
}

func TestEmbeddedPolicies(t *testing.T) {
	t.Parallel()
	const (
		object   = `{apiVersion: kubernetes.crossplane.io/v1alpha2, kind: Object, metadata: {name: o}, spec: {forProvider: {manifest: `
		manifest = "error spec.forProvider.manifest"
	)
	embedded := func(f *policy.Fence, items []*yaml.RNode) report.Findings {
		got, undecided := lint.EmbeddedPolicies(f, items)
		if warned := len(got) == 1 && got[0].Severity == report.Warning; len(undecided) == 1 != warned || warned && undecided[0].Namespace != "other" {
			t.Errorf("%v: undecided at %v", got, undecided)
		}
		return got
	}
	expect(t, "1.20", embedded, map[string][2]string{
		"a policy of a tenant's namespace": {object + `{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: p, namespace: acme}}}}}`, manifest},
		"a cluster-wide policy":            {object + `{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: p}}}}}`, manifest},
		"a kind that is not decided":       {object + `{apiVersion: cilium.io/v2, kind: CiliumEnvoyConfig, metadata: {name: p, namespace: acme}}}}}`, manifest},
		"a policy in a list":               {`{apiVersion: example.com/v1, kind: Bundle, metadata: {name: b}, spec: {resources: [{base: {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, spec: {}}}]}}`, "error spec.resources[0].base"},
		"a policy of another namespace":    {object + `{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: p, namespace: other}}}}}`, "warning spec.forProvider.manifest"},
		"another kind":                     {object + `{apiVersion: v1, kind: ConfigMap, metadata: {name: p, namespace: acme}}}}}`, ""},
		"a reference":                      {`{apiVersion: example.com/v1, kind: Check, metadata: {name: c}, spec: {target: {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, name: p}}}`, ""},
		"a policy itself":                  {`{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: acme}, spec: {podSelector: {}}}`, ""},
	})
	accepted := func(f *policy.Fence, items []*yaml.RNode) report.Findings {
		f.UndecidedKinds = []v1alpha1.UndecidedKind{{Group: "kubernetes.crossplane.io", Kind: "Object", Reason: "read by hand"}}
		return embedded(f, items)
	}
	expect(t, "1.20", accepted, map[string][2]string{
		"a kind that is accepted": {object + `{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: p, namespace: acme}}}}}`, "info spec.forProvider.manifest"},
	})
}

func TestReservedLabels(t *testing.T) {
	t.Parallel()
	const (
		deployment = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: acme}, spec: {template: {metadata: {labels: {`
		template   = "error spec.template.metadata."
	)
	reserved := func(f *policy.Fence, items []*yaml.RNode) report.Findings {
		index, findings := resource.NewIndex(items)
		findings = append(findings, lint.ReservedLabels(f, index)...)
		if len(findings) > 0 && findings[0].Resource.Name != "web" {
			t.Errorf("it is about %s", findings[0].Resource)
		}
		return findings
	}
	expect(t, "1.20", reserved, map[string][2]string{
		"labels of a Pod":                         {`{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: acme, labels: {remote-node: kube-system}}}`, "error metadata.labels[remote-node]"},
		"labels of a template":                    {deployment + `app: web, host: ""}}}}}`, template + "labels[host]"},
		"labels of a CronJob's Jobs":              {`{apiVersion: batch/v1, kind: CronJob, metadata: {name: web, namespace: acme}, spec: {jobTemplate: {spec: {template: {metadata: {labels: {init: x}}}}}}}`, "error spec.jobTemplate.spec.template.metadata.labels[init]"},
		"a fixed identity":                        {deployment + `io.cilium.fixed-identity: kv-store}}}}}`, template + "labels[io.cilium.fixed-identity]"},
		"labels of a controller are ignored":      {`{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: acme, labels: {host: ""}}}`, ""},
		"labels of a hostNetwork pod are ignored": {deployment + `host: ""}}, spec: {hostNetwork: true}}}}`, ""},
		"a reserved value is ignored":             {deployment + `app: host}}}}}`, ""},
		"labels of CoreDNS are accepted":          {`{apiVersion: apps/v1, kind: Deployment, metadata: {name: coredns, namespace: kube-system}, spec: {template: {metadata: {labels: {k8s-app: kube-dns}}, spec: {serviceAccountName: coredns}}}}`, ""},
		"labels that agents remove are ignored":   {deployment + `io.cilium.k8s.policy.cluster: east}}}}}`, ""},
	})
}

func TestSourceSpoofing(t *testing.T) {
	t.Parallel()
	const (
		open     = "{apiVersion: v1, kind: Namespace, metadata: {name: acme, annotations: {config.cilium.io/delegate-source-ip-verification: \"1\"}}}\n---\n"
		other    = "{apiVersion: v1, kind: Namespace, metadata: {name: other, annotations: {config.cilium.io/delegate-source-ip-verification: \"true\"}}}\n---\n"
		strict   = "{apiVersion: v1, kind: Namespace, metadata: {name: acme}}\n---\n"
		pod      = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: acme}, spec: {template: {metadata: {annotations: {config.cilium.io/disable-source-ip-verification: "T"}}, spec: {containers: [{name: web}]}}}}`
		otherPod = `{apiVersion: v1, kind: Pod, metadata: {name: nat, namespace: other, annotations: {config.cilium.io/disable-source-ip-verification: "true"}}, spec: {containers: [{name: nat}]}}`
		quiet    = `{apiVersion: v1, kind: Pod, metadata: {name: nat, namespace: acme, annotations: {config.cilium.io/disable-source-ip-verification: "false"}}, spec: {containers: [{name: nat}]}}`

		delegates = "warning metadata.annotations[config.cilium.io/delegate-source-ip-verification]"
		disables  = "metadata.annotations[config.cilium.io/disable-source-ip-verification]"
	)
	spoofing := func(f *policy.Fence, items []*yaml.RNode) report.Findings {
		index, _ := resource.NewIndex(items)
		return lint.SourceSpoofing(f, index, items)
	}
	expect(t, "1.20", spoofing, map[string][2]string{
		"a pod of a tenant with the annotation":             {open + pod, delegates + "\nerror spec.template." + disables},
		"a namespace without a pod that has the annotation": {open + quiet, delegates},
		"a pod in a namespace that does not delegate":       {strict + pod, ""},
		"a pod in a namespace that is not in the build":     {pod, "warning spec.template." + disables},
		"a pod without a tenant":                            {other + otherPod, delegates + "\nwarning " + disables},
	})
	expect(t, "1.19", spoofing, map[string][2]string{"before Cilium has the annotations": {open + pod, ""}})
}
