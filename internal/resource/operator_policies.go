package resource

import (
	"github.com/tenantfence/tenantfence/internal/policy"
)

// operatorPolicy is a NetworkPolicy that an operator creates. Open are the ports that it allows
// from every source, and OpenToPeers those that it allows from some. SwitchOff describes how to
// disable it.
type operatorPolicy struct {
	conditions
	Name        string            `json:"name"`
	Pods        map[string]string `json:"pods"`
	Open        []inferredPort    `json:"open"`
	OpenToPeers []inferredPort    `json:"openToPeers"`
	SwitchOff   string            `json:"switchOff"`
}

// OperatorNetworkPolicy is a NetworkPolicy that an operator creates from one resource.
type OperatorNetworkPolicy struct {
	Namespace, Name string
	// Pods has the labels of the pods that it selects.
	Pods map[string]string
	// Open are ports that it allows from every source, OpenToPeers those that it allows from some.
	Open, OpenToPeers []policy.Port
	// SwitchOff describes how to disable it.
	SwitchOff string
}

func (in *inference) policy(p operatorPolicy) OperatorNetworkPolicy {
	return OperatorNetworkPolicy{
		Namespace: in.ref.Namespace, Name: in.expand(p.Name), Pods: in.expandAll(p.Pods),
		Open: policyPorts(in.ports(p.Open)), OpenToPeers: policyPorts(in.ports(p.OpenToPeers)), SwitchOff: p.SwitchOff,
	}
}

func policyPorts(ports []ServicePort) []policy.Port {
	var out []policy.Port
	for _, p := range ports {
		out = append(out, policy.Port{Port: p.TargetPort.IntVal, Protocol: p.Protocol})
	}
	return out
}

// Selects reports whether a NetworkPolicy of an operator selects pods of a namespace.
func (m OperatorNetworkPolicy) Selects(namespace string, labels map[string]string) bool {
	return m.Namespace == namespace && policy.Selects(policy.Selector{MatchLabels: m.Pods}, labels)
}
