package resource_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

func TestPodMetadata(t *testing.T) {
	t.Parallel()
	const pod = `spec: {containers: [{name: web}]}`
	for desc, c := range map[string]struct {
		items []string
		want  []string
	}{
		"only the template in Kubernetes' own kinds": {
			[]string{`{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: web, namespace: acme, labels: {a: "1"}}, spec: {volumeClaimTemplates: [{metadata: {labels: {a: "1"}}}], template: {metadata: {labels: {a: "1"}}, ` + pod + `}}}`},
			[]string{"StatefulSet spec.template.metadata [acme]"},
		},
		"every mapping of another kind that makes pods": {
			[]string{`{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: web, namespace: acme, labels: {a: "1"}}, spec: {strategy: {canary: {stableMetadata: {annotations: {a: "1"}}, steps: [{experiment: {templates: [{metadata: {labels: {a: "1"}}}]}}]}}, selector: {labels: {a: "1"}}, template: {metadata: {labels: {a: "1"}}, ` + pod + `}}}`},
			[]string{"Rollout spec.strategy.canary.stableMetadata [acme]", "Rollout spec.strategy.canary.steps[0].experiment.templates[0].metadata [acme]", "Rollout spec.template.metadata [acme]"},
		},
		"metadata that an operator inherits": {
			[]string{`{apiVersion: rabbitmq.com/v1beta1, kind: RabbitmqCluster, metadata: {name: web, namespace: acme, annotations: {a: "1"}}, spec: {override: {statefulSet: {spec: {template: {metadata: {labels: {a: "1"}}}}}}}}`},
			[]string{"RabbitmqCluster metadata [acme]", "RabbitmqCluster spec.override.statefulSet.spec.template.metadata [acme]"},
		},
		"pods that are unknown, in their namespace": {
			[]string{`{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: web, namespace: flux}, spec: {targetNamespace: acme, values: {podLabels: {a: "1"}, pod: {labels: {a: "1"}}, persistentVolumeClaim: {labels: {a: "1"}}}}}`},
			[]string{"HelmRelease spec.values.pod [acme]"},
		},
		"a kind that makes no pods": {[]string{`{apiVersion: example.com/v1, kind: Alert, metadata: {name: web, namespace: acme}, spec: {rules: [{labels: {host: a}}]}}`}, nil},
		"the template that another resource refers to": {
			[]string{
				`{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: web, namespace: acme}, spec: {workloadRef: {apiVersion: v1, kind: PodTemplate, name: web}, strategy: {canary: {canaryMetadata: {labels: {a: "1"}}}}}}`,
				`{apiVersion: v1, kind: PodTemplate, metadata: {name: web, namespace: acme}, template: {metadata: {labels: {a: "1"}}, ` + pod + `}}`,
				`{apiVersion: v1, kind: PodTemplate, metadata: {name: web, namespace: beta}, template: {metadata: {labels: {a: "1"}}, ` + pod + `}}`,
			},
			[]string{"PodTemplate template.metadata [acme]", "Rollout spec.strategy.canary.canaryMetadata [acme]"},
		},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, m := range indexOf(t, c.items...).PodMetadata {
				got = append(got, fmt.Sprint(m.Resource.Kind, " ", m.Field, " ", m.Namespaces))
			}
			slices.Sort(got)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestTemplateRef creates the pods of a Rollout from the template that it refers to.
func TestTemplateRef(t *testing.T) {
	t.Parallel()
	rollout := func(kind, apiVersion string) *yaml.RNode {
		return yaml.MustParse(`{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: web, namespace: acme}, spec: {workloadRef: {apiVersion: ` + apiVersion + `, kind: ` + kind + `, name: web}}}`)
	}
	for _, template := range []*yaml.RNode{
		yaml.MustParse(`{apiVersion: v1, kind: PodTemplate, metadata: {name: web, namespace: acme}, template: {metadata: {labels: {app: web}}, spec: {hostNetwork: true, containers: [{name: web}]}}}`),
		yaml.MustParse(`{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: acme}, spec: {template: {metadata: {labels: {app: web}}, spec: {hostNetwork: true, containers: [{name: web}]}}}}`),
	} {
		index, _ := resource.NewIndex([]*yaml.RNode{rollout(template.GetKind(), template.GetApiVersion()), template})
		i := slices.IndexFunc(index.Workloads, func(w *resource.Workload) bool { return w.Ref.Kind == "Rollout" })
		if i < 0 || len(index.UnknownPods) > 0 {
			t.Errorf("%s: the Rollout has no pods", template.GetKind())
			continue
		}
		w := index.Workloads[i]
		if w.Labels["app"] != "web" || !w.HostNetwork || w.AllLabels["rollouts-pod-template-hash"] == "" || w.Resource.Kind != template.GetKind() {
			t.Errorf("%s: the Rollout's pods are %+v", template.GetKind(), w)
		}
	}
	index, _ := resource.NewIndex([]*yaml.RNode{rollout("PodTemplate", "v1")})
	if len(index.UnknownPods) != 1 || index.UnknownPods[0].Namespace != "acme" {
		t.Errorf("a template that is missing: %+v", index.UnknownPods)
	}
}
