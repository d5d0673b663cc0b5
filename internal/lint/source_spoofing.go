package lint

import (
	"strconv"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Annotations of Cilium that allow pods to send from any source address.
const (
	delegateSourceIP = "config.cilium.io/delegate-source-ip-verification"
	disableSourceIP  = "config.cilium.io/disable-source-ip-verification"
)

// SourceSpoofing reports pods that may send from addresses of other pods: policies use the identity
// of the address. Pods in any namespace can send as pods of a tenant. Agents that allow it for
// every pod are refused by their configuration.
// The items are distinct.
func SourceSpoofing(f *policy.Fence, index *resource.Index, items []*yaml.RNode) report.Findings {
	if !f.Has(cilium.SourceIPDelegation) {
		return nil
	}
	var out report.Findings
	delegated := map[string]bool{}
	for _, n := range items {
		if resource.Group(n) != "" || n.GetKind() != "Namespace" {
			continue
		}
		delegated[n.GetName()] = truthy(n.GetAnnotations()[delegateSourceIP])
		if delegated[n.GetName()] {
			out = append(out, report.New(report.SourceSpoofing, report.Warning, resource.RefOf(n), "metadata.annotations["+delegateSourceIP+"]", "%s", "allows pods in this namespace to send from the address of any pod with the annotation "+disableSourceIP+": remove it, or refuse that annotation by an admission policy"))
		}
	}
	for _, m := range index.PodMetadata {
		if !truthy(m.Annotations[disableSourceIP]) {
			continue
		}
		for _, ns := range m.Namespaces {
			out = append(out, spoofingFindings(f, m, ns, delegated)...)
		}
	}
	return out
}

func spoofingFindings(f *policy.Fence, m resource.PodMetadata, namespace string, delegated map[string]bool) report.Findings {
	field := m.Field + ".annotations[" + disableSourceIP + "]"
	switch permitted, known := delegated[namespace]; {
	case known && !permitted:
		return nil
	case !known:
		return report.Findings{report.New(report.SourceSpoofing, report.Warning, m.Resource, field,
			"lets the pods send with the address of any pod where Namespace %q, which is not in the build, has the annotation %s: remove it", namespace, delegateSourceIP)}
	}
	severity := report.Warning
	if f.MayAffectTenant(namespace) {
		severity = report.Error
	}
	return report.Findings{report.New(report.SourceSpoofing, severity, m.Resource, field,
		"lets the pods send with the address of any pod, as which policies then decide about them: nothing is proved of what they reach: remove it, or move the pods to a namespace without a Tenant")}
}

// truthy reports whether Cilium reads the value of an annotation as true.
func truthy(value string) bool {
	on, err := strconv.ParseBool(value)
	return err == nil && on
}
