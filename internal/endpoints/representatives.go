package endpoints

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// representativePods returns representative pods: one for each class that selections distinguish and
// that has no pod in the set.
func (s *Set) representativePods(env Environment, all []Selections) ([]Endpoint, error) {
	return LaterPods(env, s.Pods(), all)
}

// LaterPods returns the representative pods of everything that some programs distinguish.
func LaterPods(env Environment, existing []Endpoint, all []Selections) ([]Endpoint, error) {
	var selections []Selection
	byAllLabels := false
	for _, one := range all {
		selections = append(selections, one.Pods...)
		byAllLabels = byAllLabels || one.AllLabels
	}
	named := outsideIdentity(selections)
	if !byAllLabels || len(named) == 0 {
		return RepresentativePods(env, existing, selections)
	}
	return RepresentativePods(env, withNamedLabels(existing, named), selections)
}

// outsideIdentity returns the label keys that selectors name and that Cilium omits from the identity.
func outsideIdentity(selections []Selection) map[string]bool {
	out := map[string]bool{}
	for _, s := range selections {
		for _, r := range s.Requirements {
			if r.Trait == PodLabel && !v1alpha1.InIdentity(r.Key) {
				out[r.Key] = true
			}
		}
	}
	return out
}

// withNamedLabels returns pods with those labels outside of their identity that selectors name.
func withNamedLabels(pods []Endpoint, named map[string]bool) []Endpoint {
	out := slices.Clone(pods)
	for i := range out {
		if out[i].AllLabels != nil {
			out[i].Labels = maps.Clone(out[i].AllLabels)
			maps.DeleteFunc(out[i].Labels, func(key, _ string) bool { return !v1alpha1.InIdentity(key) && !named[key] })
		}
	}
	return out
}

// RepresentativePods returns representative pods: one for each class that selections distinguish and
// that has no existing pod. It returns a BudgetError if they exceed the budget.
func RepresentativePods(s Environment, existing []Endpoint, selections []Selection) ([]Endpoint, error) {
	i := newRepresentativeBuilder(s, existing, selections)
	if err := i.checkBudget(selections); err != nil {
		return nil, err
	}
	i.addSelection(Selection{Ports: i.ports})
	for _, s := range selections {
		if len(s.Requirements) > 0 {
			i.addSelection(s)
		}
	}
	if len(i.out) > i.budget {
		return nil, i.budgetError(selections)
	}
	return i.out, nil
}

// RepresentativeNodes returns the nodes that selections distinguish, and one without labels.
func RepresentativeNodes(s Environment, selections []Selection) ([]Endpoint, error) {
	all := [][]Selection{selections, s.Selectors}
	fresh, of := freshValue(all), newClasses(all)
	var out []Endpoint
	for _, sel := range append([]Selection{{}}, selections...) {
		chosen, ok := of.choices(sel.Requirements, fresh)
		if !ok {
			continue
		}
		if needs := len(out) + chosen.count(); needs > s.budget() {
			return nil, BudgetError{Policy: sel.Policy, Needed: needs, Limit: s.budget()}
		}
		for _, c := range chosen.cases() {
			out = append(out, RepresentativeNode(labelsOf(c)))
		}
	}
	return out, nil
}

// representativeBuilder builds representative pods.
type representativeBuilder struct {
	namespaces map[string]map[string]string
	elsewhere  map[string]bool
	// order is the order of the namespaces.
	order []string
	fresh string
	of    classes
	// budget is the largest number of representative pods.
	budget int
	// byAccount and byPorts report that policies distinguish pods by service account, and by named
	// ports.
	byAccount, byPorts bool
	// ports are the ports that policies name. A representative pod has all of them.
	ports []NamedPort
	// seen are the existing and the added pods, by what policies can distinguish of them.
	seen map[string][]Endpoint
	// seenWithPorts has the same pods by what policies can distinguish, including named ports.
	seenWithPorts map[string]bool
	out           []Endpoint
}

func newRepresentativeBuilder(s Environment, existing []Endpoint, selections []Selection) *representativeBuilder {
	i := &representativeBuilder{namespaces: s.Namespaces, elsewhere: s.Elsewhere, order: slices.Sorted(maps.Keys(s.Namespaces)), budget: s.budget(), seen: map[string][]Endpoint{}, seenWithPorts: map[string]bool{}}
	all := [][]Selection{selections, s.Selectors}
	numbered := s.Pods
	if numbered == nil {
		numbered = existing
	}
	i.fresh, i.of = freshValue(all), newClasses(all)
	for _, s := range selections {
		i.byAccount = i.byAccount || s.requires(PodAccount)
		i.byPorts = i.byPorts || s.requires(PodPorts)
		for _, p := range s.Ports {
			if !names([]Endpoint{{Ports: i.ports}}, p) {
				i.ports = append(i.ports, resolveNamedPort(p, numbered, unusedPort))
			}
		}
	}
	for _, ep := range existing {
		i.record(ep)
	}
	return i
}

// addSelection adds the pods that a selection distinguishes, in every namespace where they may run.
func (i *representativeBuilder) addSelection(s Selection) {
	ofNamespace, ofPod := s.split()
	chosen, ok := i.of.choices(ofPod, i.fresh)
	if !ok {
		return
	}
	candidateNamespaces := i.candidateNamespaces(ofNamespace)
	for _, c := range chosen.cases() {
		for _, at := range candidateNamespaces {
			if len(i.out) > i.budget {
				return
			}
			ep := Endpoint{
				Kind: PodEndpoint, Representative: true, Namespace: at.namespace, NamespaceLabels: at.labels,
				Labels: labelsOf(c), ServiceAccount: c[traitKey{trait: PodAccount}], Cluster: c[traitKey{trait: PodCluster}],
			}
			if s.requires(PodPorts) {
				ep.Ports = i.portsOf(c[traitKey{trait: PodPorts}])
				i.addWithPorts(ep)
			} else {
				i.add(ep, s.Ports)
			}
		}
	}
}

// add adds a pod, unless existing pods with the same identity have all the ports. Its ports agree
// with theirs, because Cilium cannot distinguish the pods.
func (i *representativeBuilder) add(ep Endpoint, ports []NamedPort) {
	if i.have(ep, ports) {
		return
	}
	ep.Name = i.describe(ep)
	for _, p := range i.ports {
		ep.Ports = append(ep.Ports, resolveNamedPort(p, i.seen[i.identityKey(ep)], p.Port))
	}
	i.record(ep)
	i.out = append(i.out, ep)
}

// have reports whether pods with the same identity have all of some ports.
func (i *representativeBuilder) have(ep Endpoint, ports []NamedPort) bool {
	alike := i.seen[i.identityKey(ep)]
	return len(alike) > 0 && !slices.ContainsFunc(ports, func(p NamedPort) bool { return !names(alike, p) })
}

func (i *representativeBuilder) record(ep Endpoint) {
	if ep.Kind == PodEndpoint {
		key := i.identityKey(ep)
		i.seen[key] = append(i.seen[key], ep)
		if i.byPorts {
			i.seenWithPorts[i.identityWithPorts(ep)] = true
		}
	}
}

// identityKey returns what policies can distinguish of a pod, except its ports. The name of the
// namespace is always one of its labels.
func (i *representativeBuilder) identityKey(ep Endpoint) string {
	of := maps.Clone(ep.NamespaceLabels)
	delete(of, corev1.LabelMetadataName)
	account := ""
	if i.byAccount && ep.ServiceAccount != "default" {
		account = ep.ServiceAccount
	}
	return strings.Join([]string{ep.Cluster, ep.Namespace, FormatLabels(of), FormatLabels(ep.Labels), account}, ";")
}

func (i *representativeBuilder) describe(ep Endpoint) string {
	var with []string
	if len(ep.Labels) > 0 {
		with = append(with, "with "+FormatLabels(ep.Labels))
	}
	if ep.ServiceAccount != "" {
		with = append(with, "of service account "+ep.ServiceAccount)
	}
	if ep.Cluster != "" {
		with = append(with, "of cluster "+ep.Cluster)
	}
	if len(with) == 0 {
		with = append(with, "without labels")
	}
	in := ep.Namespace
	if in == UnknownNamespace {
		in = "a namespace outside the build"
	}
	if _, known := i.namespaces[ep.Namespace]; !known && len(ep.NamespaceLabels) > 0 {
		in += " with " + FormatLabels(ep.NamespaceLabels)
	}
	return "a pod " + strings.Join(with, " ") + " in " + in
}

// names reports whether a pod has a port of that name.
func names(pods []Endpoint, p NamedPort) bool { return resolveNamedPort(p, pods, 0).Port != 0 }

// resolveNamedPort returns the port with the number that the first pod with that name gives it.
func resolveNamedPort(p NamedPort, pods []Endpoint, fallback uint16) NamedPort {
	p.Protocol, p.Port = cmp.Or(p.Protocol, v1alpha1.TCP), fallback
	for _, ep := range pods {
		for _, have := range ep.Ports {
			if have.Name == p.Name && cmp.Or(have.Protocol, v1alpha1.TCP) == p.Protocol {
				p.Port = have.Port
				return p
			}
		}
	}
	return p
}

// unusedPort is a port that no common server uses by default.
const unusedPort = 64999
