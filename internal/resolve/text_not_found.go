package resolve

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
	"github.com/tenantfence/tenantfence/internal/strict"
)

func (r *facts) tenantNames() []string {
	out := slices.Collect(maps.Keys(r.unread))
	for _, t := range r.tenants {
		out = append(out, t.Name)
	}
	slices.Sort(out)
	return out
}

func (r *facts) namespaceNames() []string { return slices.Sorted(maps.Keys(r.index.Namespaces)) }

// serviceNotFound is the message about a Service that is in none of some namespaces.
func (r *endsPass) serviceNotFound(namespaces []string, name, alternatives string) string {
	otherwise := declareExternal("the Service") + alternatives
	if ns := namespaces[0]; len(namespaces) == 1 && r.index.Namespaces[ns] == nil {
		return fmt.Sprintf("Service %s/%s is not in the build, and neither is its namespace: %s", ns, name, correction(ns, r.namespaceNames(), otherwise))
	}
	var candidates, elsewhere []string
	for _, s := range r.index.Services {
		switch {
		case slices.Contains(namespaces, s.Ref.Namespace):
			candidates = append(candidates, s.Ref.Name)
		case s.Ref.Name == name:
			elsewhere = append(elsewhere, s.Ref.Namespace+"/"+name)
		}
	}
	fix := correction(name, candidates, otherwise)
	if strict.Nearest(name, candidates) == "" && len(elsewhere) == 1 {
		fix = strict.Otherwise(elsewhere[0], otherwise)
	}
	return fmt.Sprintf("%s has no Service %q in the build: %s", namespaceList(namespaces), name, fix)
}

// podsNotFound is the message about a selector that selects no pod of some namespaces.
func (r *facts) podsNotFound(namespaces []string, pods endpoints.Selector, alternatives string) string {
	return fmt.Sprintf("selects no pod of %s in the build: %s", namespaceList(namespaces), r.podsFix(namespaces, pods, alternatives))
}

// podsFix is the fix for a selector that selects no pod of some namespaces.
func (r *facts) podsFix(namespaces []string, pods endpoints.Selector, alternatives string) string {
	have := map[string][]string{}
	for _, ns := range namespaces {
		for _, w := range r.index.WorkloadsIn(ns, endpoints.Selector{}) {
			addLabels(have, w.Labels)
		}
	}
	return labelFix(have, pods.MatchLabels, declareExternal("the pods")+alternatives)
}

// namespaceLabels are the values of each label of the namespaces of the build.
func (r *endsPass) namespaceLabels() map[string][]string {
	have := map[string][]string{}
	for _, ns := range r.index.Namespaces {
		addLabels(have, ns.Labels)
	}
	return have
}

// portFix is the fix for a port name that no pod has.
func (r *endsPass) portFix(port flow.Port, peers []policy.Peer) string {
	var names []string
	for _, peer := range peers {
		for _, w := range r.index.WorkloadsIn(peer.Namespace, peer.Pods) {
			for _, p := range w.Ports {
				if p.Protocol == port.Protocol {
					names = append(names, p.Name)
				}
			}
		}
	}
	if len(names) == 0 {
		return "use the number, or add the port to the containers"
	}
	if near := strict.Nearest(port.Name, sortedUnique(names)); near != "" {
		return strict.Otherwise(near, "use the number")
	}
	return "use the number, or one of the port names: " + truncatedList(sortedUnique(names))
}

// servicePortFix is the fix for a port that a Service does not have.
func servicePortFix(s *resource.Service, port flow.Port) string {
	var names, all []string
	for _, p := range s.Ports {
		text := fmt.Sprintf("%d/%s", p.Port, p.Protocol)
		if p.Name != "" {
			names = append(names, p.Name)
			text += " (" + p.Name + ")"
		}
		all = append(all, text)
	}
	return strict.Otherwise(strict.Nearest(port.Name, names), "use the ports of the Service, by name or number: "+strings.Join(all, ", "))
}
