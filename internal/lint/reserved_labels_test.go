package lint

import (
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

func TestReservedLabels(t *testing.T) {
	t.Parallel()
	const deployment = "apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: acme}"
	for desc, c := range map[string]struct {
		item, field string
	}{
		"labels of a Pod":                         {`{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: acme, labels: {remote-node: kube-system}}}`, "metadata.labels[remote-node]"},
		"labels of a template":                    {`{` + deployment + `, spec: {template: {metadata: {labels: {app: web, host: ""}}}}}`, "spec.template.metadata.labels[host]"},
		"labels of a CronJob's Jobs":              {`{apiVersion: batch/v1, kind: CronJob, metadata: {name: web, namespace: acme}, spec: {jobTemplate: {spec: {template: {metadata: {labels: {init: x}}}}}}}`, "spec.jobTemplate.spec.template.metadata.labels[init]"},
		"a fixed identity":                        {`{` + deployment + `, spec: {template: {metadata: {labels: {io.cilium.fixed-identity: kv-store}}}}}`, "spec.template.metadata.labels[io.cilium.fixed-identity]"},
		"labels of a controller are ignored":      {`{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: acme, labels: {host: ""}}}`, ""},
		"labels of a hostNetwork pod are ignored": {`{` + deployment + `, spec: {template: {metadata: {labels: {host: ""}}, spec: {hostNetwork: true}}}}`, ""},
		"a reserved value is ignored":             {`{` + deployment + `, spec: {template: {metadata: {labels: {app: host}}}}}`, ""},
		"labels of CoreDNS are accepted":          {`{apiVersion: apps/v1, kind: Deployment, metadata: {name: coredns, namespace: kube-system}, spec: {template: {metadata: {labels: {k8s-app: kube-dns}}, spec: {serviceAccountName: coredns}}}}`, ""},
		"labels that agents remove are ignored":   {`{` + deployment + `, spec: {template: {metadata: {labels: {io.cilium.k8s.policy.cluster: east}}}}}`, ""},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			index, findings := resource.NewIndex([]*yaml.RNode{yaml.MustParse(c.item)})
			if len(findings) > 0 {
				t.Fatal(findings)
			}
			got := ReservedLabels(&policy.Fence{}, index)
			if c.field == "" && len(got) == 0 {
				return
			}
			if len(got) != 1 || got[0].Field != c.field || got[0].Severity != report.Error || got[0].Resource.Name != "web" {
				t.Errorf("got %v, want an error about %q", got, c.field)
			}
		})
	}
}
