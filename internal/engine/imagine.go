package engine

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// Imagine makes known what the policies tell apart.
func (e *Engine) Imagine(s policy.Surroundings) (_ []policy.Endpoint, err error) {
	agent.Lock()
	defer agent.Unlock()
	defer recovered(&err)

	if err := e.imagine(s); err != nil {
		return nil, err
	}
	if e.denies {
		if err := e.startUndenied(s); err != nil {
			return nil, err
		}
	}
	return slices.Clone(e.told), nil
}

// startUndenied starts an engine without denies: one may deny the pods that are
// imagined, and not others that will be there one day. What is open to those is open to
// one of them.
func (e *Engine) startUndenied(s policy.Surroundings) error {
	e.undenied = newEngine(Options{ClusterName: e.cluster})
	e.undenied.alter = func(entries types.PolicyEntries) {
		for _, entry := range entries {
			if entry.IsDeny() {
				// It still isolates, and says nothing about anybody.
				entry.Verdict, entry.L3 = types.Allow, nil
			}
		}
	}
	pods := slices.DeleteFunc(slices.Clone(e.told), func(ep policy.Endpoint) bool { return ep.Kind != policy.PodEndpoint })
	if err := e.undenied.start(e.policies, pods); err != nil {
		return err
	}
	return e.undenied.imagine(s)
}

func (e *Engine) imagine(s policy.Surroundings) error {
	i := imagination{namespaces: s.Namespaces, ports: e.namedPorts(), seen: map[string]bool{}}
	for _, ep := range e.told {
		i.seen[appearance(ep)] = true
	}
	e.fresh = e.freshValue()
	i.everywhere(wish{})
	for _, s := range e.selectors {
		wishes, err := e.wishesOf(s)
		if err != nil {
			return err
		}
		for _, w := range wishes {
			i.everywhere(w)
		}
	}
	for _, ep := range i.pods {
		if err := e.learn(ep); err != nil {
			return err
		}
	}
	if err := e.learnKnown(s.Known, i.seen); err != nil {
		return err
	}
	if err := e.imagineNodes(); err != nil {
		return err
	}
	return e.learnOutside(s.CIDRs)
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

// learn makes an endpoint known, by each identity that it may have. Once is enough.
func (e *Engine) learn(ep policy.Endpoint) error {
	if key := string(ep.Kind) + " " + ep.Name + " " + fingerprint(ep); !e.learnt[key] {
		e.learnt[key] = true
		all, err := e.variants(ep)
		if err != nil {
			return err
		}
		for _, v := range all {
			e.know(v.id, ep)
		}
		e.told = append(e.told, ep)
	}
	return nil
}

// imagination makes up pods.
type imagination struct {
	namespaces map[string]map[string]string
	// ports are those that policies name: an imagined pod has them all.
	ports []policy.NamedPort
	pods  []policy.Endpoint
	// seen are the pods that are there already.
	seen map[string]bool
}

// unknown stands for a namespace that nobody has made yet: it is no name that
// Kubernetes would take.
const unknown = "?"

// everywhere adds a pod in each namespace in which a wish may come true.
func (i *imagination) everywhere(w wish) {
	for _, ns := range slices.Sorted(maps.Keys(i.namespaces)) {
		if w.in(ns, i.namespaces[ns]) {
			i.add(ns, i.namespaces[ns], w)
		}
	}
	for _, ns := range append(w.named(), unknown) {
		if _, known := i.namespaces[ns]; known {
			continue
		}
		for _, labels := range w.unknownLabels() {
			if w.in(ns, labels) {
				i.add(ns, labels, w)
			}
		}
	}
}

// unknownLabels are those of namespaces that are not known, such that a wish may come
// true there: one for each value that a label may have.
func (w wish) unknownLabels() []map[string]string {
	byKey := map[string][]requirement{}
	for _, r := range w.of {
		if r.key != "" {
			byKey[r.key] = append(byKey[r.key], r)
		}
	}
	first := map[string]string{}
	out := []map[string]string{first}
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		values, good := valuesOf(byKey[key], "any")
		if good > 0 && values[0].there {
			first[key] = values[0].text
		}
	}
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		values, good := valuesOf(byKey[key], "any")
		for _, v := range values[:good] {
			if other := maps.Clone(first); v.there && first[key] != v.text {
				other[key] = v.text
				out = append(out, other)
			}
		}
	}
	return out
}

func (i *imagination) add(namespace string, namespaceLabels map[string]string, w wish) {
	where := namespace
	if namespace == unknown {
		where = "an unknown namespace"
	}
	if _, known := i.namespaces[namespace]; !known && len(namespaceLabels) > 0 {
		where += " with " + policy.Spelled(namespaceLabels)
	}
	ep := policy.Endpoint{
		Kind: policy.PodEndpoint, Name: w.String() + " in " + where, Imagined: true, Ports: i.ports, Cluster: w.cluster,
		Namespace: namespace, NamespaceLabels: namespaceLabels, Labels: w.labels, ServiceAccount: w.account,
	}
	if key := appearance(ep); !i.seen[key] {
		i.seen[key] = true
		i.pods = append(i.pods, ep)
	}
}

// appearance is what a selector may see of a pod. The namespace's own name is a label of
// it whether it is said or not.
func appearance(ep policy.Endpoint) string {
	seen := policy.Endpoint{
		Namespace: ep.Namespace, NamespaceLabels: maps.Clone(ep.NamespaceLabels), Labels: ep.Labels, ServiceAccount: ep.ServiceAccount, Cluster: ep.Cluster,
	}
	delete(seen.NamespaceLabels, corev1.LabelMetadataName)
	if seen.ServiceAccount == "default" {
		seen.ServiceAccount = ""
	}
	return fingerprint(seen)
}

// namedPorts are the ports that policies name, as the first pod that has one numbers it
// or, where none does, as none would.
func (e *Engine) namedPorts() []policy.NamedPort {
	var out []policy.NamedPort
	for _, want := range e.portNames {
		port := policy.NamedPort{Name: want.Name, Port: unusual, Protocol: want.Protocol}
		for _, ep := range e.told {
			if i := slices.IndexFunc(ep.Ports, func(p policy.NamedPort) bool {
				return p.Name == want.Name && defaultProtocol(p.Protocol) == want.Protocol
			}); i >= 0 {
				port.Port = ep.Ports[i].Port
				break
			}
		}
		out = append(out, port)
	}
	return out
}

// unusual is a port that nothing listens on by default.
const unusual = 64999
