package external

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// groupKey identifies a workload: its own, or the controller of pods.
type groupKey struct {
	namespace string
	// kind is the kind of the workload, Pod for the pods of an unknown controller.
	kind v1alpha1.WorkloadKind
	// controller is the kind of an unknown controller.
	controller, name string
}

// group has what the input shows of a workload.
type group struct {
	// template is what the workload declares, nil if the input lacks it.
	template *v1alpha1.ExternalWorkload
	// pods are its pods, and templates the ReplicaSets or Jobs of a controller that the input lacks.
	pods, templates []member
	// shown reports that a pod is made from template, so that the pods show how webhooks change it.
	shown bool
	// checked has the contents that are compared with the pods.
	checked map[string]bool
}

type member struct {
	name string
	pods v1alpha1.ExternalWorkload
}

// controlled has the fields of workloads that this package reads.
type controlled struct {
	Metadata struct {
		OwnerReferences []metav1.OwnerReference `json:"ownerReferences"`
	} `json:"metadata"`
	Spec struct {
		Replicas       *int32 `json:"replicas"`
		ManualSelector bool   `json:"manualSelector"`
		CompletionMode string `json:"completionMode"`
	} `json:"spec"`
	Status struct {
		Phase          string `json:"phase"`
		UpdateRevision string `json:"updateRevision"`
	} `json:"status"`
}

// workloadKind returns the kind of a workload, or "".
func workloadKind(n *yaml.RNode) v1alpha1.WorkloadKind {
	if resource.TemplatePath(n) == nil {
		return ""
	}
	return v1alpha1.WorkloadKind(n.GetKind())
}

// readWorkload adds a workload, or a part of one.
func (i *importer) readWorkload(n *yaml.RNode) error {
	in, err := i.controlled(n)
	if err != nil {
		return err
	}
	if n.GetKind() == "Pod" && (in.Status.Phase == "Succeeded" || in.Status.Phase == "Failed") {
		i.LeftOut["finished Pod"]++
		return nil
	}
	owner, err := i.controllerOf(n)
	if err != nil {
		return err
	}
	if owner.isOwn(n) {
		i.checkJob(n, in)
	} else {
		i.LeftOut[n.GetKind()+" of a controller"]++
	}
	if owner.represents(n) || in.isScaledToZero() && !owner.isOwn(n) {
		return nil
	}
	pods, template, err := i.podsOf(n, owner.key.kind)
	if err != nil {
		return err
	}
	g := i.group(owner.key)
	g.add(n, owner, pods)
	g.shown = g.shown || i.isOfTemplate(n, owner)
	i.checkPods(n, template, g, pods)
	return nil
}

// controlled reads a workload once.
func (i *importer) controlled(n *yaml.RNode) (controlled, error) {
	if in, ok := i.decoded[n]; ok {
		return in, nil
	}
	in, err := decode[controlled](n)
	i.decoded[n] = in
	return in, err
}

func (c controlled) isScaledToZero() bool { return c.Spec.Replicas != nil && *c.Spec.Replicas == 0 }

// group returns the group of a workload.
func (i *importer) group(key groupKey) *group {
	if i.groups[key] == nil {
		i.groups[key] = &group{}
	}
	return i.groups[key]
}

// add adds what a resource shows of the workload.
func (g *group) add(n *yaml.RNode, owner chain, pods v1alpha1.ExternalWorkload) {
	switch {
	case owner.isOwn(n):
		g.template = &pods
	case n.GetKind() == "Pod":
		g.pods = append(g.pods, member{n.GetName(), pods})
	default:
		g.templates = append(g.templates, member{n.GetName(), pods})
	}
}

// checkJob reports properties of Jobs on which the labels of their pods depend.
func (i *importer) checkJob(n *yaml.RNode, in controlled) {
	if n.GetKind() != "Job" {
		return
	}
	if in.Spec.ManualSelector || in.Spec.CompletionMode == "Indexed" {
		i.add(inexact, n, "has manualSelector or completionMode: Indexed, which change the labels of its pods and are not imported: write it with the annotation config.kubernetes.io/local-config instead")
	}
}

// podsOf converts the pods of a workload, without the labels that the controller of a kind adds. It
// also returns the template.
func (i *importer) podsOf(n *yaml.RNode, kind v1alpha1.WorkloadKind) (v1alpha1.ExternalWorkload, *yaml.RNode, error) {
	t, err := templateOf(n, kind)
	if t.node == nil {
		return t.content, nil, err
	}
	i.checkAnnotations(n, t.annotations)
	return t.content, t.node, nil
}

// podTemplate is the template of a workload, or a pod.
type podTemplate struct {
	node        *yaml.RNode
	annotations map[string]string
	content     v1alpha1.ExternalWorkload
}

// templateOf reads the template of a workload, without the labels that the controller of a kind
// adds.
func templateOf(n *yaml.RNode, kind v1alpha1.WorkloadKind) (podTemplate, error) {
	node, err := n.Pipe(yaml.Lookup(resource.TemplatePath(n)...))
	if err != nil || node == nil {
		return podTemplate{}, err
	}
	template, err := decode[corev1.PodTemplateSpec](node)
	if err != nil {
		return podTemplate{}, err
	}
	labels := maps.Clone(template.Labels)
	for _, key := range resource.ControllerLabels(string(kind)) {
		delete(labels, key)
	}
	return podTemplate{node: node, annotations: template.Annotations, content: podContent(labels, template.Spec)}, nil
}

// checkPods reports pods that differ from what is written of them, once for each content.
func (i *importer) checkPods(n, template *yaml.RNode, g *group, w v1alpha1.ExternalWorkload) {
	content := endpoints.JSONKey(w)
	if template == nil || g.checked[content] {
		return
	}
	if g.checked == nil {
		g.checked = map[string]bool{}
	}
	g.checked[content] = true
	w.Name, w.Kind = n.GetName(), v1alpha1.WorkloadPod
	pod := coreResource("Pod", n.GetNamespace(), w.Name)
	if spec := template.Field("spec"); spec != nil {
		pod.YNode().Content = append(pod.YNode().Content, text("spec"), spec.Value.YNode())
	}
	// The labels are those of the template without some, so they are no part of the comparison.
	w.Labels = nil
	if difference := resource.WorkloadDifference(pod, w); difference != "" {
		i.add(inexact, n, "has pods whose "+difference+" cannot be written exactly: write it with the annotation config.kubernetes.io/local-config instead")
	}
}

// addWorkloads adds the workloads of all groups.
func (i *importer) addWorkloads() {
	keys := slices.SortedFunc(maps.Keys(i.groups), func(a, b groupKey) int {
		return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name), cmp.Compare(a.kind, b.kind), cmp.Compare(a.controller, b.controller))
	})
	for _, key := range keys {
		for _, w := range i.groups[key].workloads(key) {
			i.Kept["workload"]++
			ns := i.namespace(key.namespace)
			taken := func(have v1alpha1.ExternalWorkload) bool { return have.Name == w.Name && have.Kind == w.Kind }
			if slices.ContainsFunc(ns.Workloads, taken) {
				w.Name += "-" + strings.ToLower(key.controller)
			}
			ns.Workloads = append(ns.Workloads, w)
		}
	}
}

// workloads returns the workload of a group, and one more for each kind of its pods that differs.
// Pods differ from the template if a webhook changes them, or during a rollout. The template counts
// as well, unless a pod that is made from it shows what runs.
func (g *group) workloads(key groupKey) []v1alpha1.ExternalWorkload {
	members := distinct(g.pods)
	if len(members) == 0 {
		members = distinct(g.templates)
	}
	named := func(w v1alpha1.ExternalWorkload, kind v1alpha1.WorkloadKind, name string) v1alpha1.ExternalWorkload {
		w.Name, w.Kind = name, kind
		if kind == v1alpha1.WorkloadDeployment {
			w.Kind = ""
		}
		return w
	}
	var out []v1alpha1.ExternalWorkload
	switch {
	case len(members) == 1 && (g.template == nil || g.shown):
		return append(out, named(members[0].pods, key.kind, key.name))
	case g.template != nil:
		out = append(out, named(*g.template, key.kind, key.name))
		members = slices.DeleteFunc(members, func(m member) bool { return endpoints.JSONKey(m.pods) == endpoints.JSONKey(*g.template) })
	case key.kind != v1alpha1.WorkloadPod:
		out = append(out, named(members[0].pods, key.kind, key.name))
		members = members[1:]
	}
	for _, m := range members {
		out = append(out, named(m.pods, v1alpha1.WorkloadPod, m.name))
	}
	return out
}

// distinct returns the first of the members with the same content, sorted by name.
func distinct(all []member) []member {
	all = slices.SortedFunc(slices.Values(all), func(a, b member) int { return cmp.Compare(a.name, b.name) })
	seen := map[string]bool{}
	return slices.DeleteFunc(all, func(m member) bool {
		content := endpoints.JSONKey(m.pods)
		defer func() { seen[content] = true }()
		return seen[content]
	})
}

// decode reads a resource. It is faster than the methods of RNode, and clusters have many pods.
func decode[T any](n *yaml.RNode) (T, error) {
	var out T
	var content any
	if err := n.YNode().Decode(&content); err != nil {
		return out, err
	}
	data, err := json.Marshal(content)
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(data, &out)
}
