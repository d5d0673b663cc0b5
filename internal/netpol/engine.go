package netpol

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// Options are the addresses of the cluster. They may overlap: some networks give pods
// addresses of the nodes' range.
type Options struct {
	// PodCIDRs are the ranges of the pods' addresses. Pods have an address of each family
	// that is here. Omitted: not known, so that a pod may have any address.
	PodCIDRs []string
	// ServiceCIDRs are the ranges of Services' addresses, which are nowhere outside the
	// cluster. Omitted: none.
	ServiceCIDRs []string
	// NodeCIDRs are the ranges of the nodes' addresses. Omitted: not known, so that a node
	// may have any address.
	NodeCIDRs []string
	// APIServer are the addresses of the apiserver itself, not of its Service, as addresses
	// or networks. Omitted: not known, so that it may have any address.
	APIServer []string
}

// Engine decides flows as an enforcer of NetworkPolicy would. It is safe for concurrent
// use.
type Engine struct {
	cluster cluster
	// policies are those of each namespace, in order.
	policies map[string][]*compiled

	// The known endpoints, which Representatives adds and mu guards. Decide does not use them.
	mu     sync.Mutex
	pods   []endpoints.Endpoint
	others []outsideEndpoint
	index  *index
	// networks are those that something distinguishes, addresses those known from elsewhere.
	networks  networks
	addresses []netip.Addr
}

var _ flow.Engine = (*Engine)(nil)

// New returns an engine that enforces the policies, each a JSON document of kind
// NetworkPolicy. A flow.RejectedError names every policy that the apiserver would reject, or
// that is of another kind.
//
// The pods are those that are known up front; Decide takes others as well.
func New(opts Options, policies []json.RawMessage, pods []endpoints.Endpoint) (*Engine, error) {
	c, err := newCluster(opts)
	if err != nil {
		return nil, err
	}
	e := &Engine{cluster: c, policies: map[string][]*compiled{}}
	if err := e.load(policies); err != nil {
		return nil, err
	}
	for _, pod := range pods {
		if err := checkPod(pod); err != nil {
			return nil, err
		}
		e.pods = append(e.pods, pod)
	}
	e.index = newIndex(e.pods, nil, c)
	return e, nil
}

func checkPod(pod endpoints.Endpoint) error {
	switch {
	case pod.Kind != endpoints.PodEndpoint:
		return fmt.Errorf("%q is no pod", pod.Name)
	case pod.Namespace == "":
		return fmt.Errorf("pod %q has no namespace", pod.Name)
	}
	for _, p := range pod.Ports {
		if _, err := protocol(p.Protocol); err != nil {
			return fmt.Errorf("pod %q: port %q: %w", pod.Name, p.Name, err)
		}
	}
	return nil
}

// Decide decides one flow. NetworkPolicy does not inspect connections, so requests make no
// difference.
//
// A node reaches its own pods regardless of policies. Policies decide about the other direction,
// as the reference of the API states.
func (e *Engine) Decide(f flow.Flow) (flow.Verdict, error) {
	v, err := e.decide(f)
	if err != nil {
		return flow.Verdict{}, fmt.Errorf("%s: %w", f, err)
	}
	return v, nil
}

func (e *Engine) decide(f flow.Flow) (flow.Verdict, error) {
	v := flow.Verdict{
		Egress:  flow.Side{Decision: flow.NotEnforced},
		Ingress: flow.Side{Decision: flow.NotEnforced},
	}
	if f.From.Kind == endpoints.NameEndpoint {
		return v, errors.New("a name is never the source of a flow: what comes in has an address alone")
	}
	from, err := e.variants(f.From)
	if err != nil {
		return v, err
	}
	to, err := e.variants(f.To)
	if err != nil {
		return v, err
	}
	asked, err := requestedPorts(f)
	if err != nil {
		return v, err
	}
	var egress, ingress string
	v.Egress, egress = e.decideSide(f.From, from, to, asked, flow.Egress)
	v.Ingress, ingress = e.decideSide(f.To, to, from, asked, flow.Ingress)
	v.Note = joinNotes(egress, ingress)
	return v, nil
}
