package resource

import (
	"cmp"
	"maps"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// UnknownPods is a resource whose pods are unknown.
type UnknownPods struct {
	Resource report.Ref
	// Namespace is the namespace of its pods, or "" if it is unknown.
	Namespace string
	Reason    string
}

// addFoundTemplates adds the pods of a resource of any kind outside of Kubernetes' own groups:
// those of each pod template in it.
func (x *Index) addFoundTemplates(n *yaml.RNode) {
	kinds := loadPodKinds()
	if findKind(kinds.Podless, n) != nil {
		return
	}
	t := templatesOf(n)
	ns, reasons := n.GetNamespace(), []string(nil)
	if k := findKind(kinds.UnknownPods, n); k != nil {
		ns = cmp.Or((&inference{root: content(n.YNode())}).text(k.Namespace), ns)
		reasons = append(reasons, k.Reason)
	} else if len(t.containersOutside) > 0 {
		reasons = append(reasons, t.containersOutside[0]+" lists containers outside a pod template, so the labels of their pods are unknown")
	}
	if len(t.hostNetwork) > 0 {
		reasons = append(reasons, t.hostNetwork[0]+" is true outside a pod template")
	}
	if len(reasons) > 0 {
		x.addUnknownPods(n, ns, strings.Join(reasons, "; "))
	}
	for i, name := range distinguishingNames(t.found) {
		x.addTemplate(n, t.found[i], name)
	}
}

// MakesPods reports whether a resource shows that it makes pods, known or unknown.
func MakesPods(n *yaml.RNode) bool {
	x, _ := NewIndex([]*yaml.RNode{n})
	return len(x.Workloads)+len(x.UnknownPods) > 0
}

func (x *Index) addUnknownPods(n *yaml.RNode, namespace, reason string) {
	x.UnknownPods = append(x.UnknownPods, UnknownPods{Resource: RefOf(n), Namespace: namespace, Reason: reason})
}

// addTemplate adds the pods of one template. name distinguishes it from the other templates of the
// resource.
func (x *Index) addTemplate(n *yaml.RNode, t foundTemplate, name string) {
	ref := RefOf(n)
	ref.Namespace = cmp.Or(t.namespace, n.GetNamespace())
	if name != "" {
		ref.Name += "." + strings.ToLower(name)
	}
	var template podTemplate
	if err := decode(yaml.NewRNode(t.node), &template); err != nil {
		x.addUnknownPods(n, ref.Namespace, "the pod template"+inField(t)+" is invalid: "+err.Error())
		return
	}
	if ref.Namespace == "" {
		x.addUnknownPods(n, "", "the resource has no namespace, so the namespace of the pods of its template"+inField(t)+" is unknown")
		return
	}
	w := &Workload{Ref: ref, Resource: RefOf(n), Field: specOf(t.field()), External: IsLocalConfig(n)}
	w.AllLabels = maps.Clone(template.Metadata.Labels)
	if w.AllLabels == nil {
		w.AllLabels = map[string]string{}
	}
	maps.Copy(w.AllLabels, labelsOfFound(n, t))
	w.setIdentity()
	w.addSpec(template.Spec)
	x.Workloads = append(x.Workloads, w)
}

// inField names the field of a template. It has no name in a resource that is itself the template.
func inField(t foundTemplate) string { return strings.TrimSuffix(" "+t.field(), " ") }

// labelsOfFound returns the labels that controllers add to the pods of a template.
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

// disambiguateNames gives workloads of one namespace, kind and name different names: the API group
// is added for kinds outside of Kubernetes' own groups.
func (x *Index) disambiguateNames() {
	count := map[report.Ref]int{}
	short := func(w *Workload) report.Ref {
		return report.Ref{Namespace: w.Ref.Namespace, Kind: w.Ref.Kind, Name: w.Ref.Name}
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
