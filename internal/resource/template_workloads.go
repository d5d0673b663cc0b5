package resource

import (
	"cmp"
	"maps"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// Unseen is a resource that makes pods which it does not show.
type Unseen struct {
	Resource policy.Ref
	// Namespace is that of its pods, "" where it is unknown.
	Namespace string
	Reason    string
}

// addFound adds the pods of a resource of any kind but Kubernetes' own: those of each pod
// template in it.
func (x *Index) addFound(n *yaml.RNode) {
	kinds := loadPodKinds()
	if listed(kinds.Podless, n) != nil {
		return
	}
	t := templatesOf(n)
	ns, reasons := n.GetNamespace(), []string(nil)
	if k := listed(kinds.Unseen, n); k != nil {
		ns = cmp.Or((&inference{root: content(n.YNode())}).text(k.Namespace), ns)
		reasons = append(reasons, k.Reason)
	} else if len(t.loose) > 0 {
		reasons = append(reasons, t.loose[0]+" lists containers outside of a pod template, so the labels of their pods are unknown")
	}
	if len(t.hostNetwork) > 0 {
		reasons = append(reasons, t.hostNetwork[0]+" is true outside of a pod template")
	}
	if len(reasons) > 0 {
		x.unseen(n, ns, strings.Join(reasons, "; "))
	}
	for i, name := range distinctions(t.found) {
		x.addTemplate(n, t.found[i], name)
	}
}

func (x *Index) unseen(n *yaml.RNode, namespace, reason string) {
	x.Unseen = append(x.Unseen, Unseen{Resource: RefOf(n), Namespace: namespace, Reason: reason})
}

// addTemplate adds the pods of one template. name tells it apart from the others of the
// resource.
func (x *Index) addTemplate(n *yaml.RNode, t foundTemplate, name string) {
	ref := RefOf(n)
	ref.Namespace = cmp.Or(t.namespace, n.GetNamespace())
	if name != "" {
		ref.Name += "." + strings.ToLower(name)
	}
	var template podTemplate
	if err := decode(yaml.NewRNode(t.node), &template); err != nil {
		x.unseen(n, ref.Namespace, "the pod template "+t.field()+" cannot be read: "+err.Error())
		return
	}
	if ref.Namespace == "" {
		x.unseen(n, "", "the resource has no namespace, so that of the pods of "+t.field()+" is unknown")
		return
	}
	w := &Workload{Ref: ref, Resource: RefOf(n), Field: specOf(t.field()), External: Local(n)}
	w.AllLabels = maps.Clone(template.Metadata.Labels)
	if w.AllLabels == nil {
		w.AllLabels = map[string]string{}
	}
	maps.Copy(w.AllLabels, labelsOfFound(n, t))
	w.setIdentity()
	w.addSpec(template.Spec)
	x.Workloads = append(x.Workloads, w)
}

// labelsOfFound are those that controllers add to the pods of a template.
func labelsOfFound(n *yaml.RNode, t foundTemplate) map[string]string {
	out := map[string]string{}
	job := ""
	if t.inJobTemplate() {
		job = GeneratedValue
	}
	if c := controllerOf(n); c != nil {
		fill := strings.NewReplacer("{name}", n.GetName(), "{item}", t.item())
		for key, value := range c.Labels {
			out[key] = fill.Replace(value)
		}
		job = fill.Replace(cmp.Or(c.Job, job))
	}
	if job != "" {
		out[jobName], out[jobNameLong] = job, job
		out[jobUID], out[jobUIDLong] = GeneratedValue, GeneratedValue
	}
	return out
}

// tellApart gives workloads of one namespace, kind and name different names: those of a kind
// that is not Kubernetes' own have its group's in theirs.
func (x *Index) tellApart() {
	count := map[policy.Ref]int{}
	short := func(w *Workload) policy.Ref {
		return policy.Ref{Namespace: w.Ref.Namespace, Kind: w.Ref.Kind, Name: w.Ref.Name}
	}
	for _, w := range x.Workloads {
		count[short(w)]++
	}
	for _, w := range x.Workloads {
		group := groupOf(w.Ref.APIVersion)
		if count[short(w)] > 1 && strings.Contains(group, ".") {
			w.Ref.Name += "." + group
		}
	}
}
