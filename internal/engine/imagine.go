package engine

import (
	"maps"
	"slices"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// Imagine makes known what the policies tell apart.
func (e *Engine) Imagine(s policy.Surroundings) (_ []policy.Endpoint, err error) {
	agent.Lock()
	defer agent.Unlock()
	defer recovered(&err)

	i := imagination{namespaces: s.Namespaces, seen: map[string]bool{}}
	for _, ep := range e.told {
		i.seen[appearance(ep)] = true
	}
	for _, ns := range i.places(wish{}) {
		i.add(ns, wish{})
	}
	for _, s := range e.selectors {
		wishes, err := wishesOf(s)
		if err != nil {
			return nil, err
		}
		for _, w := range wishes {
			for _, ns := range i.places(w) {
				i.add(ns, w)
			}
		}
	}
	for _, ep := range i.pods {
		if err := e.learn(ep); err != nil {
			return nil, err
		}
	}
	if err := e.learnKnown(s.Known, i.seen); err != nil {
		return nil, err
	}
	if err := e.learnOutside(s.CIDRs); err != nil {
		return nil, err
	}
	return slices.Clone(e.told), nil
}

// learnKnown makes pods and addresses known that are not yet. Names are those of the
// policies alone: another one is like any other part of the world.
func (e *Engine) learnKnown(known []policy.Endpoint, seen map[string]bool) error {
	for _, ep := range known {
		isNew := ep.Kind == policy.AddressEndpoint || ep.Kind == policy.PodEndpoint && !seen[appearance(ep)]
		if !isNew {
			continue
		}
		if err := e.learn(ep); err != nil {
			return err
		}
	}
	return nil
}

// learn makes an endpoint known, by each identity that it may have.
func (e *Engine) learn(ep policy.Endpoint) error {
	all, err := e.variants(ep)
	if err != nil {
		return err
	}
	for _, v := range all {
		e.know(v.id, ep)
	}
	e.told = append(e.told, ep)
	return nil
}

// imagination makes up pods.
type imagination struct {
	namespaces map[string]map[string]string
	pods       []policy.Endpoint
	// seen are the pods that are there already.
	seen map[string]bool
}

// unknown stands for a namespace that nobody has made yet: it is no name that
// Kubernetes would take.
const unknown = "?"

// place is a namespace that a pod may be in.
type place struct {
	namespace string
	labels    map[string]string
}

// places are the namespaces in which a wish may come true.
func (i *imagination) places(w wish) []place {
	var out []place
	for _, ns := range slices.Sorted(maps.Keys(i.namespaces)) {
		if w.in(ns) && contains(i.namespaces[ns], w.namespaceLabels) {
			out = append(out, place{ns, i.namespaces[ns]})
		}
	}
	for _, ns := range w.namespaces {
		if _, ok := i.namespaces[ns]; !ok {
			out = append(out, place{ns, w.namespaceLabels})
		}
	}
	if w.in(unknown) {
		out = append(out, place{unknown, w.namespaceLabels})
	}
	return out
}

func contains(labels, want map[string]string) bool {
	for k, v := range want {
		if have, ok := labels[k]; !ok || have != v {
			return false
		}
	}
	return true
}

func (i *imagination) add(at place, w wish) {
	ep := policy.Endpoint{
		Kind: policy.PodEndpoint, Name: w.String() + " in " + at.String(),
		Namespace: at.namespace, NamespaceLabels: at.labels, Labels: w.labels, ServiceAccount: w.account,
	}
	if key := appearance(ep); !i.seen[key] {
		i.seen[key] = true
		i.pods = append(i.pods, ep)
	}
}

func (p place) String() string {
	switch {
	case p.namespace != unknown:
		return p.namespace
	case len(p.labels) > 0:
		return "an unknown namespace with " + spelled(p.labels)
	default:
		return "an unknown namespace"
	}
}

// appearance is what a selector may see of a pod. The default account is that of pods
// that say none, and of most that are imagined.
func appearance(ep policy.Endpoint) string {
	seen := policy.Endpoint{Namespace: ep.Namespace, Labels: ep.Labels}
	if ep.Namespace == unknown {
		seen.NamespaceLabels = ep.NamespaceLabels
	}
	return fingerprint(seen)
}
