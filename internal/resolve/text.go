package resolve

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
	"github.com/tenantfence/tenantfence/internal/strict"
)

// texts are the texts of a list, each by a function.
func texts[T any](list []T, text func(T) string) []string {
	var out []string
	for _, item := range list {
		out = append(out, text(item))
	}
	return out
}

// describeWorkloads are some workloads in a message.
func describeWorkloads(list []*resource.Workload) string {
	return truncatedList(texts(list, func(w *resource.Workload) string {
		return fmt.Sprintf("%s/%s of namespace %s", w.Ref.Kind, w.Ref.Name, w.Ref.Namespace)
	}))
}

func labelsYAML(labels map[string]string) string {
	return "{" + strings.Join(texts(slices.Sorted(maps.Keys(labels)), func(key string) string { return fmt.Sprintf("%s: %q", key, labels[key]) }), ", ") + "}"
}

func formatPortNumbers(ports []int32) string {
	return strings.Join(texts(ports, func(p int32) string { return fmt.Sprint(p) }), ", ")
}

func eachNamespace(names []string) []string {
	return texts(names, func(ns string) string { return fmt.Sprintf("{namespace: %s}", ns) })
}

// oppositeSide is the side of a flow that the other tenant has to declare.
func oppositeSide(f *declaredFlow) string {
	return "the " + string(f.direction.Opposite()) + " side of this flow"
}

// plural is the word for a number of things.
func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func isTrue(b *bool) bool { return b != nil && *b }

func quoteAll(names []string) string {
	return strings.Join(texts(names, func(n string) string { return `"` + n + `"` }), ", ")
}

var plainScalar = regexp.MustCompile(`^[A-Za-z][-A-Za-z0-9_.]*$`)

// yamlScalar is a text as YAML has it, in quotes where it could be something else.
func yamlScalar(s string) string {
	if plainScalar.MatchString(s) && !slices.Contains([]string{"true", "false", "yes", "no", "on", "off", "null", "y", "n"}, strings.ToLower(s)) {
		return s
	}
	return strconv.Quote(s)
}

// formatPorts lists ports in a message.
func formatPorts(ports []flow.Port, separator string) string {
	return strings.Join(texts(ports, flow.Port.String), separator)
}

func describeTenant(t *tenant) string {
	if t == nil {
		return "no Tenant"
	}
	return "Tenant " + endpoints.JSONKey(t.Name)
}

// externalKind is the kind that declares external resources, as messages show it.
const externalKind = `(kind: ExternalResources)`

// Alternative fixes for what a flow needs and the build does not have: its own pods, or a peer.
const (
	orRemoveFlow = ", remove the flow, or set optional: true"
	orRemovePeer = ", remove the peer, or set optional: true"
)

// correction is the fix for a name that does not exist: the similar name, or else another fix.
func correction(name string, candidates []string, otherwise string) string {
	if near := strict.Nearest(name, candidates); near != "" {
		return strict.Otherwise(near, otherwise)
	}
	return orElse("correct the name", otherwise)
}

// orElse is a fix before other fixes: "correct the name, add the Tenant, or remove the peer".
func orElse(fix, others string) string {
	if strings.Contains(others, ", or ") {
		return fix + ", " + others
	}
	return fix + ", or " + others
}

// declareExternal is the fix for pods, a Service or a Namespace that another build deploys.
func declareExternal(what string) string {
	kind := "an external resource "
	if what == "the pods" {
		kind = "external resources "
	}
	return "declare " + what + " as " + kind + externalKind
}

func addLabels(to map[string][]string, labels map[string]string) {
	for key, value := range labels {
		to[key] = append(to[key], value)
	}
}

// labelFix is the fix for labels that nothing has: the similar label, if one exists, or else another fix.
func labelFix(have map[string][]string, labels map[string]string, otherwise string) string {
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		value := labels[key]
		if len(have[key]) > 0 {
			if near := strict.Nearest(value, endpoints.SortedUnique(have[key])); near != "" {
				return fmt.Sprintf("did you mean %s: %s? Otherwise %s", key, yamlScalar(near), otherwise)
			}
		} else if near := strict.Nearest(key, slices.Sorted(maps.Keys(have))); near != "" {
			return fmt.Sprintf("did you mean %s: %s? Otherwise %s", near, yamlScalar(value), otherwise)
		}
	}
	return orElse("correct the labels", otherwise)
}

// namespaceList names namespaces in a message.
func namespaceList(namespaces []string) string {
	if len(namespaces) == 1 {
		return fmt.Sprintf("namespace %q", namespaces[0])
	}
	return "namespaces " + quoteSome(namespaces)
}

// quoteSome quotes names for a person, and counts those of a long list that it leaves out.
func quoteSome(names []string) string {
	const shown = 5
	if len(names) <= shown+1 {
		return quoteAll(names)
	}
	return fmt.Sprintf("%s and %d more", quoteAll(names[:shown]), len(names)-shown)
}

// truncatedList is a list in a message, which counts the rest of a long one.
func truncatedList(names []string) string {
	const shown = 5
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}

func (r *facts) tenantNames() []string {
	out := slices.Collect(maps.Keys(r.unread))
	for _, t := range r.tenants {
		out = append(out, t.Name)
	}
	slices.Sort(out)
	return out
}

func (r *facts) namespaceNames() []string { return slices.Sorted(maps.Keys(r.index.Namespaces)) }

// serviceNotFound is the message about a Service that is in none of some namespaces.
func (r *endsPass) serviceNotFound(namespaces []string, name, alternatives string) string {
	otherwise := declareExternal("the Service") + alternatives
	if ns := namespaces[0]; len(namespaces) == 1 && r.index.Namespaces[ns] == nil {
		return fmt.Sprintf("Service %s/%s is not in the build, and neither is its namespace: %s", ns, name, correction(ns, r.namespaceNames(), otherwise))
	}
	var candidates, elsewhere []string
	for _, s := range r.index.Services {
		switch {
		case slices.Contains(namespaces, s.Ref.Namespace):
			candidates = append(candidates, s.Ref.Name)
		case s.Ref.Name == name:
			elsewhere = append(elsewhere, s.Ref.Namespace+"/"+name)
		}
	}
	fix := correction(name, candidates, otherwise)
	if strict.Nearest(name, candidates) == "" && len(elsewhere) == 1 {
		fix = strict.Otherwise(elsewhere[0], otherwise)
	}
	return fmt.Sprintf("%s has no Service %q in the build: %s", namespaceList(namespaces), name, fix)
}

// podsNotFound is the message about a selector that selects no pod of some namespaces.
func (r *facts) podsNotFound(namespaces []string, pods endpoints.Selector, alternatives string) string {
	return fmt.Sprintf("selects no pod of %s in the build: %s", namespaceList(namespaces), r.podsFix(namespaces, pods, alternatives))
}

// podsFix is the fix for a selector that selects no pod of some namespaces.
func (r *facts) podsFix(namespaces []string, pods endpoints.Selector, alternatives string) string {
	have := map[string][]string{}
	for _, ns := range namespaces {
		for _, w := range r.index.WorkloadsIn(ns, endpoints.Selector{}) {
			addLabels(have, w.Labels)
		}
	}
	return labelFix(have, pods.MatchLabels, declareExternal("the pods")+alternatives)
}

// namespaceLabels are the values of each label of the namespaces of the build.
func (r *endsPass) namespaceLabels() map[string][]string {
	have := map[string][]string{}
	for _, ns := range r.index.Namespaces {
		addLabels(have, ns.Labels)
	}
	return have
}

// portFix is the fix for a port name that no pod has.
func (r *endsPass) portFix(port flow.Port, peers []policy.Peer) string {
	var names []string
	for _, peer := range peers {
		for _, w := range r.index.WorkloadsIn(peer.Namespace, peer.Pods) {
			for _, p := range w.Ports {
				if p.Protocol == port.Protocol {
					names = append(names, p.Name)
				}
			}
		}
	}
	if len(names) == 0 {
		return "use the number, or add the port to the containers"
	}
	if near := strict.Nearest(port.Name, endpoints.SortedUnique(names)); near != "" {
		return strict.Otherwise(near, "use the number")
	}
	return "use the number, or one of the port names: " + truncatedList(endpoints.SortedUnique(names))
}

// servicePortFix is the fix for a port that a Service does not have.
func servicePortFix(s *resource.Service, port flow.Port) string {
	var names, all []string
	for _, p := range s.Ports {
		text := fmt.Sprintf("%d/%s", p.Port, p.Protocol)
		if p.Name != "" {
			names = append(names, p.Name)
			text += " (" + p.Name + ")"
		}
		all = append(all, text)
	}
	return strict.Otherwise(strict.Nearest(port.Name, names), "use the ports of the Service, by name or number: "+strings.Join(all, ", "))
}
