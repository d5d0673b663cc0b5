package resource

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// operatorPolicy is a NetworkPolicy that an operator creates. Open are the ports that it allows
// from every source, and OpenToPeers those that it allows from some. SwitchOff describes how to
// disable it, and Narrow, if set, how to limit its sources.
type operatorPolicy struct {
	conditions
	Name        string            `json:"name"`
	Pods        map[string]string `json:"pods"`
	Open        []inferredPort    `json:"open"`
	OpenToPeers []inferredPort    `json:"openToPeers"`
	SwitchOff   string            `json:"switchOff"`
	Narrow      string            `json:"narrow"`
}

// OperatorNetworkPolicy is a NetworkPolicy that an operator creates from one resource.
type OperatorNetworkPolicy struct {
	Namespace, Name string
	// Pods has the labels of the pods that it selects.
	Pods map[string]string
	// Open are ports that it allows from every source, OpenToPeers those that it allows from some.
	Open, OpenToPeers []flow.Port
	// SwitchOff describes how to disable it.
	SwitchOff string
	// Narrow describes how to limit its sources. Omitted: they are fixed.
	Narrow string
}

func (in *inference) policy(p operatorPolicy) OperatorNetworkPolicy {
	return OperatorNetworkPolicy{
		Namespace: in.ref.Namespace, Name: in.expand(p.Name), Pods: in.expandAll(p.Pods),
		Open: policyPorts(in.ports(p.Open)), OpenToPeers: policyPorts(in.ports(p.OpenToPeers)), SwitchOff: p.SwitchOff, Narrow: p.Narrow,
	}
}

func policyPorts(ports []ServicePort) []flow.Port {
	var out []flow.Port
	for _, p := range ports {
		out = append(out, flow.Port{Port: p.TargetPort.IntVal, Protocol: p.Protocol})
	}
	return out
}

// Selects reports whether a NetworkPolicy of an operator selects pods of a namespace.
func (m OperatorNetworkPolicy) Selects(namespace string, labels map[string]string) bool {
	return m.Namespace == namespace && endpoints.Selects(endpoints.Selector{MatchLabels: m.Pods}, labels)
}

// Allows describes what the policy allows: "ports 9092/TCP from every source". It is empty if the
// policy allows nothing.
func (m OperatorNetworkPolicy) Allows() string {
	var out []string
	if len(m.Open) > 0 {
		out = append(out, portNumbers(m.Open)+" from every source")
	}
	if len(m.OpenToPeers) > 0 {
		out = append(out, portNumbers(m.OpenToPeers)+" from selected sources")
	}
	return strings.Join(out, " and ")
}

func portNumbers(ports []flow.Port) string {
	var out []string
	for _, p := range ports {
		out = append(out, p.String())
	}
	return "ports " + strings.Join(slices.Compact(slices.Sorted(slices.Values(out))), ", ")
}
