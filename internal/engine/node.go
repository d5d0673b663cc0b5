package engine

import (
	"fmt"
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// subject returns what Cilium knows of a pod, or of a node as its own agent does.
func (e *Engine) subject(ep policy.Endpoint) (*knownPod, error) {
	if ep.Kind == policy.NodeEndpoint {
		return e.node(ep), nil
	}
	return e.pod(ep)
}

// node is a node's host endpoint. Every agent numbers its own node alike, and selects it
// by the labels that it has there: so each node is an identity of its own, of one number.
func (e *Engine) node(ep policy.Endpoint) *knownPod {
	key := "node " + fingerprint(ep)
	if known, ok := e.pods[key]; ok {
		return known
	}
	own, _ := labelsfilter.Filter(labels.Map2Labels(ep.Labels, labels.LabelSourceK8s))
	known := &knownPod{id: identity.NewIdentity(identity.ReservedIdentityHost, merge(labels.LabelHost, own))}
	e.pods[key] = known
	return known
}

// nodeVariants are a node as the policies of a pod see it: the pod's own, or another.
func nodeVariants() []variant {
	return []variant{
		{id: reserved(identity.ReservedIdentityHost), what: "on the pod's own node", ownNode: true},
		{id: reserved(identity.ReservedIdentityRemoteNode), what: "on another node"},
	}
}

// variantsFor returns every identity that an endpoint may have in the eyes of the other
// end. What a node sends itself is no flow, so that two nodes are two.
func (e *Engine) variantsFor(ep, other policy.Endpoint) ([]variant, error) {
	all, err := e.variants(ep)
	if ep.Kind == policy.NodeEndpoint && other.Kind == policy.NodeEndpoint {
		all = slices.DeleteFunc(all, func(v variant) bool { return v.ownNode })
	}
	return all, err
}

// imagineNodes makes up the nodes that selectors of host policies make one think of, and
// one without labels. They are known as what is looked into: as peers they are host and
// remote-node.
func (e *Engine) imagineNodes(s policy.Surroundings) error {
	if len(e.nodes) == 0 {
		return nil
	}
	nodes, err := policy.ImagineNodes(s, e.nodes)
	if err != nil {
		return err
	}
	for _, ep := range nodes {
		if key := fmt.Sprint(ep.Kind, ep.Name); !e.learnt[key] {
			e.learnt[key] = true
			e.told = append(e.told, ep)
		}
	}
	return nil
}
