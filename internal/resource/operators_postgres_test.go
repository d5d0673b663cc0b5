package resource_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

func TestPostgresCluster(t *testing.T) {
	t.Parallel()
	index, findings := resource.NewIndex([]*yaml.RNode{
		yaml.MustParse(`{apiVersion: postgresql.cnpg.io/v1, kind: Cluster, metadata: {name: pg, namespace: db}, spec: {instances: 2, inheritedMetadata: {labels: {team: a, cnpg.io/cluster: other, pod-template-hash: x}}, managed: {services: {disabledDefaultServices: [ro]}}}}`),
		yaml.MustParse(`{apiVersion: postgresql.cnpg.io/v1, kind: Cluster, metadata: {name: one, namespace: db}}`),
		yaml.MustParse(`{apiVersion: cluster.x-k8s.io/v1beta1, kind: Cluster, metadata: {name: nodes}}`),
		yaml.MustParse(`{apiVersion: v1, kind: Service, metadata: {name: pg-rw, namespace: db}, spec: {selector: {app: chosen}, ports: [{port: 6432}]}}`),
	})
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	var kinds []string
	for _, w := range index.Workloads {
		kinds = append(kinds, w.Ref.Kind+"/"+w.Ref.Name)
		if w.HostNetwork {
			t.Errorf("%s is hostNetwork", w.Ref.Name)
		}
	}
	if diff := cmp.Diff([]string{"Cluster/one", "Cluster/pg", "Replica/pg"}, kinds); diff != "" {
		t.Error("(-want +got)\n", diff)
	}
	replica := index.WorkloadsIn("db", endpoints.Selector{MatchLabels: map[string]string{"cnpg.io/instanceRole": "replica"}})
	want := map[string]string{
		"team": "a", "cnpg.io/cluster": "pg", "cnpg.io/podRole": "instance", "cnpg.io/instanceRole": "replica", "role": "replica", "cnpg.io/instanceName": "pg-*",
		"app.kubernetes.io/name": "postgresql", "app.kubernetes.io/instance": "pg", "app.kubernetes.io/component": "database", "app.kubernetes.io/managed-by": "cloudnative-pg", "app.kubernetes.io/version": "*",
	}
	if diff := cmp.Diff(want, replica[0].Labels); diff != "" {
		t.Error("the operator's labels have precedence, and labels outside the identity are omitted: (-want +got)\n", diff)
	}
	var services []string
	for _, s := range index.ServicesIn("db") {
		services = append(services, s.Ref.Name)
	}
	if diff := cmp.Diff([]string{"one-r", "one-ro", "one-rw", "pg-r", "pg-rw"}, services); diff != "" {
		t.Error("each Service once, except a disabled one: (-want +got)\n", diff)
	}
	if s := index.Service("db", "pg-rw"); s.Selector["app"] != "chosen" {
		t.Errorf("a Service of the build has precedence over the operator's, but it selects %v", s.Selector)
	}
}

func TestPostgresClusterWithoutNamespace(t *testing.T) {
	t.Parallel()
	_, findings := resource.NewIndex([]*yaml.RNode{yaml.MustParse(`{apiVersion: postgresql.cnpg.io/v1, kind: Cluster, metadata: {name: pg}}`)})
	if len(findings) != 1 || findings[0].Check != report.ResourceWithoutNamespace {
		t.Errorf("the namespace of its pods is unknown, but the findings are %v", findings)
	}
}
