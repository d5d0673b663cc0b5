package resource_test

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestControllerLabels(t *testing.T) {
	t.Parallel()
	const spec = `spec: {template: {metadata: {labels: {app: x}}}}`
	for _, c := range []struct {
		name, workload    string
		identity, outside map[string]string
	}{
		{"a Pod", `{apiVersion: v1, kind: Pod, metadata: {name: w, namespace: a, labels: {app: x}}}`, nil, nil},
		{"a ReplicaSet", `{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: w, namespace: a}, ` + spec + `}`, nil, nil},
		{"labels of the template outside the identity", `{apiVersion: v1, kind: Pod, metadata: {name: w, namespace: a, labels: {app: x, app.kubernetes.io/name: x, pod-template-hash: y, kubernetes.io/os: z}}}`,
			map[string]string{"app.kubernetes.io/name": "x"}, map[string]string{"pod-template-hash": "y", "kubernetes.io/os": "z"}},
		{"a Deployment", `{apiVersion: apps/v1, kind: Deployment, metadata: {name: w, namespace: a}, ` + spec + `}`, nil, map[string]string{"pod-template-hash": "*"}},
		{"a DaemonSet", `{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: w, namespace: a}, ` + spec + `}`, nil, map[string]string{"controller-revision-hash": "*", "pod-template-generation": "*"}},
		{"a StatefulSet", `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: w, namespace: a}, ` + spec + `}`, nil,
			map[string]string{"controller-revision-hash": "*", "statefulset.kubernetes.io/pod-name": "w-*", "apps.kubernetes.io/pod-index": "*"}},
		{"a Job", `{apiVersion: batch/v1, kind: Job, metadata: {name: w, namespace: a}, ` + spec + `}`,
			map[string]string{"job-name": "w", "batch.kubernetes.io/job-name": "w"}, map[string]string{"controller-uid": "*", "batch.kubernetes.io/controller-uid": "*"}},
		{"a Job with its own selector", `{apiVersion: batch/v1, kind: Job, metadata: {name: w, namespace: a}, spec: {manualSelector: true, template: {metadata: {labels: {app: x}}}}}`, nil, nil},
		{"an indexed Job", `{apiVersion: batch/v1, kind: Job, metadata: {name: w, namespace: a}, spec: {completionMode: Indexed, template: {metadata: {labels: {app: x}}}}}`,
			map[string]string{"job-name": "w", "batch.kubernetes.io/job-name": "w"}, map[string]string{"controller-uid": "*", "batch.kubernetes.io/controller-uid": "*", "batch.kubernetes.io/job-completion-index": "*"}},
		{"a CronJob", `{apiVersion: batch/v1, kind: CronJob, metadata: {name: w, namespace: a}, spec: {jobTemplate: {spec: {template: {metadata: {labels: {app: x, job-name: w-1}}}}}}}`,
			map[string]string{"job-name": "w-*", "batch.kubernetes.io/job-name": "w-*"}, map[string]string{"controller-uid": "*", "batch.kubernetes.io/controller-uid": "*"}},
	} {
		want := map[string]string{"app": "x"}
		maps.Copy(want, c.identity)
		w := indexOf(t, c.workload).Workloads[0]
		if diff := cmp.Diff(want, w.Labels); diff != "" {
			t.Errorf("%s, in the identity: (-want +got)\n%s", c.name, diff)
		}
		maps.Copy(want, c.outside)
		if diff := cmp.Diff(want, w.AllLabels); diff != "" {
			t.Errorf("%s, all: (-want +got)\n%s", c.name, diff)
		}
	}
}

func TestServiceLookup(t *testing.T) {
	t.Parallel()
	service := func(namespace, name string) string {
		return "{apiVersion: v1, kind: Service, metadata: {name: " + name + ", namespace: " + namespace + "}}"
	}
	slice := func(namespace, of string) string {
		return "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: " + of + "-1, namespace: " + namespace + ", labels: {kubernetes.io/service-name: " + of + "}}}"
	}
	index := indexOf(t, service("b", "db"), service("a", "web"), service("a", "db"), slice("b", "db"), slice("a", "web"))
	if in := index.ServicesIn("a"); len(in) != 2 || in[0].Ref.Name != "db" || in[1].Ref.Name != "web" {
		t.Errorf("the Services of a are %v", in)
	}
	if index.Service("b", "web") != nil || index.Service("c", "db") != nil {
		t.Error("a Service of another namespace is found")
	}
	s := index.Service("b", "db")
	if s == nil || s.Ref.Namespace != "b" {
		t.Fatalf("b/db is %v", s)
	}
	if e := index.SlicesOf(s); len(e) != 1 || e[0].Ref.Namespace != "b" {
		t.Errorf("the slices of b/db are %v", e)
	}
	if e := index.SlicesOf(index.Service("a", "db")); len(e) != 0 {
		t.Errorf("the slices of a/db are %v", e)
	}
}
