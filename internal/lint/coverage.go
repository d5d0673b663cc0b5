package lint

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Coverage reports the resources that the proof does not decide: an error for each kind that
// affects traffic, unless the profile accepts it, and one finding for all unknown kinds and one for
// what is applied from elsewhere. The second result is the resources in whose namespaces flows are undecided.
// The items are distinct.
func Coverage(f *policy.Fence, index *resource.Index, items []*yaml.RNode) (report.Findings, []report.Ref) {
	pods := index.MakesPods()
	c := coverage{fence: f, resources: map[uncovered][]report.Ref{}, unknown: map[kind]int{}}
	for _, n := range items {
		if _, hasEmbedded := embeddedPolicy(n); !pods[resource.ID(n)] && !hasEmbedded {
			c.add(n)
		}
	}
	return slices.Concat(c.findings(), c.unknownKinds(), appliedElsewhere(items)), c.undecided
}

type kind struct{ group, name string }

func (k kind) String() string { return strings.Trim(k.group+" "+k.name, " ") }

// mutates reports whether resources of a kind change other resources when these are created.
func (k kind) mutates() bool {
	return k.group == "admissionregistration.k8s.io" && (k.name == "MutatingWebhookConfiguration" || k.name == "MutatingAdmissionPolicy")
}

// uncovered is the key of one finding: a kind and its message.
type uncovered struct {
	kind
	check    *report.Check
	severity report.Severity
	message  string
}

type coverage struct {
	fence *policy.Fence
	// resources has the resources of each finding.
	resources map[uncovered][]report.Ref
	unknown   map[kind]int
	undecided []report.Ref
}

func (c *coverage) add(n *yaml.RNode) {
	k, known := coverageOf(c.fence, n)
	if k.mutates() {
		c.record(n, uncovered{k, report.PodsMayChange, report.Info, "may change labels, ports and hostNetwork of pods after the build, but the proof uses the pods as written: if it does, declare the resulting pods as external resources"})
	}
	if effect, ofCilium := noEffectReason(c.fence, k); ofCilium {
		if effect != "" && !resource.IsLocalConfig(n) {
			c.record(n, uncovered{k, report.KindWithoutEffect, report.Warning, effect})
		}
		return
	}
	switch reason, accepted := acceptedKind(c.fence, k); {
	case known.Settled():
	case accepted:
		c.record(n, uncovered{k, report.KindUndecided, report.Info, reason})
	case known.Class == resource.NotDecided && known.OwnNamespaceOnly && !c.fence.MayAffectTenant(resource.NamespaceOf(n)):
		c.undecided = append(c.undecided, resource.RefOf(n))
		c.record(n, uncovered{k, report.KindUndecided, report.Warning, fmt.Sprintf("%s; this is not decided, so it is ignored, and FlowTest cases with pods of its namespace are undecided: remove it, or accept the kind in undecidedKinds of the FenceProfile", known.Reason)})
	case known.Class == resource.NotDecided:
		c.record(n, uncovered{k, report.KindUndecided, report.Error, fmt.Sprintf("%s; this is not decided, so nothing is proved: remove it, or accept it in the FenceProfile: undecidedKinds: [{group: %s, kind: %s, reason: …}]", known.Reason, k.group, k.name)})
	default:
		c.unknown[k]++
	}
}

var (
	envoyConfig   = kind{"cilium.io", "CiliumEnvoyConfig"}
	proxyCoverage = resource.Coverage{Class: resource.NotDecided, Reason: "has the annotation " + balancedAnnotation + ": with loadbalancer-l7, Cilium's operator creates a CiliumEnvoyConfig for it, and a proxy decides where connections to the Service go"}
)

const balancedAnnotation = "service.cilium.io/lb-l7"

// balancedByProxy reports whether Cilium's operator creates a CiliumEnvoyConfig for a Service.
func balancedByProxy(f *policy.Fence, n *yaml.RNode) bool {
	return f.Cluster.CNI != v1alpha1.CNIKubernetes && resource.Group(n) == "" && n.GetKind() == "Service" && n.GetAnnotations()[balancedAnnotation] == "enabled"
}

func coverageOf(f *policy.Fence, n *yaml.RNode) (kind, resource.Coverage) {
	if balancedByProxy(f, n) {
		return envoyConfig, proxyCoverage
	}
	return kind{resource.Group(n), n.GetKind()}, resource.CoverageOf(n)
}

func (c *coverage) record(n *yaml.RNode, u uncovered) {
	c.resources[u] = append(c.resources[u], resource.RefOf(n))
}

func acceptedKind(f *policy.Fence, k kind) (string, bool) {
	for i, accepted := range f.UndecidedKinds {
		if accepted.Group == k.group && accepted.Kind == k.name {
			return fmt.Sprintf("is not decided: undecidedKinds[%d] of the FenceProfile accepts the kind (%s)", i, accepted.Reason), true
		}
	}
	return "", false
}

func (c *coverage) findings() report.Findings {
	var out report.Findings
	for u, refs := range c.resources {
		slices.SortFunc(refs, func(a, b report.Ref) int { return strings.Compare(a.String(), b.String()) })
		message := u.message
		if more := len(refs) - 1; more > 0 {
			message += " (and " + report.Count(more, "other "+u.name) + ")"
		}
		out = append(out, report.New(u.check, u.severity, refs[0], "", "%s", message))
	}
	return out.Sort()
}

func (c *coverage) unknownKinds() report.Findings {
	for _, k := range appliers {
		delete(c.unknown, k) // appliedElsewhere names it.
	}
	if len(c.unknown) == 0 {
		return nil
	}
	var counts []string
	total := 0
	for _, k := range slices.SortedFunc(maps.Keys(c.unknown), func(a, b kind) int { return strings.Compare(a.String(), b.String()) }) {
		counts = append(counts, fmt.Sprintf("%s: %d", k, c.unknown[k]))
		total += c.unknown[k]
	}
	return report.Findings{report.New(report.KindsAssumedWithoutEffect, report.Info, report.Ref{}, "", "%s of unknown kinds (%s): they are assumed to have no effect on traffic and to create no pods: if they create pods, declare these as external resources", report.Count(total, "resource"), strings.Join(counts, ", "))}
}

// noEffectReason returns the reason why a kind of administrators' policies has no effect with
// Cilium, or "" for a kind that has an effect. It reports false for other kinds.
func noEffectReason(f *policy.Fence, k kind) (string, bool) {
	if f.Cluster.CNI == v1alpha1.CNIKubernetes || k.group != resource.AdministratorGroup {
		return "", false
	}
	switch {
	case k.name == "AdminNetworkPolicy" || k.name == "BaselineAdminNetworkPolicy":
		return fmt.Sprintf("has no effect: no version of Cilium enforces a %s: remove it, or write a ClusterNetworkPolicy, which Cilium enforces since %s with enable-k8s-cluster-network-policy: true", k.name, cilium.ClusterNetworkPolicies.Introduced()), true
	case k.name != resource.KindAdministrator:
		return "", false
	case !f.Has(cilium.ClusterNetworkPolicies):
		return fmt.Sprintf("has no effect: Cilium enforces it since %s, and cluster.ciliumVersion is %s: remove it, or upgrade Cilium", cilium.ClusterNetworkPolicies.Introduced(), f.Cluster.CiliumVersion), true
	case !f.Agent.Enabled(cilium.EnableClusterNetworkPolicy):
		return "has no effect: agents enforce it only with enable-k8s-cluster-network-policy: true, and the default is false: remove it, or enable the setting", true
	}
	return "", true
}
