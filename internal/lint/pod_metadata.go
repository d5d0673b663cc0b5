package lint

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// placedMetadata are labels and annotations of a Namespace, or of pods, that affect traffic.
type placedMetadata struct {
	ref report.Ref
	// namespace is that of the pods, and field is the path of the metadata.
	namespace, field    string
	labels, annotations map[string]string
}

// namespaceMetadata returns the metadata of the Namespaces of a build, and the labels that the
// profile requires of namespaces of tenants.
func namespaceMetadata(f *policy.Fence, items []*yaml.RNode) []placedMetadata {
	var out []placedMetadata
	for _, n := range items {
		if resource.Group(n) == "" && n.GetKind() == "Namespace" {
			out = append(out, placedMetadata{resource.RefOf(n), n.GetName(), "metadata", n.GetLabels(), n.GetAnnotations()})
		}
	}
	for _, t := range f.Tenants() {
		for _, ns := range t.Namespaces {
			out = append(out, placedMetadata{ref: report.Ref{APIVersion: "v1", Kind: "Namespace", Name: ns}, namespace: ns, field: "metadata", labels: f.NamespaceLabels})
		}
	}
	return out
}

func podMetadata(f *policy.Fence, index *resource.Index) []placedMetadata {
	var out []placedMetadata
	for _, m := range index.PodMetadata {
		if i := slices.IndexFunc(m.Namespaces, f.MayAffectTenant); i >= 0 {
			out = append(out, placedMetadata{m.Resource, m.Namespaces[i], m.Field, m.Labels, m.Annotations})
		}
	}
	return out
}

// hasValue reports whether a label or an annotation has one of some values. None: any value.
func hasValue(in map[string]string, key string, values ...string) bool {
	value, ok := in[key]
	return ok && (len(values) == 0 || slices.Contains(values, value))
}

// metadataRule is the effect of a label or an annotation of a pod or its namespace on traffic.
type metadataRule struct {
	check *report.Check
	// label or annotation is the key, and values are those with the effect. None: any value.
	label, annotation string
	values            []string
	// oncePerNamespace reports whether one finding is enough for each namespace.
	oncePerNamespace bool
	// severityFor returns the severity, or "" if the rule has no effect in this cluster.
	severityFor func(*policy.Fence) report.Severity
	message     string
	// acceptKind is the kind that the profile may accept for the effect. Omitted: none.
	acceptKind kind
}

func always(s report.Severity) func(*policy.Fence) report.Severity {
	return func(*policy.Fence) report.Severity { return s }
}

// underCilium returns a severity if Cilium enforces policies, in a version with a fact.
func underCilium(fact cilium.Fact, s report.Severity) func(*policy.Fence) report.Severity {
	return func(f *policy.Fence) report.Severity {
		if f.Cluster.CNI == v1alpha1.CNIKubernetes || !f.Has(fact) {
			return ""
		}
		return s
	}
}

var networkAttachment = kind{"k8s.cni.cncf.io", "NetworkAttachmentDefinition"}

const notEnforcedOnInterfaces = " where policies are not enforced, so nothing is proved: remove the annotation, or accept it in the FenceProfile: undecidedKinds: [{group: k8s.cni.cncf.io, kind: NetworkAttachmentDefinition, reason: …}]"

const tunnelledPort = ": between pods of the mesh, policies see this port and not the declared ports: "

var metadataRules = []metadataRule{
	{
		check: report.ServiceMeshPort, label: "istio.io/dataplane-mode", values: []string{"ambient"}, oncePerNamespace: true, severityFor: always(report.Warning),
		message: "adds pods to Istio's ambient mesh, which tunnels connections to port 15008/TCP of the pods" + tunnelledPort + "add port 15008 to each flow, and restrict the declared ports by Istio's AuthorizationPolicies",
	},
	{
		check: report.ServiceMeshPort, annotation: "linkerd.io/inject", values: []string{"enabled", "ingress"}, oncePerNamespace: true, severityFor: always(report.Warning),
		message: "adds pods to Linkerd's mesh, whose proxies send connections to port 4143/TCP of the pods" + tunnelledPort + "add port 4143 to each flow, and restrict the declared ports by Linkerd's policies",
	},
	{
		check: report.ServiceMeshPort, label: "io.cilium/mtls-enabled", values: []string{"true"}, oncePerNamespace: true, severityFor: underCilium(cilium.Ztunnel, report.Warning),
		message: "adds pods to the mesh of Cilium's ztunnel, which tunnels connections to port 15008/TCP of the pods if agents have enable-ztunnel" + tunnelledPort + "add port 15008 to each flow, or remove the label",
	},
	{check: report.KindUndecided, annotation: "k8s.v1.cni.cncf.io/networks", severityFor: always(report.Error), acceptKind: networkAttachment, message: "gives pods additional network interfaces," + notEnforcedOnInterfaces},
	{check: report.KindUndecided, annotation: "v1.multus-cni.io/default-network", severityFor: always(report.Error), acceptKind: networkAttachment, message: "gives pods another network interface in place of Cilium's," + notEnforcedOnInterfaces},
	{
		check: report.NoTrackAnnotation, annotation: "policy.cilium.io/no-track-port", severityFor: underCilium(anyVersion, report.Info),
		message: "disables connection tracking by the node's iptables for this port: Cilium still enforces policies",
	},
	{
		check: report.NoTrackAnnotation, annotation: "io.cilium.no-track-port", severityFor: underCilium(anyVersion, report.Info),
		message: "disables connection tracking by the node's iptables for this port: Cilium still enforces policies",
	},
	{
		check: report.NoTrackAnnotation, annotation: "network.cilium.io/no-track-host-ports", severityFor: underCilium(anyVersion, report.Info),
		message: "disables connection tracking by the node's iptables for these ports of hostNetwork pods, which no policy selects",
	},
	{
		check: report.NoTrackAnnotation, annotation: "policy.cilium.io/no-track-host-ports", severityFor: underCilium(anyVersion, report.Info),
		message: "has no effect, because no version of Cilium has this annotation: remove it, or use network.cilium.io/no-track-host-ports, which applies only to hostNetwork pods",
	},
	{check: report.ProxyVisibilityAnnotation, annotation: "policy.cilium.io/proxy-visibility", severityFor: underCilium(cilium.ProxyVisibility, report.Warning), message: proxyVisibility},
	{check: report.ProxyVisibilityAnnotation, annotation: "io.cilium.proxy-visibility", severityFor: underCilium(cilium.ProxyVisibility, report.Warning), message: proxyVisibility},
}

var anyVersion cilium.Fact

var proxyVisibility = "redirects these ports to Cilium's proxy, which drops traffic of other protocols than the annotation names, whatever policies allow: remove it; Cilium " + cilium.ProxyVisibility.Removed() + " no longer supports it"
