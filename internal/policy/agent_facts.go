package policy

import (
	"slices"
	"strings"
)

// KubeProxyReplacement is a key of the ConfigMap cilium-config: whether agents translate the
// addresses of Services, node ports among them, before policies decide.
const KubeProxyReplacement = "kube-proxy-replacement"

// StatedKeys are keys of the ConfigMap cilium-config that matter only where they are stated.
func StatedKeys() []string { return []string{KubeProxyReplacement} }

// TranslatesNodePorts reports whether agents are known to send connections to a node port, or a
// host port, on to the pods before policies decide. Before 1.16, there are values beside true.
func (a Agent) TranslatesNodePorts() bool {
	value, _, _ := a.Stated(KubeProxyReplacement)
	return slices.Contains([]string{"true", "strict", "partial"}, strings.ToLower(value))
}

// MayTranslateNodePorts reports whether that is not stated.
func (a Agent) MayTranslateNodePorts() bool {
	_, _, stated := a.Stated(KubeProxyReplacement)
	return !stated
}
