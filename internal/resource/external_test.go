package resource_test

import (
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// externalOf decodes ExternalResources with the name and file "cluster".
func externalOf(t *testing.T, spec string) resource.ExternalResources {
	t.Helper()
	e, errs := v1alpha1.Decode[v1alpha1.ExternalResources](yaml.MustParse("{apiVersion: tenantfence.dev/v1alpha1, kind: ExternalResources, metadata: {name: cluster}, spec: "+spec+"}"), nil)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return resource.ExternalResources{Ref: report.Ref{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.KindExternalResources, Name: e.Name, File: "cluster.yaml"}, Spec: e.Spec}
}

// TestExternalDifferences declares the same resource in the build and in ExternalResources. Each
// difference that affects traffic is an error, and others are none.
func TestExternalDifferences(t *testing.T) {
	t.Parallel()
	pod := func(metadata, spec string) string {
		return "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: web, namespace: apps}, spec: {minReadySeconds: 1, template: {metadata: " + metadata + ", spec: " + spec + "}}}"
	}
	service := func(spec string) string {
		return "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: apps}, spec: " + spec + "}"
	}
	workload := "{kind: DaemonSet, name: web, labels: {app: web}, ports: [{name: http, port: 80, hostPort: 8080}]}"
	const labels, container = "{labels: {app: web}}", "containers: [{name: web, image: web, ports: [{name: http, containerPort: 80, hostPort: 8080}]}]"
	for desc, c := range map[string]struct{ build, declared, differs string }{
		"an equal workload":                     {pod(labels, "{"+container+"}"), "workloads: [" + workload + "]", ""},
		"another label":                         {pod("{labels: {app: other}}", "{"+container+"}"), "workloads: [" + workload + "]", "labels"},
		"hostNetwork":                           {pod(labels, "{hostNetwork: true, "+container+"}"), "workloads: [" + workload + "]", "hostNetwork"},
		"another ServiceAccount":                {pod(labels, "{serviceAccountName: web, "+container+"}"), "workloads: [" + workload + "]", "serviceAccount"},
		"its own DNS":                           {pod(labels, "{dnsPolicy: Default, "+container+"}"), "workloads: [" + workload + "]", "DNS"},
		"the default DNS":                       {pod(labels, "{dnsPolicy: ClusterFirst, "+container+"}"), "workloads: [" + workload + "]", ""},
		"another hostPort":                      {pod(labels, "{containers: [{name: web, ports: [{name: http, containerPort: 80}]}]}"), "workloads: [" + workload + "]", "ports"},
		"a port of a native sidecar":            {pod(labels, "{containers: [{name: web}], initContainers: [{name: web, restartPolicy: Always, ports: [{name: http, containerPort: 80, hostPort: 8080}]}]}"), "workloads: [" + workload + "]", "ports"},
		"an equal Service":                      {service("{type: ClusterIP, selector: {app: web}, ports: [{port: 80, targetPort: 80, protocol: TCP}], sessionAffinity: None}"), "services: [{name: web, selector: {app: web}, ports: [{port: 80}]}]", ""},
		"another selector":                      {service("{selector: {app: other}, ports: [{port: 80}]}"), "services: [{name: web, selector: {app: web}, ports: [{port: 80}]}]", "selector"},
		"another target port":                   {service("{selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}"), "services: [{name: web, selector: {app: web}, ports: [{port: 80}]}]", "ports"},
		"another type":                          {service("{type: NodePort, selector: {app: web}}"), "services: [{name: web, selector: {app: web}}]", "type"},
		"a headless Service":                    {service("{clusterIP: None, selector: {app: web}}"), "services: [{name: web, selector: {app: web}}]", "type"},
		"another address":                       {service("{clusterIP: 10.0.0.1, selector: {app: web}}"), "services: [{name: web, selector: {app: web}, clusterIPs: [10.0.0.2]}]", "addresses"},
		"an address that the cluster assigns":   {service("{selector: {app: web}}"), "services: [{name: web, selector: {app: web}, clusterIPs: [10.0.0.2]}]", ""},
		"a node port that the cluster assigns":  {service("{type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: 80}]}"), "services: [{name: web, type: NodePort, selector: {app: web}, ports: [{port: 80, nodePort: 30080}]}]", ""},
		"another node port":                     {service("{type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: 80, nodePort: 30081}]}"), "services: [{name: web, type: NodePort, selector: {app: web}, ports: [{port: 80, nodePort: 30080}]}]", "ports"},
		"other clients":                         {service("{type: LoadBalancer, externalTrafficPolicy: Local, selector: {app: web}}"), "services: [{name: web, type: LoadBalancer, selector: {app: web}}]", "clients"},
		"another name":                          {service("{type: ExternalName, externalName: a.example.com}"), "services: [{name: web, externalName: b.example.com}]", "externalName"},
		"endpoints":                             {service("{ports: [{port: 80}]}"), "services: [{name: web, ports: [{port: 80}], endpoints: [{addresses: [192.0.2.1]}]}]", "endpoints"},
		"a Namespace without labels":            {"{apiVersion: v1, kind: Namespace, metadata: {name: apps, labels: {a: b}}}", "workloads: []", ""},
		"other labels of a Namespace":           {"{apiVersion: v1, kind: Namespace, metadata: {name: apps, labels: {a: b}}}", "labels: {a: c}", "labels"},
		"labels that the fence adds":            {"{apiVersion: v1, kind: Namespace, metadata: {name: apps, labels: {a: b}}}", "labels: {a: b, tenant: 'true'}", ""},
		"labels that the fence has added":       {"{apiVersion: v1, kind: Namespace, metadata: {name: apps, labels: {a: b, tenant: 'true'}}}", "labels: {a: b}", ""},
		"another value of such a label":         {"{apiVersion: v1, kind: Namespace, metadata: {name: apps, labels: {a: b}}}", "labels: {a: b, tenant: 'no'}", "labels"},
		"such a label of an external Namespace": {"{apiVersion: v1, kind: Namespace, metadata: {name: apps, annotations: {config.kubernetes.io/local-config: 'true'}, labels: {a: b}}}", "labels: {a: b, tenant: 'true'}", "labels"},
		"the label of its name, alone":          {"{apiVersion: v1, kind: Namespace, metadata: {name: apps, labels: {a: b}}}", "labels: {a: b, kubernetes.io/metadata.name: apps}", ""},
		"a workload of another kind":            {"{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: apps}, spec: {hostNetwork: true}}", "workloads: [" + workload + "]", ""},
		"a workload of another name":            {"{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: other, namespace: apps}}", "workloads: [" + workload + "]", ""},
		"a workload of another API group":       {"{apiVersion: example.com/v1, kind: DaemonSet, metadata: {name: web, namespace: apps}}", "workloads: [" + workload + "]", ""},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			c.declared = strings.ReplaceAll(c.declared, "workloads: []", "")
			external := externalOf(t, strings.ReplaceAll("{namespaces: [{name: apps, "+c.declared+"}]}", ", }", "}"))
			_, findings := resource.NewExternal([]resource.ExternalResources{external}, []*yaml.RNode{yaml.MustParse(c.build)}, map[string]string{"tenant": "true"})
			switch {
			case c.differs == "" && len(findings) > 0:
				t.Errorf("refused: %v", findings)
			case c.differs != "" && (len(findings) != 1 || !strings.Contains(findings[0].Message, " with other "+c.differs+" than ")):
				t.Errorf("got %v, want one finding with other %s", findings, c.differs)
			}
		})
	}
}

// TestExternalFindings names the field of the ExternalResources in findings about what it declares.
func TestExternalFindings(t *testing.T) {
	t.Parallel()
	external, differing := resource.NewExternal([]resource.ExternalResources{externalOf(t, `{
		namespaces: [{name: apps, labels: {team: a},
			workloads: [{name: web, labels: {app: web}}, {name: twice}, {name: twice, kind: Pod}, {name: "1st", kind: CronJob}],
			services: [{name: web, selector: {app: web}, ports: [{port: 80}]}, {name: legacy, ports: [{port: 80}], endpoints: [{addresses: [192.0.2.1]}]}]}],
		nodes: [{name: worker-1}]}`)}, nil, nil)
	if len(differing) > 0 {
		t.Fatal(differing)
	}
	index, findings := resource.NewIndex(external.Items)
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	deployment := func(name string) report.Ref {
		return report.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "apps", Name: name}
	}
	for field, f := range map[string]report.Finding{
		"spec.namespaces[apps].workloads[web].labels[app]":        {Resource: deployment("web"), Field: "spec.template.metadata.labels[app]"},
		"spec.namespaces[apps].workloads[web].hostNetwork":        {Resource: deployment("web"), Field: "spec.template.spec.hostNetwork"},
		"spec.namespaces[apps].workloads[web].ports":              {Resource: deployment("web"), Field: "spec.template.spec.containers[0].ports[0].name"},
		"spec.namespaces[apps].workloads[web]":                    {Resource: deployment("web"), Field: "spec.template.metadata.annotations[a]"},
		"spec.namespaces[apps].workloads[1]":                      {Resource: deployment("twice")},
		"spec.namespaces[apps].workloads[2].labels[a.b/c]":        {Resource: report.Ref{APIVersion: "v1", Kind: "Pod", Namespace: "apps", Name: "twice"}, Field: "metadata.labels[a.b/c]"},
		"spec.namespaces[apps].workloads[3]":                      {Resource: report.Ref{APIVersion: "batch/v1", Kind: "CronJob", Namespace: "apps", Name: "1st"}},
		"spec.namespaces[apps].services[web].ports[0].targetPort": {Resource: index.Service("apps", "web").Ref, Field: "spec.ports[0].targetPort"},
		"spec.namespaces[apps].services[legacy]":                  {Resource: index.Slices[0].Ref, Field: "endpoints[0]"},
		"spec.namespaces[apps].labels[team]":                      {Resource: index.Namespaces["apps"].Ref, Field: "metadata.labels[team]"},
		"spec.nodes[worker-1]":                                    {Resource: index.Nodes["worker-1"].Ref},
	} {
		got := external.Locate(report.Findings{f})[0]
		if got.Field != field || got.Resource.Kind != v1alpha1.KindExternalResources || got.Resource.Name != "cluster" || got.Resource.File != "cluster.yaml" {
			t.Errorf("%v at %s: got %v at %s, want %s", f.Resource, f.Field, got.Resource, got.Field, field)
		}
	}
	other := report.Finding{Resource: deployment("other"), Field: "spec"}
	if got := external.Locate(report.Findings{other})[0]; got.Resource != other.Resource || got.Field != other.Field {
		t.Errorf("a finding about a resource of the build changes to %v", got)
	}
}
