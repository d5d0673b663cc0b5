package resource_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/resource"
)

func indexOf(t *testing.T, docs ...string) *resource.Index {
	t.Helper()
	var items []*yaml.RNode
	for _, d := range docs {
		items = append(items, yaml.MustParse(d))
	}
	index, findings := resource.NewIndex(items)
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	return index
}

func TestFindPodTemplates(t *testing.T) {
	t.Parallel()
	const pod = `{metadata: {labels: {app: x}}, spec: {containers: [{name: c, image: x}]}}`
	for _, c := range []struct {
		name, resource string
		pods           map[string]string
	}{
		{"a Rollout", `{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: w, namespace: a}, spec: {template: ` + pod + `}}`, map[string]string{"w": "spec.template.spec"}},
		{"a Rollout of a Deployment", `{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: w, namespace: a}, spec: {workloadRef: {kind: Deployment, name: w}}}`, map[string]string{}},
		{"an unknown kind, deep down", `{apiVersion: x.io/v1, kind: X, metadata: {name: w, namespace: a}, spec: {groups: [{a: 1}, {deep: [` + pod + `]}]}}`, map[string]string{"w": "spec.groups[1].deep[0].spec"}},
		{"a template without metadata", `{apiVersion: x.io/v1, kind: X, metadata: {name: w, namespace: a}, spec: {t: {spec: {containers: [{image: x}]}}}}`, map[string]string{"w": "spec.t.spec"}},
		{"a kind that is itself like a Pod", `{apiVersion: x.io/v1, kind: X, metadata: {name: w, namespace: a}, spec: {containers: [{name: c, image: x}]}}`, map[string]string{"w": "spec"}},
		{"several, by the names of list elements", `{apiVersion: jobset.x-k8s.io/v1alpha2, kind: JobSet, metadata: {name: w, namespace: a}, spec: {replicatedJobs: [{name: one, template: {spec: {template: ` + pod + `}}}, {name: two, template: {spec: {template: ` + pod + `}}}]}}`,
			map[string]string{"w.one": "spec.replicatedJobs[0].template.spec.template.spec", "w.two": "spec.replicatedJobs[1].template.spec.template.spec"}},
		{"several, by fields", `{apiVersion: ray.io/v1, kind: RayCluster, metadata: {name: w, namespace: a}, spec: {headGroupSpec: {template: ` + pod + `}, workerGroupSpecs: [{groupName: g, template: ` + pod + `}]}}`,
			map[string]string{"w.headgroupspec": "spec.headGroupSpec.template.spec", "w.workergroupspecs.0": "spec.workerGroupSpecs[0].template.spec"}},
		{"several of one name", `{apiVersion: x.io/v1, kind: X, metadata: {name: w, namespace: a}, spec: [{name: one, t: ` + pod + `}, {name: one, t: ` + pod + `}]}`,
			map[string]string{"w.spec.0.t": "spec[0].t.spec", "w.spec.1.t": "spec[1].t.spec"}},
		{"a resource that contains resources for another namespace", `{apiVersion: x.io/v1, kind: Work, metadata: {name: w, namespace: b}, spec: {manifests: [{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: a}, spec: {template: ` + pod + `}}]}}`, map[string]string{"w": "spec.manifests[0].spec.template.spec"}},
		{"a PodTemplate", `{apiVersion: v1, kind: PodTemplate, metadata: {name: w, namespace: a}, template: ` + pod + `}`, map[string]string{}},
		{"a policy about pods", `{apiVersion: kyverno.io/v1, kind: Policy, metadata: {name: w, namespace: a}, spec: {pattern: ` + pod + `}}`, map[string]string{}},
		{"no containers", `{apiVersion: x.io/v1, kind: X, metadata: {name: w, namespace: a}, spec: {template: {spec: {containers: [8080, web]}}}}`, map[string]string{}},
		{"a template in the status", `{apiVersion: x.io/v1, kind: X, metadata: {name: w, namespace: a}, status: {template: ` + pod + `}}`, map[string]string{}},
	} {
		index := indexOf(t, c.resource)
		got := map[string]string{}
		for _, w := range index.WorkloadsIn("a", endpoints.Selector{}) {
			got[w.Ref.Name] = w.Field
			if w.Resource.Name != "w" {
				t.Errorf("%s: the resource of %s is %s", c.name, w.Ref.Name, w.Resource)
			}
		}
		if diff := cmp.Diff(c.pods, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, diff)
		}
	}
}

func TestCustomControllerLabels(t *testing.T) {
	t.Parallel()
	const pod = `{metadata: {labels: {app: x}}, spec: {containers: [{name: c, image: x}]}}`
	for _, c := range []struct {
		name, resource string
		labels         map[string]string
	}{
		{"a Rollout", `{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: w, namespace: a}, spec: {template: ` + pod + `}}`, map[string]string{"rollouts-pod-template-hash": "*"}},
		{"a ScaledJob makes Jobs", `{apiVersion: keda.sh/v1alpha1, kind: ScaledJob, metadata: {name: w, namespace: a}, spec: {jobTargetRef: {template: ` + pod + `}}}`,
			map[string]string{"job-name": "w-*", "batch.kubernetes.io/job-name": "w-*", "scaledjob.keda.sh/name": "w"}},
		{"a JobSet makes Jobs", `{apiVersion: jobset.x-k8s.io/v1alpha2, kind: JobSet, metadata: {name: w, namespace: a}, spec: {replicatedJobs: [{name: one, template: {spec: {template: ` + pod + `}}}]}}`,
			map[string]string{
				"job-name": "w-one-*", "batch.kubernetes.io/job-name": "w-one-*", "jobset.sigs.k8s.io/jobset-name": "w", "jobset.sigs.k8s.io/replicatedjob-name": "one", "jobset.sigs.k8s.io/jobset-uid": "*",
				"jobset.sigs.k8s.io/replicatedjob-replicas": "*", "jobset.sigs.k8s.io/restart-attempt": "*", "jobset.sigs.k8s.io/global-replicas": "*", "jobset.sigs.k8s.io/job-index": "*", "jobset.sigs.k8s.io/job-key": "*",
				"jobset.sigs.k8s.io/job-global-index": "*", "jobset.sigs.k8s.io/group-name": "*", "jobset.sigs.k8s.io/group-replicas": "*", "jobset.sigs.k8s.io/job-group-index": "*",
			}},
		{"an unknown kind with a template of Jobs", `{apiVersion: x.io/v1, kind: NightlyJob, metadata: {name: w, namespace: a}, spec: {jobTemplate: {spec: {template: ` + pod + `}}}}`,
			map[string]string{"job-name": "*", "batch.kubernetes.io/job-name": "*"}},
		{"an unknown kind", `{apiVersion: x.io/v1, kind: Deployment, metadata: {name: w, namespace: a}, spec: {template: ` + pod + `}}`, map[string]string{}},
	} {
		c.labels["app"] = "x"
		if diff := cmp.Diff(c.labels, indexOf(t, c.resource).Workloads[0].Labels); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, diff)
		}
	}
}

func TestUnknownPods(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, resource, namespace string }{
		{"a kind that is known to make pods", `{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: w, namespace: a}, spec: {targetNamespace: b, values: {hostNetwork: true}}}`, "b"},
		{"hostNetwork outside of a template", `{apiVersion: x.io/v1, kind: X, metadata: {name: w, namespace: a}, spec: {agent: {hostNetwork: true}}}`, "a"},
		{"containers outside of a template", `{apiVersion: x.io/v1, kind: X, metadata: {name: w, namespace: a}, spec: {predictor: {containers: [{name: c, image: x}]}}}`, "a"},
		{"a template in a namespace that is unknown", `{apiVersion: x.io/v1, kind: X, metadata: {name: w}, spec: {t: {spec: {containers: [{name: c, image: x}]}}}}`, ""},
		{"an invalid template", `{apiVersion: x.io/v1, kind: X, metadata: {name: w, namespace: a}, spec: {t: {spec: {containers: [{name: c, ports: {http: 80}}]}}}}`, "a"},
	} {
		index := indexOf(t, c.resource)
		if len(index.Workloads) > 0 || len(index.UnknownPods) != 1 || index.UnknownPods[0].Namespace != c.namespace || index.UnknownPods[0].Reason == "" {
			t.Errorf("%s: %d workloads, and the unknown pods are %+v", c.name, len(index.Workloads), index.UnknownPods)
		}
	}
}

func TestWorkloadNamesAcrossGroups(t *testing.T) {
	t.Parallel()
	const rest = `kind: StatefulSet, metadata: {name: w, namespace: a}, spec: {template: {spec: {containers: [{name: c, image: x}]}}}}`
	index := indexOf(t, `{apiVersion: apps/v1, `+rest, `{apiVersion: apps.kruise.io/v1beta1, `+rest)
	if a, b := index.Workloads[0].Ref.Name, index.Workloads[1].Ref.Name; a != "w" || b != "w.apps.kruise.io" {
		t.Errorf("the names are %s and %s", a, b)
	}
}

// TestTemplatesWithoutNamespace reads templates of resources without a namespace: one in a field, and
// one that is the resource itself.
func TestTemplatesWithoutNamespace(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{apiVersion: example.com/v1, kind: Thing, metadata: {name: a}, spec: {template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: a}]}}}}`: "the resource has no namespace, so the namespace of the pods of its template spec.template is unknown",
		`{apiVersion: example.com/v1, kind: Thing, metadata: {name: a}, spec: {containers: [{name: a, image: a}]}}`:                                                 "the resource has no namespace, so the namespace of the pods of its template is unknown",
	} {
		if got := indexOf(t, text).UnknownPods; len(got) != 1 || got[0].Reason != want {
			t.Errorf("%s: got %+v, want %q", text, got, want)
		}
	}
}
