package netpol

import (
	"slices"

	"go4.org/netipx"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// index finds what is known by what peers match, so that nobody asks every pod.
type index struct {
	known []known
	// houses are the pods by their namespaces.
	houses map[string][]*house
	// others are what is no pod.
	others []int
	// reached is what peers match, once asked for, by their keys.
	reached map[string][]reached
}

// known is an endpoint, and the addresses that it may have.
type known struct {
	endpoint  policy.Endpoint
	addresses *netipx.IPSet
}

// house is a namespace, as one of its pods knows its labels.
type house struct {
	labels labels.Set
	pods   []int
}

// reached is an endpoint that something matches, or a part of what it may be.
type reached struct {
	known int
	share share
}

func newIndex(pods []policy.Endpoint, others []outsider, c cluster) *index {
	x := &index{houses: map[string][]*house{}, reached: map[string][]reached{}}
	byLabels := map[string]*house{}
	for _, pod := range pods {
		lbls := namespaceLabels(pod.Namespace, pod.NamespaceLabels)
		key := lbls.String()
		h := byLabels[key]
		if h == nil {
			h = &house{labels: lbls}
			byLabels[key] = h
			x.houses[pod.Namespace] = append(x.houses[pod.Namespace], h)
		}
		h.pods = append(h.pods, len(x.known))
		pod.Entities = []v1alpha1.Entity{v1alpha1.EntityAll, v1alpha1.EntityCluster}
		x.known = append(x.known, known{pod, c.pods.set})
	}
	for _, o := range others {
		x.others = append(x.others, len(x.known))
		x.known = append(x.known, known(o))
	}
	return x
}

// of is what a rule matches, each endpoint once.
func (x *index) of(r *rule) []reached {
	switch len(r.peers) {
	case 0:
		return x.everybody()
	case 1:
		return x.ofPeer(r.peers[0])
	}
	shares := map[int]share{}
	for _, p := range r.peers {
		for _, m := range x.ofPeer(p) {
			shares[m.known] = max(shares[m.known], m.share)
		}
	}
	return listed(shares)
}

func (x *index) everybody() []reached {
	out := make([]reached, len(x.known))
	for i := range out {
		out[i] = reached{i, whole}
	}
	return out
}

func (x *index) ofPeer(p *peer) []reached {
	if found, ok := x.reached[p.key]; ok {
		return found
	}
	found := x.find(p)
	x.reached[p.key] = found
	return found
}

func (x *index) find(p *peer) []reached {
	shares := map[int]share{}
	if p.block == nil {
		for _, h := range x.housesOf(p) {
			for _, i := range h.pods {
				if p.pods.Matches(labelsOf(x.known[i].endpoint)) {
					shares[i] = whole
				}
			}
		}
		return listed(shares)
	}
	for _, i := range x.others {
		shares[i] = shareOf(p.block, x.known[i].addresses)
	}
	for _, houses := range x.houses {
		for _, h := range houses {
			// Pods are alike: what one may have for an address, all may.
			s := shareOf(p.block, x.known[h.pods[0]].addresses)
			for _, i := range h.pods {
				shares[i] = s
			}
		}
	}
	return listed(shares)
}

// housesOf are the namespaces that a peer selects.
func (x *index) housesOf(p *peer) []*house {
	if p.namespaces == nil {
		return x.houses[p.namespace]
	}
	var out []*house
	if name, one := p.namespaces.RequiresExactMatch(corev1.LabelMetadataName); one {
		for _, h := range x.houses[name] {
			if p.namespaces.Matches(h.labels) {
				out = append(out, h)
			}
		}
		return out
	}
	for _, houses := range x.houses {
		for _, h := range houses {
			if p.namespaces.Matches(h.labels) {
				out = append(out, h)
			}
		}
	}
	return out
}

func listed(shares map[int]share) []reached {
	var out []reached
	for i, s := range shares {
		if s != none {
			out = append(out, reached{i, s})
		}
	}
	slices.SortFunc(out, func(a, b reached) int { return a.known - b.known })
	return out
}
