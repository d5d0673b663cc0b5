package render

import (
	"slices"
	"strconv"
	"strings"

	"github.com/cilium/cilium/pkg/policy/api"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// maxPorts is the largest number of ports that Cilium accepts in one entry of toPorts.
const maxPorts = 40

// byProtocol splits a rule with both ICMP and ports into two, because Cilium accepts only one of
// them.
func byProtocol(rules []policy.Rule) []policy.Rule {
	var out []policy.Rule
	for _, r := range rules {
		ports, icmp := splitICMP(r.Ports)
		if len(ports) > 0 && len(icmp) > 0 {
			other := r
			other.Ports, r.Ports = icmp, ports
			out = append(out, other)
		}
		out = append(out, r)
	}
	return out
}

func splitICMP(all []flow.Port) (ports, icmp []flow.Port) {
	for _, p := range all {
		if p.Protocol == flow.ICMP {
			icmp = append(icmp, p)
		} else {
			ports = append(ports, p)
		}
	}
	return ports, icmp
}

func toPorts(r policy.Rule) api.PortRules {
	all, _ := splitICMP(r.Ports)
	if r.L7.Unrestricted() {
		all = flow.MergeProtocols(all)
	}
	var out api.PortRules
	for ports := range slices.Chunk(all, maxPorts) {
		rule := portRule(r.L7)
		for _, p := range ports {
			rule.Ports = append(rule.Ports, portProtocol(p))
		}
		out = append(out, rule)
	}
	return out
}

func portProtocol(p flow.Port) api.PortProtocol {
	out := api.PortProtocol{Port: p.Name, Protocol: api.L4Proto(p.Protocol)}
	if p.Name == "" {
		out.Port = strconv.Itoa(int(p.Port))
	}
	if p.End > p.Port {
		out.EndPort = p.End
	}
	return out
}

func portRule(l7 flow.L7) api.PortRule {
	out := api.PortRule{Rules: l7Rules(l7)}
	// All alternatives of a flow have the same servers.
	for _, name := range l7.Servers() {
		out.ServerNames = append(out.ServerNames, api.ServerName(strings.ToLower(strings.TrimSuffix(name, "."))))
	}
	if i := l7.Interception; i != nil {
		out.TerminatingTLS = &api.TLSContext{Secret: &api.Secret{Namespace: i.Terminating.Namespace, Name: i.Terminating.Name}}
		out.OriginatingTLS = &api.TLSContext{Secret: &api.Secret{Namespace: i.Originating.Namespace, Name: i.Originating.Name}}
	}
	return out
}

// l7Rules returns nil if no rule exists, because Cilium rejects empty rules.
func l7Rules(l7 flow.L7) *api.L7Rules {
	requests, names := l7.HTTP(), l7.DNS()
	if len(requests) == 0 && len(names) == 0 {
		return nil
	}
	out := &api.L7Rules{}
	for _, r := range requests {
		out.HTTP = append(out.HTTP, api.PortRuleHTTP{Method: r.Method, Path: r.Path, Host: r.Host, Headers: r.Headers})
	}
	for _, name := range names {
		out.DNS = append(out.DNS, api.PortRuleDNS(fqdn(name)))
	}
	return out
}

// icmpNumbers has the types of ICMP message in IPv4 and in IPv6.
var icmpNumbers = map[v1alpha1.ICMPType][2]int32{
	v1alpha1.ICMPEchoRequest:            {8, 128},
	v1alpha1.ICMPDestinationUnreachable: {3, 1},
	v1alpha1.ICMPTimeExceeded:           {11, 3},
	v1alpha1.ICMPParameterProblem:       {12, 4},
}

// icmps returns a rule's types of ICMP message. They have the same names in IPv4 and IPv6, but
// different numbers. Older versions of Cilium accept only numbers.
func icmps(f *policy.Fence, r policy.Rule) api.ICMPRules {
	_, icmp := splitICMP(r.Ports)
	var fields []api.ICMPField
	for _, p := range icmp {
		v4, v6 := intstr.FromString(p.Name), intstr.FromString(p.Name)
		if !f.Has(cilium.ICMPNames) {
			numbers := icmpNumbers[v1alpha1.ICMPType(p.Name)]
			v4, v6 = intstr.FromInt32(numbers[0]), intstr.FromInt32(numbers[1])
		}
		fields = append(fields, api.ICMPField{Family: api.IPv4Family, Type: &v4}, api.ICMPField{Family: api.IPv6Family, Type: &v6})
	}
	if len(fields) == 0 {
		return nil
	}
	return api.ICMPRules{{Fields: fields}}
}
