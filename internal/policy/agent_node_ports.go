package policy

import (
	"net/netip"
	"slices"
	"strings"
)

// KubeProxyReplacement is a key of the ConfigMap cilium-config: whether agents translate the
// addresses of Services, node ports among them, before policies decide.
const KubeProxyReplacement = "kube-proxy-replacement"

// ExplicitKeys are keys of the ConfigMap cilium-config that matter only where they are stated.
func ExplicitKeys() []string { return []string{KubeProxyReplacement} }

// TranslatesNodePorts reports whether agents are known to send connections to a node port, or a
// host port, on to the pods before policies decide. Before 1.16, there are values beside true.
func (a Agent) TranslatesNodePorts() bool {
	value, _, _ := a.Explicit(KubeProxyReplacement)
	return slices.Contains([]string{"true", "strict", "partial"}, strings.ToLower(value))
}

// MayTranslateNodePorts reports whether that is not stated.
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

// Origin is where the value of a key comes from.
func (a Agent) Origin(key string) string {
	if _, from, ok := a.Explicit(key); ok && from != "" {
		return from
	}
	return "assumed, the Helm chart's default"
}
