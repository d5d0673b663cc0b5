package reach

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// flows are the flows of a case: from each source to each destination on each port. A pod's flow to
// itself is kept: it may be another replica.
func (e Endpoints) flows(asked *flow.View, c v1alpha1.FlowCase) ([]flow.Flow, error) {
	sources, err := e.FindAll(c.From)
	if err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	opened := openedNetworks{asked: asked, enabled: isExternal(c.From) && c.Expect == v1alpha1.ExpectDeny}
	var targets []flow.Flow
	if !isExternal(c.To) {
		if targets, err = e.targets(c); err != nil {
			return nil, fmt.Errorf("to: %w", err)
		}
	}
	var out []flow.Flow
	for _, from := range sources {
		if isExternal(c.To) {
			if targets, err = outsideTargets(asked, c, from); err != nil {
				return nil, fmt.Errorf("to: %w", err)
			}
		}
		for _, f := range targets {
			f.From, f.ICMP, f.DNS, f.ServerName = from, cmp.Or(f.ICMP, c.ICMP), c.DNS, c.ServerName
			if c.HTTP != nil {
				f.HTTP = request(c, f)
			}
			if out, err = opened.add(out, f); err != nil {
				return nil, fmt.Errorf("from: %w", err)
			}
		}
	}
	if len(out) == 0 {
		return nil, errors.New("has no flow")
	}
	return out, nil
}

// request is what a case asks for on a flow. To a name, it names that as clients do.
func request(c v1alpha1.FlowCase, f flow.Flow) *flow.HTTPRequest {
	out := &flow.HTTPRequest{Method: c.HTTP.Method, Path: c.HTTP.Path, Host: c.HTTP.Host, Headers: c.HTTP.Headers}
	if out.Host == "" && f.To.Kind == endpoints.NameEndpoint {
		out.Host = strings.ToLower(strings.TrimSuffix(f.To.Name, "."))
		if f.Port != 80 && f.Port != 443 {
			out.Host += fmt.Sprintf(":%d", f.Port)
		}
	}
	return out
}

// targets are flows without a source.
func (e Endpoints) targets(c v1alpha1.FlowCase) ([]flow.Flow, error) {
	out, err := e.targetsAsWritten(c)
	if err != nil {
		return nil, err
	}
	return e.resolveClusterHostnames(c, out)
}

// targetsAsWritten are the flows to the destination of a case, without a source.
func (e Endpoints) targetsAsWritten(c v1alpha1.FlowCase) ([]flow.Flow, error) {
	f, err := v1alpha1.ParseEndpoint(c.To)
	if at, ok := e.serviceByAddress(f); ok && err == nil {
		return e.serviceAddressTargets(c, at)
	}
	switch {
	case err == nil && f.Form == v1alpha1.ServiceForm:
		return e.serviceTargets(c, f)
	case err == nil && f.Form == v1alpha1.NameForm:
		to := endpoints.Endpoint{Kind: endpoints.NameEndpoint, Name: strings.ToLower(c.To)}
		out := flowsPerProtocol(c, to)
		if c.Expect == v1alpha1.ExpectDeny && len(e.clusterHostnameTargets(c.To)) == 0 {
			out = append(out, icmpFlows(c, to)...)
		}
		return out, nil
	}
	all, err := e.FindAll(c.To)
	if err != nil {
		return nil, err
	}
	var out []flow.Flow
	for _, to := range all {
		out = append(out, flowsPerProtocol(c, to)...)
		if c.Expect == v1alpha1.ExpectDeny {
			out = append(out, icmpFlows(c, to)...)
		}
	}
	return out, nil
}

// alwaysAllowed reports whether agents pass some messages of a type on, whatever policies deny:
// over IPv4, that a packet is too large for the path (type 3, code 4).
func (e Endpoints) alwaysAllowed(t v1alpha1.ICMPType) bool {
	return t == v1alpha1.ICMPDestinationUnreachable && e.Fence.Cluster.CNI != v1alpha1.CNIKubernetes && e.Fence.Agent.Handles(flow.ICMP)
}

// allowPacketTooBig returns the verdict of a flow by ICMP with the messages that always pass, where
// a case names their type. One about every port is about what policies decide.
func (e Endpoints) allowPacketTooBig(c v1alpha1.FlowCase, f flow.Flow, v flow.Verdict) flow.Verdict {
	if c.ICMP == "" || !e.alwaysAllowed(f.ICMP) || v.Decision() != flow.Denied {
		return v
	}
	for _, s := range []*flow.Side{&v.Egress, &v.Ingress} {
		if s.Decision == flow.Denied {
			s.Decision = flow.Depends
		}
	}
	v.Note = strings.TrimPrefix(v.Note+"; over IPv4, agents pass type 3 with code 4 (a packet is too large for the path) on, whatever policies deny", "; ")
	return v
}

// icmpFlows returns the flows by ICMP to a destination, of a case without a port.
func icmpFlows(c v1alpha1.FlowCase, to endpoints.Endpoint) []flow.Flow {
	var out []flow.Flow
	for _, icmp := range impliedICMPTypes(c) {
		out = append(out, flow.Flow{To: to, ICMP: icmp})
	}
	return out
}

// flowsPerProtocol returns the flows to a destination on the port of a case.
func flowsPerProtocol(c v1alpha1.FlowCase, to endpoints.Endpoint) []flow.Flow {
	protocols := []v1alpha1.Protocol{c.Protocol}
	switch {
	case c.DNS != "" && c.Protocol == "":
		protocols = dnsProtocols()
	case c.Protocol == v1alpha1.ANY:
		protocols = v1alpha1.Protocols()
	}
	var out []flow.Flow
	for _, p := range protocols {
		out = append(out, flow.Flow{To: to, Port: uint16(c.Port), Protocol: p})
	}
	return out
}

// dnsProtocols returns the protocols of DNS lookups: a resolver repeats a lookup over TCP if its
// answer is too long for UDP.
func dnsProtocols() []v1alpha1.Protocol { return []v1alpha1.Protocol{v1alpha1.UDP, v1alpha1.TCP} }

// usesProtocol reports whether a case is about a protocol.
func usesProtocol(c v1alpha1.FlowCase, p v1alpha1.Protocol) bool {
	switch {
	case c.Protocol != "" && c.Protocol != v1alpha1.ANY:
		return p == c.Protocol
	case c.DNS != "":
		return p != v1alpha1.SCTP
	default:
		return true
	}
}
