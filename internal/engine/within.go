package engine

import "github.com/tenantfence/tenantfence/internal/endpoints"

// A pod is decided by the policies of its namespace and by cluster-wide ones. Everything else that a policy has an effect
// on belongs to the whole program: an address outside of the cluster has one identity for the networks and names of all
// policies. So a program for some namespaces leaves out only rules of the others, and all of it is parsed.

// Within returns a program that compiles the policies of some namespaces, and cluster-wide ones. Nil: all.
func (p *Program) Within(s endpoints.NamespaceSet) (_ *Program, err error) {
	if s == nil {
		return p, nil
	}
	out := *p
	out.within, out.nodes, out.selections, out.selectionAt = s, nil, make([]endpoints.Selection, 1), map[string]int{}
	unlock, err := out.enter(newUser())
	if err != nil {
		return nil, err
	}
	defer unlock()
	defer recoverError(&err)
	for _, l := range out.loaded {
		if !out.compiles(l) {
			continue
		}
		for _, entry := range l.entries {
			if err := out.collectSelectors(entry); err != nil {
				return nil, err
			}
		}
	}
	return &out, nil
}

// compiles reports whether a policy is among those that are compiled.
func (p *Program) compiles(l loaded) bool { return l.namespace() == "" || p.within.Has(l.namespace()) }
