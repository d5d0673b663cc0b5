package lint

import (
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

func TestSourceSpoofing(t *testing.T) {
	t.Parallel()
	const (
		open     = `{apiVersion: v1, kind: Namespace, metadata: {name: acme, annotations: {config.cilium.io/delegate-source-ip-verification: "1"}}}`
		other    = `{apiVersion: v1, kind: Namespace, metadata: {name: other, annotations: {config.cilium.io/delegate-source-ip-verification: "true"}}}`
		strict   = `{apiVersion: v1, kind: Namespace, metadata: {name: acme}}`
		pod      = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: acme}, spec: {template: {metadata: {annotations: {config.cilium.io/disable-source-ip-verification: "T"}}, spec: {containers: [{name: web}]}}}}`
		otherPod = `{apiVersion: v1, kind: Pod, metadata: {name: nat, namespace: other, annotations: {config.cilium.io/disable-source-ip-verification: "true"}}, spec: {containers: [{name: nat}]}}`
		quiet    = `{apiVersion: v1, kind: Pod, metadata: {name: nat, namespace: acme, annotations: {config.cilium.io/disable-source-ip-verification: "false"}}, spec: {containers: [{name: nat}]}}`
	)
	for desc, c := range map[string]struct {
		version string
		items   []string
		want    []report.Severity
	}{
		"a pod of a tenant with the annotation":             {"1.20", []string{open, pod}, []report.Severity{report.Warning, report.Error}},
		"a namespace without a pod that has the annotation": {"1.20", []string{open, quiet}, []report.Severity{report.Warning}},
		"a pod in a namespace that does not delegate":       {"1.20", []string{strict, pod}, nil},
		"a pod in a namespace that is not in the build":     {"1.20", []string{pod}, []report.Severity{report.Warning}},
		"a pod without a tenant":                            {"1.20", []string{other, otherPod}, []report.Severity{report.Warning, report.Warning}},
		"before Cilium has the annotations":                 {"1.19", []string{open, pod}, nil},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			f := (&policy.Fence{Cluster: v1alpha1.Cluster{CNI: v1alpha1.CNICilium, CiliumVersion: c.version}}).WithOwners(&policy.Owner{Name: "acme", Namespaces: []string{"acme"}})
			var items []*yaml.RNode
			for _, text := range c.items {
				items = append(items, yaml.MustParse(text))
			}
			index, _ := resource.NewIndex(items)
			got := SourceSpoofing(f, index, items)
			if len(got) != len(c.want) {
				t.Fatalf("got %v, want %v", got, c.want)
			}
			for i, s := range c.want {
				if got[i].Severity != s {
					t.Errorf("got %v, want %s", got[i], s)
				}
			}
		})
	}
}
