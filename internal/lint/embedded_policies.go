package lint

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// embedded is a resource within another one. A controller creates it from there.
type embedded struct {
	node      *yaml.RNode
	field     string
	namespace string
}

// EmbeddedPolicies reports policies and other resources that affect traffic within resources of
// other kinds. Controllers create them, and they are not decided. The second result is the
// resources in whose namespaces flows are undecided.
// The items are distinct.
func EmbeddedPolicies(f *policy.Fence, items []*yaml.RNode) (report.Findings, []report.Ref) {
	var out report.Findings
	var undecided []report.Ref
	for _, n := range items {
		e, found := embeddedPolicy(n)
		if !found {
			continue
		}
		finding := e.finding(f, resource.RefOf(n))
		if finding.Severity == report.Warning {
			at := resource.RefOf(n)
			at.Namespace = e.namespace
			undecided = append(undecided, at)
		}
		out = append(out, finding)
	}
	return out, undecided
}

func (e embedded) finding(f *policy.Fence, holder report.Ref) report.Finding {
	if reason, accepted := f.UndecidedKindReason(holder); accepted {
		return report.New(report.KindUndecided, report.Info, holder, e.field,
			"holds a %s, which is not decided here: the profile's undecidedKinds accepts the kind %s (%s)", e.node.GetKind(), holder.Kind, reason)
	}
	severity, so := report.Error, "nothing is proved"
	if e.namespace != "" && !f.MayAffectTenant(e.namespace) {
		severity, so = report.Warning, "it is left out, and FlowTest cases with pods of its namespace are undecided"
	}
	return report.New(report.KindUndecided, severity, holder, e.field,
		"holds a %s that a controller creates; this is not decided, so %s: list it as a separate resource, or accept the kind in the FenceProfile: undecidedKinds: [{group: %s, kind: %s, reason: …}]",
		e.node.GetKind(), so, groupOfRef(holder), holder.Kind)
}

// embeddedPolicy returns the first resource that affects traffic within a resource of an unknown
// kind.
func embeddedPolicy(n *yaml.RNode) (embedded, bool) {
	if resource.IsLocalConfig(n) || resource.CoverageOf(n).Class != "" || strings.HasSuffix(n.GetKind(), "List") {
		return embedded{}, false
	}
	doc, err := n.Map()
	if err != nil {
		return embedded{}, false
	}
	delete(doc, "metadata")
	delete(doc, "status")
	found := embeddedIn("", resource.NamespaceOf(n), doc)
	i := slices.IndexFunc(found, affectsTraffic)
	if i < 0 {
		return embedded{}, false
	}
	return found[i], true
}

func affectsTraffic(e embedded) bool {
	return resource.IsPolicy(e.node) || resource.CoverageOf(e.node).Class == resource.NotDecided
}

func embeddedIn(at, namespace string, value any) []embedded {
	var out []embedded
	switch value := value.(type) {
	case map[string]any:
		kind, _ := value["kind"].(string)
		apiVersion, _ := value["apiVersion"].(string)
		if at != "" && kind != "" && apiVersion != "" && hasContent(value) {
			if metadata, _ := value["metadata"].(map[string]any); metadata["namespace"] != nil {
				namespace = fmt.Sprint(metadata["namespace"])
			}
			if node, err := yaml.FromMap(value); err == nil {
				out = append(out, embedded{node, at, namespace})
			}
		}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			out = append(out, embeddedIn(strings.TrimPrefix(at+"."+key, "."), namespace, value[key])...)
		}
	case []any:
		for i, item := range value {
			out = append(out, embeddedIn(fmt.Sprintf("%s[%d]", at, i), namespace, item)...)
		}
	}
	return out
}

// hasContent reports whether a mapping with a kind is a resource or a template of one, and not only
// a reference.
func hasContent(value map[string]any) bool {
	return slices.ContainsFunc([]string{"metadata", "spec", "specs", "data", "clone"}, func(key string) bool { return value[key] != nil })
}
