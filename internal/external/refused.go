package external

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/strict"
)

// leaveOutRefused leaves out, and reports, each part of the result that a build refuses. The
// apiserver accepts more than an ExternalResources can express.
func (i *importer) leaveOutRefused() {
	if refusal("", i.Spec) == "" {
		return
	}
	ref := func(kind, namespace, name string) report.Ref {
		return report.Ref{Kind: kind, Namespace: namespace, Name: name}
	}
	i.Spec.Namespaces = kept(i.Spec.Namespaces, func(n v1alpha1.ExternalNamespace) bool {
		return i.refuses("Namespace", ref("Namespace", "", n.Name), "spec.namespaces[0]", v1alpha1.ExternalNamespace{Name: n.Name, Labels: n.Labels})
	})
	for at := range i.Spec.Namespaces {
		n := &i.Spec.Namespaces[at]
		if refusal("", inNamespace(*n)) == "" {
			continue
		}
		n.Workloads = kept(n.Workloads, func(w v1alpha1.ExternalWorkload) bool {
			kind := string(cmp.Or(w.Kind, v1alpha1.WorkloadDeployment))
			return i.refuses("workload", ref(kind, n.Name, w.Name), "spec.namespaces[0].workloads[0]", v1alpha1.ExternalNamespace{Name: n.Name, Workloads: []v1alpha1.ExternalWorkload{w}})
		})
		n.Services = kept(n.Services, func(s v1alpha1.ExternalService) bool {
			return i.refuses("Service", ref("Service", n.Name, s.Name), "spec.namespaces[0].services[0]", v1alpha1.ExternalNamespace{Name: n.Name, Services: []v1alpha1.ExternalService{s}})
		})
	}
	i.Spec.Nodes = kept(i.Spec.Nodes, func(n v1alpha1.ExternalNode) bool {
		return i.reportRefused("Node", ref("Node", "", n.Name), "spec.nodes[0]", v1alpha1.ExternalResourcesSpec{Nodes: []v1alpha1.ExternalNode{n}})
	})
}

// kept returns the elements that are not refused, nil for none.
func kept[T any](all []T, refused func(T) bool) []T {
	if all = slices.DeleteFunc(all, refused); len(all) == 0 {
		return nil
	}
	return all
}

func (i *importer) refuses(counted string, ref report.Ref, at string, n v1alpha1.ExternalNamespace) bool {
	return i.reportRefused(counted, ref, at, inNamespace(n))
}

func inNamespace(n v1alpha1.ExternalNamespace) v1alpha1.ExternalResourcesSpec {
	return v1alpha1.ExternalResourcesSpec{Namespaces: []v1alpha1.ExternalNamespace{n}}
}

// reportRefused reports whether a build refuses a spec with one part, at a field.
func (i *importer) reportRefused(counted string, ref report.Ref, at string, spec v1alpha1.ExternalResourcesSpec) bool {
	reason := refusal(at, spec)
	if reason == "" {
		return false
	}
	i.addRef(leftOut, ref, "is not imported, because ExternalResources cannot express it ("+reason+"): write it with the annotation config.kubernetes.io/local-config instead")
	if i.Kept[counted]--; i.Kept[counted] == 0 {
		delete(i.Kept, counted)
	}
	return true
}

// refusal states why a build refuses a spec, with the field below its only part.
func refusal(part string, spec v1alpha1.ExternalResourcesSpec) string {
	out, err := document("cluster", spec)
	if err != nil {
		return err.Error()
	}
	errs := refusals(out)
	if len(errs) == 0 {
		return ""
	}
	field := strings.TrimPrefix(strings.TrimPrefix(errs[0].Field, part), ".")
	return strings.TrimPrefix(field+": "+strict.Message(errs[0]), ": ")
}
