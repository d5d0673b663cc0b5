package engine

import (
	"slices"

	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// Imagine makes known what the policies tell apart.
func (e *Engine) Imagine(s policy.Surroundings) (_ []policy.Endpoint, err error) {
	leave, err := e.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
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
	e.undenied = newEngine(e.options)
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
	pods, err := policy.ImaginePods(s, e.told, e.selections)
	if err != nil {
		return err
	}
	for _, ep := range pods {
		if err := e.learn(ep); err != nil {
			return err
		}
	}
	// Names are those of the policies alone: another one is like any other part of the world.
	for _, ep := range s.Known {
		if ep.Kind != policy.AddressEndpoint {
			continue
		}
		if err := e.learn(ep); err != nil {
			return err
		}
	}
	if err := e.imagineNodes(s); err != nil {
		return err
	}
	return e.learnOutside(s.CIDRs)
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
			// Where it is only tried whether networks match nodes, they are declared to be outside.
			if _, from, _ := e.agent.Stated(policy.CIDRMatchMode); v.at != nil && (v.outside || from != "") {
				e.know(v.id, *v.at)
				continue
			}
			e.know(v.id, ep)
		}
		e.told = append(e.told, ep)
	}
	return nil
}
