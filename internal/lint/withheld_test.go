package lint_test

import (
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

func cnp(metadata string) []*yaml.RNode {
	return []*yaml.RNode{yaml.MustParse("{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: p, namespace: tenant-acme, " + metadata + "}}")}
}

func TestWithheld(t *testing.T) {
	t.Parallel()
	const label = "labels: {tenantfence.dev/fence: f}"
	for metadata, want := range map[string]string{
		label: "",
		label + `, annotations: {kustomize.toolkit.fluxcd.io/reconcile: disabled}`:               "metadata.annotations[kustomize.toolkit.fluxcd.io/reconcile]",
		label + `, annotations: {kustomize.toolkit.fluxcd.io/reconcile: enabled}`:                "",
		label + `, annotations: {kustomize.toolkit.fluxcd.io/ssa: IfNotPresent}`:                 "metadata.annotations[kustomize.toolkit.fluxcd.io/ssa]",
		label + `, annotations: {kustomize.toolkit.fluxcd.io/ssa: Merge}`:                        "",
		label + `, annotations: {helm.sh/hook: pre-install}`:                                     "metadata.annotations[helm.sh/hook]",
		label + `, ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: gone, uid: "1"}]`:   "metadata.ownerReferences",
		label + `, generateName: p-`:                                                             "metadata.generateName",
		`annotations: {helm.sh/hook: pre-install}`:                                               "",
		label + `, annotations: {helm.sh/hook: test, config.kubernetes.io/local-config: "true"}`: "",
	} {
		found := lint.Withheld(cnp(metadata))
		if (want == "") != (len(found) == 0) || len(found) > 0 && found[0].Field != want {
			t.Errorf("%s: %v, want %q", metadata, found, want)
		}
	}
}

func TestOtherFences(t *testing.T) {
	t.Parallel()
	fence := &policy.Fence{Name: "f", Tenants: []policy.Tenant{{Name: "acme", Namespaces: []string{"tenant-acme"}}}}
	mine := func(n *yaml.RNode) bool { return resource.FenceOf(n) == "f" }
	for labels, want := range map[string]string{
		"labels: {tenantfence.dev/fence: f}": "",
		"labels: {tenantfence.dev/fence: g}": `is of fence "g", and its namespace belongs to Tenant "acme" of fence "f"`,
		"labels: {app: web}":                 "",
	} {
		found := lint.OtherFences(fence, mine, cnp(labels))
		if (want == "") != (len(found) == 0) || len(found) > 0 && !strings.Contains(found[0].Message, want) {
			t.Errorf("%s: %v, want %q", labels, found, want)
		}
	}
}
