package netpol

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// index finds pods by their namespace, so that no peer compares every pod.
type index map[string][]*podGroup

// podGroup is a namespace, as one of its pods knows its labels.
type podGroup struct {
	labels labels.Set
	pods   []endpoints.ID
}

func newIndex(set *endpoints.Set) index {
	out := index{}
	byLabels := map[string]*podGroup{}
	for _, pod := range set.Endpoints {
		if pod.Kind != endpoints.PodEndpoint || pod.Cluster != "" {
			continue
		}
		lbls := namespaceLabels(pod.Namespace, pod.NamespaceLabels)
		key := lbls.String()
		if byLabels[key] == nil {
			byLabels[key] = &podGroup{labels: lbls}
			out[pod.Namespace] = append(out[pod.Namespace], byLabels[key])
		}
		byLabels[key].pods = append(byLabels[key].pods, pod.ID)
	}
	return out
}

// match finds the pods and addresses that the peers of a rule select.
func (t *table) match(r *rule) {
	for _, p := range r.peers {
		if p.isBlock() {
			t.blockCells[r] = append(t.blockCells[r], t.cells.of(p.block)...)
			continue
		}
		if _, done := t.matched[p.key]; done {
			continue
		}
		found := []endpoints.ID{}
		for _, g := range t.index.groupsOf(p) {
			for _, id := range g.pods {
				if p.pods.Matches(labelsOf(t.set.Of(id))) {
					found = append(found, id)
				}
			}
		}
		t.matched[p.key] = found
	}
	slices.Sort(t.blockCells[r])
	t.blockCells[r] = slices.Compact(t.blockCells[r])
}

// blocks returns the addresses that the networks of a rule have, or reports that it has no peers and so
// allows everything.
func (t *table) blocks(r *rule) (cells []int, whole bool) { return t.blockCells[r], len(r.peers) == 0 }

// groupsOf returns the namespaces that a peer selects.
func (x index) groupsOf(p *peer) []*podGroup {
	if p.namespaces == nil {
		return x[p.namespace]
	}
	candidates := slices.Concat(slices.Collect(maps.Values(x))...)
	if name, one := p.namespaces.RequiresExactMatch(corev1.LabelMetadataName); one {
		candidates = slices.Clone(x[name])
	}
	return slices.DeleteFunc(candidates, func(g *podGroup) bool { return !p.namespaces.Matches(g.labels) })
}

// labelsOf returns all labels of a pod: a NetworkPolicy matches labels outside of the identity,
// too.
func labelsOf(pod endpoints.Endpoint) labels.Set {
	if pod.AllLabels != nil {
		return pod.AllLabels
	}
	return pod.Labels
}

// namespaceLabels returns the labels of a namespace, with the one that the apiserver sets.
func namespaceLabels(name string, of map[string]string) labels.Set {
	out := labels.Set{}
	maps.Copy(out, of)
	out[corev1.LabelMetadataName] = name
	return out
}
