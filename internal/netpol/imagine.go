package netpol

import (
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// Imagine makes known what the policies tell apart. There are no names: to NetworkPolicy
// each is some address of the world.
func (e *Engine) Imagine(s policy.Surroundings) ([]policy.Endpoint, error) {
	e.mu.Lock()
	defer e.mu.Unlock()

	if err := e.tell(s); err != nil {
		return nil, err
	}
	i := imagination{namespaces: s.Namespaces, seen: map[string]bool{}, pods: slices.Clone(e.pods)}
	for _, ep := range i.pods {
		i.seen[appearance(ep)] = true
	}
	for _, ns := range slices.Sorted(maps.Keys(s.Namespaces)) {
		i.add(i.place(ns), nil)
	}
	i.add(place{namespace: unknown}, nil)
	for _, ns := range slices.Sorted(maps.Keys(e.policies)) {
		for _, p := range e.policies[ns] {
			i.imagine(ns, p)
		}
	}
	if err := i.learn(s.Known); err != nil {
		return nil, err
	}
	e.pods, e.others = i.pods, e.outsiders()
	e.index = newIndex(e.pods, e.others, e.cluster)
	return e.all(), nil
}

// all is everything that is known, each endpoint once.
func (e *Engine) all() []policy.Endpoint {
	out := slices.Clone(e.pods)
	for _, o := range e.others {
		ep := o.endpoint
		ep.Entities = nil
		if n := len(out); n == 0 || out[n-1].Name != ep.Name {
			out = append(out, ep)
		}
	}
	return out
}

// tell adds networks and addresses that somebody else than the policies knows of.
func (e *Engine) tell(s policy.Surroundings) error {
	for _, c := range s.CIDRs {
		p, err := network(c)
		if err != nil {
			return err
		}
		e.networks = append(e.networks, p)
	}
	e.networks.sort()
	elsewhere, err := e.cluster.addressesOf(s.Known)
	e.addresses = append(e.addresses, elsewhere...)
	return err
}

// imagination makes up pods.
type imagination struct {
	namespaces map[string]map[string]string
	pods       []policy.Endpoint
	// seen are the pods that are there already.
	seen map[string]bool
}

// imagine makes up the pods that a policy selects, and those that its peers do.
func (i *imagination) imagine(namespace string, p *compiled) {
	for _, lbls := range wishes(&p.written) {
		i.add(i.place(namespace), lbls)
	}
	for _, d := range policy.Directions() {
		for _, r := range p.rules[d] {
			for _, peer := range r.peers {
				i.peer(peer)
			}
		}
	}
}

func (i *imagination) peer(p *peer) {
	if p.block != nil {
		return
	}
	pods := p.written.PodSelector
	if pods == nil {
		pods = &metav1.LabelSelector{}
	}
	for _, at := range i.placesOf(p) {
		for _, lbls := range wishes(pods) {
			i.add(at, lbls)
		}
	}
}

func (i *imagination) add(at place, lbls map[string]string) {
	what := "a pod without labels"
	if len(lbls) > 0 {
		what = "a pod with " + policy.Spelled(lbls)
	}
	i.see(policy.Endpoint{
		Kind: policy.PodEndpoint, Name: what + " in " + at.String(), Namespace: at.namespace, NamespaceLabels: at.labels, Labels: lbls,
	})
}

func (i *imagination) see(ep policy.Endpoint) {
	if key := appearance(ep); !i.seen[key] {
		i.seen[key] = true
		i.pods = append(i.pods, ep)
	}
}

// learn makes pods known that are known elsewhere.
func (i *imagination) learn(elsewhere []policy.Endpoint) error {
	for _, ep := range elsewhere {
		if ep.Kind != policy.PodEndpoint {
			continue
		}
		if err := checkPod(ep); err != nil {
			return err
		}
		i.see(ep)
	}
	return nil
}

// appearance is what a selector may see of a pod: the labels of a namespace that is there
// are the same for all.
func appearance(ep policy.Endpoint) string {
	out := ep.Namespace + "; " + policy.Spelled(ep.Labels)
	if ep.Namespace == unknown {
		out += "; " + policy.Spelled(ep.NamespaceLabels)
	}
	return out
}
