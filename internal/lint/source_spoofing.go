package lint

import (
	"strconv"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Annotations of Cilium by which pods may send with any source address.
const (
	delegateSourceIP = "config.cilium.io/delegate-source-ip-verification"
	disableSourceIP  = "config.cilium.io/disable-source-ip-verification"
	// sourceIPSince is the minor version that introduces them.
	sourceIPSince = 20
)

// SourceSpoofing reports pods that may send with the addresses of others: policies decide about
// these by the identity of the address. Pods of any namespace can send as pods of a tenant.
// Agents that let every pod do so are refused with their configuration.
func SourceSpoofing(f *policy.Fence, index *resource.Index, items []*yaml.RNode) report.Findings {
	if f.Cluster.CNI == v1alpha1.CNIKubernetes || policy.Minor(f.Cluster.CiliumVersion) < sourceIPSince {
		return nil
	}
	items, _ = resource.Deduplicate(items)
	var out report.Findings
	delegated := map[string]bool{}
	for _, n := range items {
		if resource.Group(n) != "" || n.GetKind() != "Namespace" {
			continue
		}
		delegated[n.GetName()] = truthy(n.GetAnnotations()[delegateSourceIP])
		if delegated[n.GetName()] {
			out = append(out, report.New(report.SourceSpoofing, report.Warning, resource.RefOf(n), "metadata.annotations["+delegateSourceIP+"]", "%s", "has Cilium obey the annotation "+disableSourceIP+" of pods in this namespace, which may then send with the address of any pod: remove it, or have an admission policy refuse that annotation"))
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

// spoofingFindings is the finding about the pods of a resource in a namespace, if any.
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

// truthy reports whether Cilium takes the value of an annotation for true.
func truthy(value string) bool {
	on, err := strconv.ParseBool(value)
	return err == nil && on
}
