package lint

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// BesidePolicies reports fields that are no policy and change what traffic reaches the pods
// of tenants, or on which port policies see it.
func BesidePolicies(f *policy.Fence, items []*yaml.RNode) policy.Findings {
	items, _ = resource.Distinct(items)
	// What is reported once for a namespace is about the Namespace, where that has it.
	slices.SortStableFunc(items, func(a, b *yaml.RNode) int {
		if isA, isB := a.GetKind() == "Namespace", b.GetKind() == "Namespace"; isA != isB {
			if isA {
				return -1
			}
			return 1
		}
		return strings.Compare(resource.RefOf(a).String(), resource.RefOf(b).String())
	})
	var out policy.Findings
	reported := map[[2]string]bool{}
	for _, n := range items {
		out = append(out, externalIPs(f, n)...)
		for _, p := range placedIn(n) {
			if p.namespace == "" || !f.Concerns(p.namespace) {
				continue
			}
			out = append(out, hostPorts(p)...)
			for _, r := range metadataRules {
				once := [2]string{p.namespace, r.label + r.annotation}
				if found := r.find(f, p); found != nil && !reported[once] {
					reported[once] = r.once
					out = append(out, *found)
				}
			}
		}
	}
	return out
}

func (r metadataRule) find(f *policy.Fence, p placed) *policy.Finding {
	field := p.at + "metadata.labels[" + r.label + "]"
	is := r.label != "" && has(p.labels, r.label, r.values...)
	if r.annotation != "" {
		field = p.at + "metadata.annotations[" + r.annotation + "]"
		is = has(p.annotations, r.annotation, r.values...)
	}
	severity := r.of(f)
	if !is || severity == "" {
		return nil
	}
	return &policy.Finding{Check: r.check, Severity: severity, Resource: p.ref, Field: field, Message: r.message}
}

// hostPorts reports the first port of a pod that is a port of its node, too.
func hostPorts(p placed) policy.Findings {
	if p.spec["hostNetwork"] == true {
		return nil
	}
	for i, c := range listAt(p.spec, "containers") {
		for j, port := range listAt(c, "ports") {
			object, _ := port.(map[string]any)
			if number := object["hostPort"]; number != nil && number != 0 {
				return policy.Findings{{
					Check: "host-port", Severity: policy.Info, Resource: p.ref, Field: fmt.Sprintf("%sspec.containers[%d].ports[%d].hostPort", p.at, i, j),
					Message: fmt.Sprintf("port %v of the pods' nodes leads to these pods: the pods' own policies decide who reaches it, and clients outside the cluster need a flow from world or their networks", number),
				}}
			}
		}
	}
	return nil
}

// externalIPs warns of addresses that a Service takes from the outside: a flow that is
// declared to one ends at the Service's pods.
func externalIPs(f *policy.Fence, n *yaml.RNode) policy.Findings {
	if resource.Group(n) != "" || n.GetKind() != "Service" {
		return nil
	}
	doc, err := n.Map()
	if err != nil {
		return nil
	}
	var out policy.Findings
	for i, value := range listAt(doc["spec"], "externalIPs") {
		address, ok := value.(string)
		if !ok {
			continue
		}
		finding := policy.Finding{
			Check: "external-ips", Severity: policy.Info, Resource: resource.RefOf(n), Field: fmt.Sprintf("spec.externalIPs[%d]", i),
			Message: fmt.Sprintf("connections of every pod and node to %s end at the pods of this Service on its ports: policies decide them as flows to these pods", address),
		}
		if by := flowsTo(f, address); by != "" {
			finding.Severity = policy.Warning
			finding.Message += fmt.Sprintf(", so %s does not allow them: remove the address, or declare flows to these pods", by)
		}
		out = append(out, finding)
	}
	return out
}

// flowsTo is the first declaration of a flow to an address outside the cluster.
func flowsTo(f *policy.Fence, address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	for _, g := range f.Grants {
		world := slices.ContainsFunc(g.To.Entities, func(e v1alpha1.Entity) bool {
			return e == v1alpha1.EntityWorld || ip.Is4() && e == v1alpha1.EntityWorldIPv4 || ip.Is6() && e == v1alpha1.EntityWorldIPv6
		})
		network := slices.ContainsFunc(g.To.CIDRs, func(c string) bool {
			prefix, err := netip.ParsePrefix(c)
			return err == nil && prefix.Contains(ip)
		})
		if (world || network) && g.Source != nil {
			return g.Source.Reason.String()
		}
	}
	return ""
}
