package policy

import (
	"fmt"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// Engine decides flows under a set of policies, as the enforcer would.
type Engine interface {
	// Decide judges one flow. It returns an error for what it cannot decide; it
	// never guesses.
	Decide(Flow) (Verdict, error)
}

// Flow is one connection: from an endpoint to an endpoint's port.
type Flow struct {
	From, To Endpoint
	// Port at To, after Service translation: a pod's own port.
	Port     uint16
	Protocol v1alpha1.Protocol
}

func (f Flow) String() string {
	return fmt.Sprintf("%s -> %s:%d/%s", f.From.Name, f.To.Name, f.Port, f.Protocol)
}

// EndpointKind says what an Endpoint is.
type EndpointKind string

// The kinds of endpoint.
const (
	// PodEndpoint is a pod, known by its namespace and labels. It is the only kind
	// that policies select.
	PodEndpoint EndpointKind = "Pod"
	// EntityEndpoint is one of the enforcer's own: host, world, kube-apiserver, …
	EntityEndpoint EndpointKind = "Entity"
	// AddressEndpoint is an IP address outside the cluster.
	AddressEndpoint EndpointKind = "Address"
	// NameEndpoint is a DNS name outside the cluster. Only To can be one.
	NameEndpoint EndpointKind = "Name"
)

// Endpoint is one end of a Flow.
type Endpoint struct {
	Kind EndpointKind
	// Name is what people call it: "tenant-acme/Deployment/adapter", "world",
	// "192.0.2.1", "api.openai.com". For every kind but PodEndpoint it is also what
	// the endpoint is.
	Name string

	// Namespace, NamespaceLabels, Labels, ServiceAccount and Ports describe a pod.
	Namespace       string
	NamespaceLabels map[string]string
	Labels          map[string]string
	ServiceAccount  string
	Ports           []NamedPort
}

// NamedPort is a port that a container gives a name.
type NamedPort struct {
	Name     string
	Port     uint16
	Protocol v1alpha1.Protocol
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
	// NotJudged: no policy selects this end, because it is not a pod.
	NotJudged Decision = "not judged"
)

// Side is what one end of a flow says.
type Side struct {
	Decision Decision
	// By names the policies that decided, as "namespace/name" or, of a cluster-wide
	// one, "name", sorted. Empty where no policy did: an end that nothing isolates,
	// or a default-deny without a matching allow.
	By []string
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
