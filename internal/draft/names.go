package draft

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// tenantName is a Tenant to write. byPattern reports that the pattern yields its namespace.
type tenantName struct {
	name, namespace string
	byPattern       bool
}

type excludedNamespace struct{ name, reason string }

const namePlaceholder = "{name}"

// systemNamespaces are those of Kubernetes itself.
var systemNamespaces = []string{"kube-system", "kube-public", "kube-node-lease"}

// chooseTenants chooses a Tenant for each namespace with workloads, and the pattern of their names.
func (b *build) chooseTenants() {
	of := map[string][]*resource.Workload{}
	for _, w := range b.index.Workloads {
		of[w.Ref.Namespace] = append(of[w.Ref.Namespace], w)
	}
	for _, name := range systemNamespaces {
		if of[name] != nil || b.index.Namespaces[name] != nil {
			b.excluded = append(b.excluded, excludedNamespace{name, "Kubernetes itself runs here"})
			delete(of, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(of)) {
		if !slices.ContainsFunc(of[name], func(w *resource.Workload) bool { return !w.HostNetwork }) {
			b.excluded = append(b.excluded, excludedNamespace{name, "all of its pods use hostNetwork, and no policy selects these"})
			delete(of, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(of)) {
		if b.isExternal(name, of[name]) {
			b.review("namespace "+name, "has external resources alone, so it has no Tenant: a Tenant in Enforce would deny what its pods need and no manifest names: add one if you know their flows")
			delete(of, name)
		}
	}
	b.namePattern(slices.Sorted(maps.Keys(of)))
	for _, t := range b.tenants {
		b.tenantOf[t.namespace] = t.name
	}
	for _, e := range b.excluded {
		b.chose(fmt.Sprintf("namespace %s has no Tenant: %s", e.name, e.reason))
	}
	b.noteNamespacesWithoutPods(of)
}

// isExternal reports whether the build has neither a namespace nor a workload in it.
func (b *build) isExternal(name string, workloads []*resource.Workload) bool {
	if n := b.find("Namespace", "", name); n != nil && !resource.IsLocalConfig(n) {
		return false
	}
	return !slices.ContainsFunc(workloads, func(w *resource.Workload) bool { return !w.External })
}

// namePattern chooses the namespacePattern that most names fit. The namespaces of all other Tenants are
// claims.
func (b *build) namePattern(namespaces []string) {
	b.pattern = namePlaceholder
	best, bestPattern := 0, ""
	for _, p := range patternsOf(namespaces) {
		if n := len(fitting(p, namespaces)); n > best {
			best, bestPattern = n, p
		}
	}
	if best > 1 && 2*best > len(namespaces) && !ambiguous(bestPattern, namespaces) {
		b.pattern = bestPattern
		b.chose(fmt.Sprintf("the name of a Tenant's namespace is %q: %d of %s have such a name", bestPattern, best, report.Count(len(namespaces), "namespace")))
	} else {
		b.chose(fmt.Sprintf("the name of a Tenant's namespace is %q: most names of namespaces have no common form", b.pattern))
	}
	for _, ns := range namespaces {
		name, fits := nameBy(b.pattern, ns)
		b.tenants = append(b.tenants, tenantName{name: name, namespace: ns, byPattern: fits})
	}
	slices.SortFunc(b.tenants, func(x, y tenantName) int { return strings.Compare(x.name, y.name) })
}

// patternsOf are the patterns with a word in front of or after the name, in the order of their text.
func patternsOf(namespaces []string) []string {
	found := map[string]bool{}
	for _, ns := range namespaces {
		parts := strings.Split(ns, "-")
		for i := 1; i < len(parts); i++ {
			found[strings.Join(parts[:i], "-")+"-"+namePlaceholder] = true
			found[namePlaceholder+"-"+strings.Join(parts[i:], "-")] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func fitting(pattern string, namespaces []string) []string {
	return slices.DeleteFunc(slices.Clone(namespaces), func(ns string) bool { _, fits := nameBy(pattern, ns); return !fits })
}

// nameBy is the name of the Tenant with a namespace. A namespace that does not fit has its own name.
func nameBy(pattern, namespace string) (string, bool) {
	before, after, _ := strings.Cut(pattern, namePlaceholder)
	name, ok := strings.CutPrefix(namespace, before)
	if ok {
		name, ok = strings.CutSuffix(name, after)
	}
	if !ok || len(validation.IsDNS1123Label(name)) > 0 || namespace == "default" || strings.HasPrefix(namespace, "kube-") {
		return namespace, false
	}
	return name, true
}

// ambiguous reports whether two namespaces would have Tenants of one name.
func ambiguous(pattern string, namespaces []string) bool {
	seen := map[string]bool{}
	for _, ns := range namespaces {
		name, _ := nameBy(pattern, ns)
		if seen[name] {
			return true
		}
		seen[name] = true
	}
	return false
}

// noteNamespacesWithoutPods reports namespaces whose pods the build does not show.
func (b *build) noteNamespacesWithoutPods(of map[string][]*resource.Workload) {
	for _, u := range b.index.UnknownPods {
		note := fmt.Sprintf("may create pods that the build does not show (%s): declare them as external resources", u.Reason)
		if u.Namespace != "" && of[u.Namespace] == nil {
			note += fmt.Sprintf(", and add a Tenant for namespace %s", u.Namespace)
		}
		b.unseen(describe(u.Resource), note)
	}
	for _, w := range b.index.Workloads {
		if w.HostNetwork && of[w.Ref.Namespace] != nil {
			b.review(describe(w.Ref), "uses hostNetwork, so no policy selects its pods: overrides of the profile allow it for this Tenant (limits.hostNetwork)")
		}
	}
}
