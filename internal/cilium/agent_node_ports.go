package cilium

import (
	"net/netip"
	"slices"
	"strings"
)

// KubeProxyReplacement is a key of the ConfigMap cilium-config. It decides whether agents translate
// addresses of Services, including node ports, before policies apply.
const KubeProxyReplacement = "kube-proxy-replacement"

// ExplicitKeys are keys of the ConfigMap cilium-config that have an effect only where they are
// configured.
func ExplicitKeys() []string { return []string{KubeProxyReplacement} }

// TranslatesNodePorts reports whether agents are known to forward connections to a node port, or a
// host port, to the pods before policies apply. Before 1.16, the key has values other than true.
func (a Agent) TranslatesNodePorts() bool {
	value, _, _ := a.Explicit(KubeProxyReplacement)
	return slices.Contains([]string{"true", "strict", "partial"}, strings.ToLower(value))
}

// MayTranslateNodePorts reports whether the key is not configured.
func (a Agent) MayTranslateNodePorts() bool {
	_, _, explicit := a.Explicit(KubeProxyReplacement)
	return !explicit
}

// FamilyKey is the key of the IP family of an address.
func FamilyKey(a netip.Addr) string {
	if a.Unmap().Is4() {
		return EnableIPv4
	}
	return EnableIPv6
}

// HandlesFamily reports whether agents handle the IP family of an address.
func (a Agent) HandlesFamily(addr netip.Addr) bool { return a.Enabled(FamilyKey(addr)) }

// Origin returns where the value of a key comes from.
func (a Agent) Origin(key string) string {
	if _, from, ok := a.Explicit(key); ok && from != "" {
		return from
	}
	return "assumed, the Helm chart's default"
}
