package policy

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// Engine decides flows under a set of policies, as the enforcer would.
type Engine interface {
	// Decide judges one flow. It returns an error for what it cannot decide; it
	// never guesses.
	Decide(Flow) (Verdict, error)
	// Representatives makes everything known that the policies tell apart in these surroundings,
	// beside the pods that are known already: a pod for each selector in each namespace
	// that it may be in, a pod without labels in each namespace, the same in a namespace
	// that is not there yet, each with every port that policies name, an address in and
	// outside of each network, a name, every entity. Nodes are imagined for each selector of theirs. It returns all that is known
	// from then on.
	Representatives(Environment) ([]Endpoint, error)
	// Openings lists what the policies at a pod or node let pass in one direction, to every
	// endpoint that is known, in a stable order. Where nothing isolates the pod, that is
	// one opening without policies and peers or, where something denies some of them, with
	// the rest of them as peers.
	Openings(pod Endpoint, d Direction) ([]Opening, error)
}

// Environment are what an engine distinguishes beyond its policies.
type Environment struct {
	// Namespaces and their labels.
	Namespaces map[string]map[string]string
	// CIDRs that something other than the policies distinguishes.
	CIDRs []string
	// Known are endpoints that are known elsewhere, and become known here.
	Known []Endpoint
	// Selectors are those by which something other than the policies distinguishes pods and
	// nodes.
	Selectors []Selection
	// SharedSelections are the selectors of all engines that are compared. Nil: there is one alone.
	SharedSelections *SharedSelections
	// Budget is the most representative pods, and nodes, that an engine may add.
	// Omitted: DefaultBudget.
	Budget int
}

// DefaultBudget is the budget of representatives where none is set.
const DefaultBudget = v1alpha1.DefaultRepresentatives

func (s Environment) budget() int { return cmp.Or(s.Budget, DefaultBudget) }

// Flow is one connection: from an endpoint to an endpoint's port.
type Flow struct {
	From, To Endpoint
	// Port at To, after Service translation: a pod's own port. 0 means every port of
	// the protocol.
	Port uint16
	// Protocol omitted is TCP, and without a port every protocol that has ports. Of ICMP and
	// ICMPv6, Port is a type of message.
	Protocol v1alpha1.Protocol
	// ICMP is a type of message, instead of a port and a protocol.
	ICMP v1alpha1.ICMPType
	// HTTP and DNS are what is asked for on the connection. Omitted: it is enough
	// that something may be asked for.
	HTTP *HTTPRequest
	DNS  string
	// ServerName is that of the server that a TLS connection is for. Omitted beside HTTP:
	// the request's host, where TLS is spoken.
	ServerName string
}

func (f Flow) String() string {
	s := f.From.Name + " -> " + f.To.Name + ":" + f.port()
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

func (f Flow) port() string {
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

// The protocols of an Opening, besides those of the API.
const (
	ICMP   v1alpha1.Protocol = "ICMP"
	ICMPv6 v1alpha1.Protocol = "ICMPv6"
)

// PortRange are the ports of a protocol from First to Last. For ICMP they are types of
// message.
type PortRange struct {
	Protocol    v1alpha1.Protocol
	First, Last uint16
}

// AllPorts are all that a protocol has.
func AllPorts(p v1alpha1.Protocol) PortRange {
	if p == ICMP || p == ICMPv6 {
		return PortRange{p, 1, 255}
	}
	return PortRange{p, 1, 65535}
}

// IsAllPorts says whether they are all that the protocol has.
func (r PortRange) IsAllPorts() bool { return r == AllPorts(r.Protocol) }

// String is "443/TCP", "1-52/TCP" or "every port/TCP".
func (r PortRange) String() string {
	port := fmt.Sprintf("%d-%d", r.First, r.Last)
	switch {
	case r.IsAllPorts():
		port = "every port"
	case r.First == r.Last:
		port = fmt.Sprint(r.First)
	}
	return port + "/" + string(r.Protocol)
}

// Opening is a part of what the policies at one pod let pass in one direction.
type Opening struct {
	// Peers are the endpoints at the other end.
	Peers []Endpoint
	// First to Last are the ports, of which all pass: at the pod, or for egress at the
	// peer. For ICMP they are types of message.
	First, Last uint16
	// Protocol omitted means every protocol, which comes with every port.
	Protocol v1alpha1.Protocol
	// Partial reports that a policy matches only some of the addresses that the peers may
	// have.
	Partial bool
	// L7 says which part of what is spoken there passes. The zero value: all of it.
	L7 L7
	// Policies names the policies that let it pass, as in Side. None: nothing isolates the
	// pod in this direction.
	Policies []string
}

// ICMPTypeNumbers are the numbers of a type of message, in IPv4 and in IPv6.
func ICMPTypeNumbers(t v1alpha1.ICMPType) (v4, v6 uint16, known bool) {
	n, ok := map[v1alpha1.ICMPType][2]uint16{
		v1alpha1.ICMPEchoRequest: {8, 128}, v1alpha1.ICMPDestinationUnreachable: {3, 1},
		v1alpha1.ICMPTimeExceeded: {11, 3}, v1alpha1.ICMPParameterProblem: {12, 4},
	}[t]
	return n[0], n[1], ok
}

// Decision is the answer at one end of a flow.
type Decision string

// The decisions.
const (
	// Allowed: the policies at this end let the flow pass.
	Allowed Decision = "allowed"
	// Denied: they do not.
	Denied Decision = "denied"
	// Depends: they let it pass in some of the cases that the other end's name stands
	// for, and not in others: an apiserver on a node and one outside the cluster, IPv4
	// and IPv6. It satisfies neither who wants the flow nor who wants it shut; the
	// Verdict's Note tells the cases apart.
	Depends Decision = "depends"
	// NotJudged: no policy of this cluster selects this end, because it is no pod or node
	// of it.
	NotEnforced Decision = "not enforced"
)

// Side is what one end of a flow says.
type Side struct {
	Decision Decision
	// Policies names the policies that decided, as "namespace/name" or, of a cluster-wide
	// one, "name", sorted. Empty where no policy did: an end that nothing isolates,
	// or a default-deny without a matching allow.
	Policies []string
	// L7 says which part of what is spoken on the port passes, where it is allowed.
	L7 L7
}

// String is "denied, no policy allows it".
func (s Side) String() string {
	text := string(s.Decision)
	switch {
	case s.Decision == NotEnforced:
		return text
	case len(s.Policies) > 0:
		text += " by " + strings.Join(s.Policies, ", ")
	case s.Decision == Denied:
		text += ", no policy allows it"
	case s.Decision == Allowed:
		text += ", no policy isolates it"
	}
	// What a denied one lets pass, the Verdict's Note says.
	if !s.L7.Unrestricted() && s.Decision != Denied {
		text += " (only " + s.L7.String() + ")"
	}
	return text
}

// Verdict is an Engine's answer.
type Verdict struct {
	// Egress is the source's side, Ingress the destination's.
	Egress, Ingress Side
	// Note says why, where the sides alone do not: "the name is never resolved".
	Note string
}

// Decision is Denied if a side denies, else Depends if a side depends, else
// Allowed.
func (v Verdict) Decision() Decision {
	for _, d := range []Decision{Denied, Depends} {
		if v.Egress.Decision == d || v.Ingress.Decision == d {
			return d
		}
	}
	return Allowed
}
