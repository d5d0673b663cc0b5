package lint

import (
	"fmt"
	"strconv"

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
	// verifySourceIP is the key of cilium-config for all pods.
	verifySourceIP = "enable-source-ip-verification"
)

// SourceSpoofing reports pods that may send with the addresses of others: policies decide about
// these by the identity of the address. Pods of any namespace can send as pods of a tenant.
func SourceSpoofing(f *policy.Fence, items []*yaml.RNode) policy.Findings {
	if f.Cluster.CNI == v1alpha1.CNIKubernetes {
		return nil
	}
	items, _ = resource.Distinct(items)
	var out policy.Findings
	for _, n := range items {
		if isAgentConfig(n) && n.GetDataMap()[verifySourceIP] == "false" {
			out = append(out, policy.Finding{
				Check: "source-spoofing", Severity: policy.Error, Resource: resource.RefOf(n), Field: "data[" + verifySourceIP + "]",
				Message: "is false, so every pod may send with the address of another, as which policies then decide about it: nothing is proved: remove it",
			})
		}
	}
	if policy.Minor(f.Cluster.CiliumVersion) < sourceIPSince {
		return out
	}
	delegated := delegatedNamespaces(items)
	for _, n := range items {
		for _, p := range placedIn(n) {
			out = append(out, p.spoofs(f, delegated)...)
		}
	}
	return out
}

// spoofs are the findings about the pods of one template, or a Namespace.
func (p placed) spoofs(f *policy.Fence, delegated map[string]bool) policy.Findings {
	finding := policy.Finding{Check: "source-spoofing", Severity: policy.Warning, Resource: p.ref, Field: p.at + "metadata.annotations[" + disableSourceIP + "]"}
	permitted, known := delegated[p.namespace]
	switch {
	case p.spec == nil && truthy(p.annotations[delegateSourceIP]):
		finding.Field = p.at + "metadata.annotations[" + delegateSourceIP + "]"
		finding.Message = "has Cilium obey the annotation " + disableSourceIP + " of pods in this namespace, which may then send with the address of any pod: remove it, or have an admission policy refuse that annotation"
	case p.spec == nil || !truthy(p.annotations[disableSourceIP]) || known && !permitted:
		return nil
	case !known:
		finding.Message = fmt.Sprintf("lets the pods send with the address of any pod where Namespace %q, which is not in the build, has the annotation %s: remove it", p.namespace, delegateSourceIP)
	default:
		if f.Concerns(p.namespace) {
			finding.Severity = policy.Error
		}
		finding.Message = "lets the pods send with the address of any pod, as which policies then decide about them: nothing is proved of what they reach: remove it, or move the pods to a namespace without a Tenant"
	}
	return policy.Findings{finding}
}

// delegatedNamespaces are the Namespaces of the build, and whether Cilium obeys the annotation of
// their pods.
func delegatedNamespaces(items []*yaml.RNode) map[string]bool {
	out := map[string]bool{}
	for _, n := range items {
		if resource.Group(n) == "" && n.GetKind() == "Namespace" {
			annotation, has := n.GetAnnotations()[delegateSourceIP]
			out[n.GetName()] = has && truthy(annotation)
		}
	}
	return out
}

func isAgentConfig(n *yaml.RNode) bool {
	return resource.Group(n) == "" && n.GetKind() == "ConfigMap" && n.GetName() == "cilium-config"
}

// truthy reports whether Cilium takes the value of an annotation for true.
func truthy(value any) bool {
	on, err := strconv.ParseBool(fmt.Sprint(value))
	return err == nil && on
}
