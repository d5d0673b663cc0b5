package cilium

import (
	"fmt"
	"maps"
	"slices"
)

// fixedIdentity is the label that gives a pod a fixed identity.
const fixedIdentity = "io.cilium.fixed-identity"

// reservedLabels are the label keys of Cilium's reserved identities, each with the effect on a pod
// that has it. Agents compare the key and ignore the source of the label. Well-known identities are
// not included: they have the labels of their pods.
var reservedLabels = map[string]string{
	"host":        "policies do not select the pod unless the host firewall is enabled, and all its traffic is allowed",
	"remote-node": "every policy that allows remote-node allows the pod",
	"init":        "agents deny the pod all traffic that no policy allows, also in AllowOnly",
	fixedIdentity: "if an agent maps the value (fixed-identity-mapping), the pod has that identity, and policies do not select it by its labels",
	"world":       "", "world-ipv4": "", "world-ipv6": "", "ingress": "", "health": "", "kube-apiserver": "", "unmanaged": "",
}

// ReservedLabel reports whether Cilium reserves the key of a label, and the effect on a pod
// that has it.
func ReservedLabel(key string) (effect string, reserved bool) {
	effect, reserved = reservedLabels[key]
	if reserved && effect == "" {
		effect = fmt.Sprintf("agents may treat the pod as the entity %s, which other policies select", key)
	}
	return effect, reserved
}

// ReservedLabels returns the keys that Cilium reserves, sorted.
func ReservedLabels() []string { return slices.Sorted(maps.Keys(reservedLabels)) }
