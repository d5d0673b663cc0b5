package policy

import (
	"fmt"
	"maps"
	"slices"
)

// fixedIdentity is the label by which an agent gives a pod a fixed identity.
const fixedIdentity = "io.cilium.fixed-identity"

// reservedLabels are the keys by which Cilium knows its own identities, each with the effect
// on a pod that has it. Agents look for the key, and not for the source of the label. An
// identity that is well-known is not among them: it has the labels of its pods.
var reservedLabels = map[string]string{
	"host":        "policies do not select the pod unless the host firewall is on, and all its traffic is allowed",
	"remote-node": "the pod is let in wherever a policy allows remote-node",
	"init":        "agents deny all that no policy allows the pod, in AllowOnly too",
	fixedIdentity: "where an agent maps the value (fixed-identity-mapping), the pod has that identity, and policies do not select it by its labels",
	"world":       "", "world-ipv4": "", "world-ipv6": "", "ingress": "", "health": "", "kube-apiserver": "", "unmanaged": "",
}

// ReservedLabel reports whether Cilium reserves the key of a label, and the effect on a pod
// that has it.
func ReservedLabel(key string) (effect string, reserved bool) {
	effect, reserved = reservedLabels[key]
	if reserved && effect == "" {
		effect = fmt.Sprintf("agents may take the pod for the entity %s, which other policies select", key)
	}
	return effect, reserved
}

// ReservedLabels are the keys that Cilium reserves, in order.
func ReservedLabels() []string { return slices.Sorted(maps.Keys(reservedLabels)) }
