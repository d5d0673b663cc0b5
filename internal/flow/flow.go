// Package flow has the terms of a decision: ports, L7 rules, flows and verdicts.
package flow

import (
	"fmt"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// Flow is one connection: from an endpoint to a port of an endpoint.
type Flow struct {
	From, To endpoints.Endpoint
	// Port is the destination's own port, after Service translation. 0 means every port of the
	// protocol.
	Port uint16
	// Omitted Protocol: TCP, or every protocol with ports if Port is omitted, too. With ICMP and
	// ICMPv6, Port is the ICMP type.
	Protocol v1alpha1.Protocol
	// ICMP is an ICMP type. It replaces Port and Protocol.
	ICMP v1alpha1.ICMPType
	// HTTP and DNS are the request on the connection. Omitted: the flow is allowed if any request
	// is.
	HTTP *HTTPRequest
	DNS  string
	// ServerName is the server name (SNI) of a TLS connection. Omitted together with HTTP: the host
	// of the request, if the connection uses TLS.
	ServerName string
}

func (f Flow) String() string {
	s := f.From.Name + " -> " + f.To.Name + ":" + f.PortText()
	if f.ServerName != "" {
		s += " in TLS to " + f.ServerName
	}
	switch {
	case f.HTTP != nil:
		s += " " + f.HTTP.String()
	case f.DNS != "":
		s += " asking for " + f.DNS
	}
	return s
}

// PortText is "443/TCP", "*/UDP" or "ICMP EchoRequest".
func (f Flow) PortText() string {
	switch {
	case f.ICMP != "":
		return "ICMP " + string(f.ICMP)
	case f.Port == 0 && f.Protocol == "":
		return "*"
	case f.Port == 0:
		return "*/" + string(f.Protocol)
	case f.Protocol == "":
		return fmt.Sprintf("%d/%s", f.Port, v1alpha1.TCP)
	default:
		return fmt.Sprintf("%d/%s", f.Port, f.Protocol)
	}
}

// ICMPTypeNumbers returns the numbers of a type of message, in IPv4 and in IPv6.
func ICMPTypeNumbers(t v1alpha1.ICMPType) (v4, v6 uint16, known bool) {
	n, ok := map[v1alpha1.ICMPType][2]uint16{
		v1alpha1.ICMPEchoRequest: {8, 128}, v1alpha1.ICMPDestinationUnreachable: {3, 1},
		v1alpha1.ICMPTimeExceeded: {11, 3}, v1alpha1.ICMPParameterProblem: {12, 4},
	}[t]
	return n[0], n[1], ok
}

// Decision is the decision on one side of a flow: allowed, denied, depends or not enforced.
type Decision string

// The decisions.
const (
	// Allowed means that the policies on this side allow the flow.
	Allowed Decision = "allowed"
	// Denied means that the policies on this side do not allow the flow.
	Denied Decision = "denied"
	// Depends means that the policies allow some of the cases that the peer's name covers and deny
	// others: an apiserver on a node and one outside the cluster, IPv4 and IPv6. It satisfies
	// neither an expected allow nor an expected deny. The Verdict's Note explains the cases.
	Depends Decision = "depends"
	// NotEnforced means that no policy of this cluster applies on this side: the endpoint is not a
	// pod or node of it.
	NotEnforced Decision = "not enforced"
)

// Side is the result on one side of a flow.
type Side struct {
	Decision Decision
	// Policies are those that decided, sorted. Empty: nothing isolates the endpoint, or a default-deny
	// applies without a matching allow.
	Policies Policies
	// L7 is the allowed part of the traffic on the port, if the decision is Allowed.
	L7 L7
}

// String is "denied, no policy allows it".
func (s Side) String() string {
	text := string(s.Decision)
	if s.Decision == Depends {
		text = "allowed in some cases"
	}
	switch {
	case s.Decision == NotEnforced:
		return text
	case len(s.Policies) > 0:
		text += " by " + s.Policies.String()
	case s.Decision == Denied:
		text += ", no policy allows it"
	case s.Decision == Allowed:
		text += ", no policy isolates it"
	}
	// For Denied, the Verdict's Note describes what is allowed.
	if !s.L7.Unrestricted() && s.Decision != Denied {
		text += " (only " + s.L7.String() + ")"
	}
	return text
}

// Verdict is the decision of both sides of a flow.
type Verdict struct {
	// Egress is the source's side, Ingress the destination's.
	Egress, Ingress Side
	// Note explains the verdict where the sides alone do not: "the name is never resolved".
	Note string
}

// Decision is Denied if a side denies, otherwise Depends if a side depends, otherwise Allowed.
func (v Verdict) Decision() Decision {
	for _, d := range []Decision{Denied, Depends} {
		if v.Egress.Decision == d || v.Ingress.Decision == d {
			return d
		}
	}
	return Allowed
}
