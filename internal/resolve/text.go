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
	"github.com/tenantfence/tenantfence/internal/resource"
	"github.com/tenantfence/tenantfence/internal/strict"
)

// describeWorkloads are some workloads in a message.
func describeWorkloads(list []*resource.Workload) string {
	var out []string
	for _, w := range list {
		out = append(out, fmt.Sprintf("%s/%s of namespace %s", w.Ref.Kind, w.Ref.Name, w.Ref.Namespace))
	}
	return truncatedList(out)
}

func labelsYAML(labels map[string]string) string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		out = append(out, fmt.Sprintf("%s: %q", key, labels[key]))
	}
	return "{" + strings.Join(out, ", ") + "}"
}

func formatPortNumbers(ports []int32) string {
	var out []string
	for _, p := range ports {
		out = append(out, fmt.Sprint(p))
	}
	return strings.Join(out, ", ")
}

func eachNamespace(names []string) []string {
	var out []string
	for _, ns := range names {
		out = append(out, fmt.Sprintf("{namespace: %s}", ns))
	}
	return out
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
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = `"` + n + `"`
	}
	return strings.Join(out, ", ")
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
	var out []string
	for _, p := range ports {
		out = append(out, p.String())
	}
	return strings.Join(out, separator)
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
			if near := strict.Nearest(value, sortedUnique(have[key])); near != "" {
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

func sortedUnique(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }

// truncatedList is a list in a message, which counts the rest of a long one.
func truncatedList(names []string) string {
	const shown = 5
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}
