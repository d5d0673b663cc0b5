package lint

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// placed is a Namespace's, a pod's or a pod template's content that affects its traffic.
type placed struct {
	ref policy.Ref
	// namespace is that of the pods, and at the path of the pod's fields: "spec.template.".
	namespace, at       string
	labels, annotations map[string]any
	spec                map[string]any
}

// placedIn are those of a resource. Pod templates are found by their shape, whatever the kind.
func placedIn(n *yaml.RNode) []placed {
	doc, err := n.Map()
	if err != nil {
		return nil
	}
	ref := resource.RefOf(n)
	whole := placedAt(ref, "", doc)
	switch {
	case resource.Group(n) == "" && n.GetKind() == "Namespace":
		whole.namespace, whole.spec = n.GetName(), nil
		return []placed{whole}
	case resource.Group(n) == "" && n.GetKind() == "Pod":
		return []placed{whole}
	}
	return templatesIn(ref, "", doc)
}

func placedAt(ref policy.Ref, at string, doc map[string]any) placed {
	metadata, _ := doc["metadata"].(map[string]any)
	out := placed{ref: ref, namespace: ref.Namespace, at: at}
	out.labels, _ = metadata["labels"].(map[string]any)
	out.annotations, _ = metadata["annotations"].(map[string]any)
	out.spec, _ = doc["spec"].(map[string]any)
	return out
}

// templatesIn finds everything that has containers in its spec.
func templatesIn(ref policy.Ref, at string, value any) []placed {
	var out []placed
	switch value := value.(type) {
	case map[string]any:
		if spec, ok := value["spec"].(map[string]any); ok && spec["containers"] != nil {
			return []placed{placedAt(ref, at, value)}
		}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			out = append(out, templatesIn(ref, at+key+".", value[key])...)
		}
	case []any:
		for i, item := range value {
			out = append(out, templatesIn(ref, fmt.Sprintf("%s[%d].", strings.TrimSuffix(at, "."), i), item)...)
		}
	}
	return out
}

// has reports whether a label or an annotation has one of some values. None: any value.
func has(in map[string]any, key string, values ...string) bool {
	value, ok := in[key]
	text, isText := value.(string)
	return ok && (len(values) == 0 || isText && slices.Contains(values, text))
}

// metadataRule is what a label or an annotation of a pod or its namespace does to traffic.
type metadataRule struct {
	check string
	// label or annotation is the key, and values are those that count. None: any value.
	label, annotation string
	values            []string
	// once for each namespace, and not for each resource.
	once bool
	// of is the severity, "" where there is nothing to report in this cluster.
	of      func(*policy.Fence) policy.Severity
	message string
}

func always(s policy.Severity) func(*policy.Fence) policy.Severity {
	return func(*policy.Fence) policy.Severity { return s }
}

func underCilium(before int, s policy.Severity) func(*policy.Fence) policy.Severity {
	return func(f *policy.Fence) policy.Severity {
		if f.Cluster.CNI == v1alpha1.CNIKubernetes || before > 0 && policy.Minor(f.Cluster.CiliumVersion) >= before {
			return ""
		}
		return s
	}
}

const tunnelled = ": between pods of the mesh, policies are decided on this port and not on those that flows declare: "

var metadataRules = []metadataRule{
	{
		check: "mesh-port", label: "istio.io/dataplane-mode", values: []string{"ambient"}, once: true, of: always(policy.Warning),
		message: "puts pods into Istio's ambient mesh, which tunnels connections to port 15008/TCP of the pods" + tunnelled + "declare 15008 beside each flow's ports, and have Istio's AuthorizationPolicies decide on the ports behind it",
	},
	{
		check: "mesh-port", annotation: "linkerd.io/inject", values: []string{"enabled", "ingress"}, once: true, of: always(policy.Warning),
		message: "puts pods into Linkerd's mesh, whose proxies send connections to port 4143/TCP of the pods" + tunnelled + "declare 4143 beside each flow's ports, and have Linkerd's policies decide on the ports behind it",
	},
	{
		check: "kind-not-decided", annotation: "k8s.v1.cni.cncf.io/networks", of: additionalNetworks,
		message: "gives pods more network interfaces, at which these policies are not enforced, so nothing is proved: remove it, or accept the kind in the FenceProfile: undecidedKinds: [{group: k8s.cni.cncf.io, kind: NetworkAttachmentDefinition, reason: …}]",
	},
	{
		check: "no-track-annotation", annotation: "policy.cilium.io/no-track-port", of: underCilium(0, policy.Info),
		message: "has the node's iptables not track connections to this port: Cilium decides its policies for them as for others",
	},
	{
		check: "no-track-annotation", annotation: "io.cilium.no-track-port", of: underCilium(0, policy.Info),
		message: "has the node's iptables not track connections to this port: Cilium decides its policies for them as for others",
	},
	{
		check: "no-track-annotation", annotation: "network.cilium.io/no-track-host-ports", of: underCilium(0, policy.Info),
		message: "has the node's iptables not track connections to these ports of hostNetwork pods, which no policy selects",
	},
	{
		check: "no-track-annotation", annotation: "policy.cilium.io/no-track-host-ports", of: underCilium(0, policy.Info),
		message: "has no effect, since no version of Cilium knows this annotation: remove it, or write network.cilium.io/no-track-host-ports, which is for hostNetwork pods alone",
	},
	{
		check: "proxy-visibility", annotation: "policy.cilium.io/proxy-visibility", of: underCilium(17, policy.Warning),
		message: "sends connections to these ports through Cilium's proxy, which drops what is not of the protocol that it names, whatever policies allow: remove it, which Cilium 1.17 requires anyway",
	},
}

// additionalNetworks is an error unless the profile accepts the kind that describes them.
func additionalNetworks(f *policy.Fence) policy.Severity {
	accepted := slices.ContainsFunc(f.UndecidedKinds, func(k v1alpha1.UndecidedKind) bool {
		return k.Group == "k8s.cni.cncf.io" && k.Kind == "NetworkAttachmentDefinition"
	})
	if accepted {
		return ""
	}
	return policy.Error
}
