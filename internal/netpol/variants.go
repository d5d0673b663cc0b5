package netpol

import (
	"fmt"
	"regexp"

	"go4.org/netipx"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// variant is one of the cases that an endpoint represents. A flow is decided only where all of them
// agree.
type variant struct {
	// pod, where it is one.
	pod *endpoints.Endpoint
	// unknownPod reports that it is a pod and only its address is known.
	unknownPod bool
	// own reports that it is the node of the other endpoint.
	own bool
	// addresses are those that it may have.
	addresses *netipx.IPSet
	// what describes the variant in notes, where is its address, and note is added to the verdict.
	what, where, note string
}

// variants returns the cases that an endpoint represents.
func (e *Engine) variants(ep endpoints.Endpoint) ([]variant, error) {
	switch ep.Kind {
	case endpoints.PodEndpoint:
		if ep.Cluster != "" {
			return nil, fmt.Errorf("%q is a pod of another cluster, and NetworkPolicy matches such pods by address alone: write its address", ep.Name)
		}
		if err := checkPod(ep); err != nil {
			return nil, err
		}
		return e.unknownAddresses(ep, e.cluster.pods, variant{pod: &ep})
	case endpoints.NodeEndpoint:
		// A pod always allows its own node. Policies decide about other nodes.
		return e.unknownAddresses(ep, e.cluster.nodes, variant{})
	case endpoints.EntityEndpoint:
		return e.entity(ep)
	case endpoints.AddressEndpoint:
		return e.address(ep)
	case endpoints.NameEndpoint:
		if !isName(ep.Name) {
			return nil, fmt.Errorf("%q is not a DNS name", ep.Name)
		}
		return e.outsideVariants(ep, e.cluster.splitByFamily(e.cluster.outside), variant{note: fmt.Sprintf("NetworkPolicy knows no names: %s may have any address outside the cluster", ep.Name)})
	default:
		return nil, fmt.Errorf("endpoint %q has the unknown kind %q", ep.Name, ep.Kind)
	}
}

// unknownAddresses are the variants of what has some address of a range, that is not known.
func (e *Engine) unknownAddresses(ep endpoints.Endpoint, r ranges, template variant) ([]variant, error) {
	template.where = "is not known"
	if r.isKnown {
		template.where = "is one of " + formatSet(r.set)
	}
	return template.withFamilies(ep, e.cluster.splitByFamily(r.set))
}

func (e *Engine) outsideVariants(ep endpoints.Endpoint, over []family, template variant) ([]variant, error) {
	template.where = "is any outside the cluster"
	return template.withFamilies(ep, over)
}

func (v variant) withFamilies(ep endpoints.Endpoint, over []family) ([]variant, error) {
	var out []variant
	for _, f := range over {
		v.what, v.addresses = f.what, f.set
		out = append(out, v)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%q has no address: the networks of the cluster leave none", ep.Name)
	}
	return out, nil
}

func (e *Engine) entity(ep endpoints.Endpoint) ([]variant, error) {
	c := e.cluster
	switch name := v1alpha1.Entity(ep.Name); name {
	case v1alpha1.EntityHost:
		return e.unknownAddresses(ep, c.nodes, variant{own: true})
	case v1alpha1.EntityRemoteNode:
		return e.unknownAddresses(ep, c.nodes, variant{})
	case v1alpha1.EntityKubeAPIServer:
		return e.unknownAddresses(ep, c.apiServer, variant{})
	case v1alpha1.EntityWorld:
		return e.outsideVariants(ep, c.splitByFamily(c.outside), variant{})
	case v1alpha1.EntityWorldIPv4, v1alpha1.EntityWorldIPv6:
		var only []family
		for _, f := range families(c.outside) {
			if (f.what == "over IPv4") == (name == v1alpha1.EntityWorldIPv4) {
				only = append(only, f)
			}
		}
		return e.outsideVariants(ep, only, variant{})
	case v1alpha1.EntityHealth, v1alpha1.EntityIngress:
		return nil, fmt.Errorf("only Cilium has the entity %q, and another enforcer is set: write the pods or addresses", name)
	case v1alpha1.EntityAll, v1alpha1.EntityCluster:
		return nil, fmt.Errorf("entity %q is many endpoints, not one: ask for each of them", name)
	default:
		return nil, fmt.Errorf("unknown entity %q", name)
	}
}

// address returns what may have an address: a pod, the node of the other endpoint or another, or
// something else.
func (e *Engine) address(ep endpoints.Endpoint) ([]variant, error) {
	addr, err := parseAddress(ep.Name)
	if err != nil {
		return nil, err
	}
	c := e.cluster
	if c.services.contains(addr) {
		return nil, fmt.Errorf("%s is a Service's address, and policies see the pods behind it: ask for them", addr)
	}
	one := variant{addresses: singleAddress(addr)}
	var out []variant
	if c.pods.contains(addr) {
		pod := one
		pod.unknownPod, pod.what = true, "for a pod"
		pod.note = fmt.Sprintf("%s is in the range of the pods, and which pod has it is not known", addr)
		out = append(out, pod)
	}
	if c.nodes.contains(addr) {
		own := one
		own.own, own.what, one.what = true, "for the pod's own node", "for another node"
		out = append(out, own, one)
	}
	if len(out) == 0 {
		out = append(out, one)
	}
	return out, nil
}

var dnsName = regexp.MustCompile(`^[-a-zA-Z0-9_]+([.][-a-zA-Z0-9_]+)*[.]?$`)

func isName(s string) bool {
	_, err := parseAddress(s)
	return err != nil && len(s) <= 255 && dnsName.MatchString(s)
}
