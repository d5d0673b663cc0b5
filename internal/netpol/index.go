package netpol

import (
	"slices"

	"go4.org/netipx"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// index finds known endpoints by what peers match, so that no rule compares every pod.
type index struct {
	known []known
	// podGroups are the pods by their namespaces.
	podGroups map[string][]*podGroup
	// others are what is no pod.
	others []int
	// matched is what peers match, cached by their keys.
	matched map[string][]matched
}

// known is an endpoint with its possible addresses.
type known struct {
	endpoint  endpoints.Endpoint
	addresses *netipx.IPSet
}

// podGroup is a namespace, as one of its pods knows its labels.
type podGroup struct {
	labels labels.Set
	pods   []int
}

// matched is an endpoint that a peer matches, wholly or in part.
type matched struct {
	known int
	share share
}

func newIndex(pods []endpoints.Endpoint, others []outsideEndpoint, c cluster) *index {
	x := &index{podGroups: map[string][]*podGroup{}, matched: map[string][]matched{}}
	byLabels := map[string]*podGroup{}
	for _, pod := range pods {
		lbls := namespaceLabels(pod.Namespace, pod.NamespaceLabels)
		key := lbls.String()
		h := byLabels[key]
		if h == nil {
			h = &podGroup{labels: lbls}
			byLabels[key] = h
			x.podGroups[pod.Namespace] = append(x.podGroups[pod.Namespace], h)
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

// matchedBy is what a rule matches, each endpoint once.
func (x *index) matchedBy(r *rule) []matched {
	switch len(r.peers) {
	case 0:
		return x.allEndpoints()
	case 1:
		return x.matchedByPeer(r.peers[0])
	}
	shares := map[int]share{}
	for _, p := range r.peers {
		for _, m := range x.matchedByPeer(p) {
			shares[m.known] = max(shares[m.known], m.share)
		}
	}
	return sortedMatches(shares)
}

func (x *index) allEndpoints() []matched {
	out := make([]matched, len(x.known))
	for i := range out {
		out[i] = matched{i, whole}
	}
	return out
}

func (x *index) matchedByPeer(p *peer) []matched {
	if found, ok := x.matched[p.key]; ok {
		return found
	}
	found := x.find(p)
	x.matched[p.key] = found
	return found
}

func (x *index) find(p *peer) []matched {
	shares := map[int]share{}
	if p.block == nil {
		for _, h := range x.podGroupsOf(p) {
			for _, i := range h.pods {
				if p.pods.Matches(labelsOf(x.known[i].endpoint)) {
					shares[i] = whole
				}
			}
		}
		return sortedMatches(shares)
	}
	for _, i := range x.others {
		shares[i] = shareOf(p.block, x.known[i].addresses)
	}
	for _, podGroups := range x.podGroups {
		for _, h := range podGroups {
			// All pods have the same possible addresses.
			s := shareOf(p.block, x.known[h.pods[0]].addresses)
			for _, i := range h.pods {
				shares[i] = s
			}
		}
	}
	return sortedMatches(shares)
}

// podGroupsOf returns the namespaces that a peer selects.
func (x *index) podGroupsOf(p *peer) []*podGroup {
	if p.namespaces == nil {
		return x.podGroups[p.namespace]
	}
	var out []*podGroup
	if name, one := p.namespaces.RequiresExactMatch(corev1.LabelMetadataName); one {
		for _, h := range x.podGroups[name] {
			if p.namespaces.Matches(h.labels) {
				out = append(out, h)
			}
		}
		return out
	}
	for _, podGroups := range x.podGroups {
		for _, h := range podGroups {
			if p.namespaces.Matches(h.labels) {
				out = append(out, h)
			}
		}
	}
	return out
}

func sortedMatches(shares map[int]share) []matched {
	var out []matched
	for i, s := range shares {
		if s != none {
			out = append(out, matched{i, s})
		}
	}
	slices.SortFunc(out, func(a, b matched) int { return a.known - b.known })
	return out
}
