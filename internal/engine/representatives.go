package engine

import (
	"slices"

	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// Representatives adds an endpoint for everything that the policies distinguish, and returns all
// known endpoints.
func (e *Engine) Representatives(s endpoints.Environment) (_ []endpoints.Endpoint, err error) {
	unlock, err := e.enter()
	if err != nil {
		return nil, err
	}
	defer unlock()
	defer recoverError(&err)

	if err := e.addRepresentatives(s); err != nil {
		return nil, err
	}
	if e.hasDenies {
		if err := e.startWithoutDenies(s); err != nil {
			return nil, err
		}
	}
	return slices.Clone(e.knownEndpoints), nil
}

// startWithoutDenies starts an engine without deny rules. A deny rule may match a representative
// pod, but not a pod that is created later. So representative pods are decided without deny
// rules.
func (e *Engine) startWithoutDenies(s endpoints.Environment) error {
	e.withoutDenies = newEngine(e.options)
	e.withoutDenies.transform = func(entries types.PolicyEntries) {
		for _, entry := range entries {
			if entry.IsDeny() {
				// The entry still default-denies, but has no peers.
				entry.Verdict, entry.L3 = types.Allow, nil
			}
		}
	}
	pods := slices.DeleteFunc(slices.Clone(e.knownEndpoints), func(ep endpoints.Endpoint) bool { return ep.Kind != endpoints.PodEndpoint })
	if err := e.withoutDenies.start(e.policies, pods); err != nil {
		return err
	}
	return e.withoutDenies.addRepresentatives(s)
}

func (e *Engine) addRepresentatives(s endpoints.Environment) error {
	pods, err := endpoints.RepresentativePods(s, e.knownEndpoints, e.selections)
	if err != nil {
		return err
	}
	for _, ep := range pods {
		if err := e.learn(ep); err != nil {
			return err
		}
	}
	// Only names in policies matter: any other name is equivalent to the rest of the world.
	for _, ep := range s.Known {
		if ep.Kind != endpoints.AddressEndpoint {
			continue
		}
		if err := e.learn(ep); err != nil {
			return err
		}
	}
	if err := e.addRepresentativeNodes(s); err != nil {
		return err
	}
	return e.learnOutside(s.CIDRs)
}

// learn adds an endpoint, with each identity that it may have, unless it is known already.
func (e *Engine) learn(ep endpoints.Endpoint) error {
	if key := string(ep.Kind) + " " + ep.Name + " " + fingerprint(ep); !e.learned[key] {
		e.learned[key] = true
		all, err := e.variants(ep)
		if err != nil {
			return err
		}
		for _, v := range all {
			// In a trial of the setting (no source), declared networks count as outside the cluster.
			if _, from, _ := e.agent.Explicit(cilium.CIDRMatchMode); v.at != nil && (v.outside || from != "") {
				e.addKnown(v.id, *v.at)
				continue
			}
			e.addKnown(v.id, ep)
		}
		e.knownEndpoints = append(e.knownEndpoints, ep)
	}
	return nil
}
