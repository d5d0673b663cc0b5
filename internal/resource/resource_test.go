package resource_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

func TestMarkLocalConfig(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ have, want string }{
		"a resource without annotations": {``, "true"},
		"an existing annotation is kept": {`annotations: {config.kubernetes.io/local-config: "yes"}`, "yes"},
		"the value false is replaced":    {`annotations: {config.kubernetes.io/local-config: "false"}`, "true"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := yaml.MustParse("apiVersion: v1\nkind: Tenant\nmetadata: {name: acme, " + c.have + "}")
			if err := resource.MarkLocalConfig(n); err != nil {
				t.Fatal(err)
			}
			if got := n.GetAnnotations()["config.kubernetes.io/local-config"]; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestIndex(t *testing.T) {
	t.Parallel()
	index, findings := resource.NewIndex([]*yaml.RNode{
		yaml.MustParse(`{apiVersion: batch/v1, kind: Job, metadata: {name: migrate, namespace: a}, spec: {template: {metadata: {labels: {app: web}}, spec: {hostNetwork: true}}}}`),
		yaml.MustParse(`{apiVersion: batch/v1, kind: CronJob, metadata: {name: nightly, namespace: a}, spec: {jobTemplate: {spec: {template: {metadata: {labels: {app: web}}}}}}}`),
		yaml.MustParse(`{apiVersion: v1, kind: Pod, metadata: {name: pod, namespace: a, labels: {app: web}}, spec: {initContainers: [{ports: [{name: setup, containerPort: 9}]}], containers: [{ports: [{containerPort: 80}, {name: http, containerPort: 8080}]}]}}`),
		yaml.MustParse(`{apiVersion: apps/v1, kind: Deployment, metadata: {name: broken, namespace: a}, spec: {template: {spec: {hostNetwork: sometimes}}}}`),
		yaml.MustParse(`{apiVersion: v1, kind: Service, metadata: {name: nowhere}}`),
		yaml.MustParse(`{apiVersion: postgresql.cnpg.io/v1, kind: Cluster, metadata: {name: pg}}`),
	})
	var checks []string
	for _, f := range findings {
		checks = append(checks, f.Check.Name)
	}
	if diff := cmp.Diff([]string{report.ResourceUnreadable.Name, report.ResourceWithoutNamespace.Name, report.ResourceWithoutNamespace.Name}, checks); diff != "" || !findings.HasError() {
		t.Error("an invalid workload, a Service and an operator's resource without a namespace are reported: ", diff)
	}
	if got := len(index.WorkloadsIn("a", endpoints.Selector{MatchLabels: map[string]string{"app": "web"}})); got != 3 {
		t.Errorf("%d workloads have the label app=web, want 3", got)
	}
	jobs := index.WorkloadsIn("a", endpoints.Selector{MatchLabels: map[string]string{"job-name": "migrate", "batch.kubernetes.io/job-name": "migrate"}})
	if len(jobs) != 1 || !jobs[0].HostNetwork {
		t.Errorf("a Job's pods have the labels that its controller adds, got %v", jobs)
	}
	pods := index.WorkloadsIn("a", endpoints.Selector{})
	if diff := cmp.Diff([]endpoints.NamedPort{{Name: "http", Port: 8080, Protocol: "TCP"}}, pods[2].Ports); diff != "" {
		t.Error("only named ports of containers are listed, not those of init containers: ", diff)
	}
}
