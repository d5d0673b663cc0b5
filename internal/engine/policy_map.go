package engine

import (
	"math"
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	k8sconst "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	"github.com/cilium/cilium/pkg/labels"
	ciliumpolicy "github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// policyMap is the policy of a pod or node in the datapath: a map from identity, port and
// direction to a decision.
type policyMap struct {
	generation     int
	selectors      ciliumpolicy.SelectorPolicy
	endpointPolicy *ciliumpolicy.EndpointPolicy
	owner          subject
	labels         labels.LabelArray
	entries        map[flow.Direction]entries
	// lookups are the names that the DNS proxy allows the pod to query, if lookupsRead.
	lookups     lookups
	lookupsRead bool
}

// redirects provides a proxy for every L7 rule.
var redirects = map[string]uint16{ciliumpolicy.FallbackRedirectID: math.MaxUint16}

// policyOf returns the policy map of a pod or node. The selectors of the rules are resolved once
// per identity, and Cilium updates them. The map is computed again in each generation.
func (e *Engine) policyOf(ep endpoints.Endpoint) (*policyMap, error) {
	pod, err := e.subject(ep)
	if err != nil {
		return nil, err
	}
	if pod.policyMap != nil && pod.policyMap.generation == e.generation {
		return pod.policyMap, nil
	}
	selectors, err := e.resolve(pod.id)
	if err != nil {
		return nil, err
	}
	owner := subject{id: uint64(pod.id.ID), ports: pod.ports, node: ep.Kind == endpoints.NodeEndpoint}
	pod.policyMap = &policyMap{
		generation: e.generation, selectors: selectors, endpointPolicy: distill(selectors, owner),
		owner: owner, labels: pod.id.LabelArray, entries: map[flow.Direction]entries{},
	}
	e.measure(ep, pod)
	if e.cachedEntries += pod.policyMap.endpointPolicy.Len(); e.cachedEntries > maxCached {
		for _, other := range e.pods {
			if other != pod {
				other.policyMap = nil
			}
		}
		e.cachedEntries = pod.policyMap.endpointPolicy.Len()
	}
	return pod.policyMap, nil
}

// measure records the largest policy map. Entries for representative pods do not count, because
// such pods may never exist.
func (e *Engine) measure(ep endpoints.Endpoint, pod *knownPod) {
	if ep.Representative || pod.policyMap.endpointPolicy.Len() <= e.largest.entries {
		return
	}
	n := 0
	for key := range pod.policyMap.endpointPolicy.Entries() {
		known := e.endpointsByIdentity[key.Identity]
		if len(known) == 0 || slices.ContainsFunc(known, func(ep endpoints.Endpoint) bool { return !ep.Representative }) {
			n++
		}
	}
	if n > e.largest.entries {
		e.largest = largest{ep.Name, n}
	}
}

// largest is the pod or node with the most entries in its policy map.
type largest struct {
	name    string
	entries int
}

// PolicyMap returns the pod or node with the most entries in its policy map, and their number.
// It considers the policy maps that were computed so far.
func (e *Engine) PolicyMap() (name string, entries int) {
	process.Lock()
	defer process.Unlock()
	return e.largest.name, e.largest.entries
}

func (e *Engine) resolve(id *identity.Identity) (ciliumpolicy.SelectorPolicy, error) {
	if selectors, ok := e.resolved[id]; ok {
		return selectors, nil
	}
	selectors, _, err := e.repo.ComputeSelectorPolicy(id)
	if err != nil {
		return nil, flow.ConflictError{Err: err}
	}
	e.resolved[id] = selectors
	return selectors, nil
}

func distill(selectors ciliumpolicy.SelectorPolicy, owner subject) *ciliumpolicy.EndpointPolicy {
	endpointPolicy := selectors.DistillPolicy(discardLogger, owner, redirects)
	// The map is only read: it does not need updates.
	_ = endpointPolicy.Ready()
	endpointPolicy.Detach(discardLogger)
	return endpointPolicy
}

// lookup returns the datapath's decision for one peer.
func (e *Engine) lookup(d *policyMap, key ciliumpolicy.Key, peer *identity.Identity) flow.Side {
	entry, meta, _ := d.endpointPolicy.Lookup(key.WithIdentity(peer.ID))
	side := flow.Side{Decision: flow.Allowed, Policies: e.policiesOf(meta)}
	switch {
	case entry.IsDeny():
		side.Decision = flow.Denied
	case entry.IsRedirectEntry():
		side.L7 = e.l7(d, key.WithIdentity(peer.ID))
	}
	return side
}

// needsAuthentication reports whether an entry requires authentication, and agents do not
// authenticate.
func (e *Engine) needsAuthentication(r types.AuthRequirement) bool {
	return r.AuthType() == types.AuthTypeAlwaysFail || r.AuthType() != types.AuthTypeDisabled && !e.agent.Authenticates()
}

// unauthenticated returns the policies that allow one peer only after an authentication that
// never happens.
func (e *Engine) unauthenticated(d *policyMap, key ciliumpolicy.Key) []string {
	entry, meta, _ := d.endpointPolicy.Lookup(key)
	if entry.IsDeny() || !e.needsAuthentication(entry.AuthRequirement) {
		return nil
	}
	return e.policiesOf(meta)
}

// policiesOf returns the names of the policies behind an entry of a policy map. Rules that
// Cilium adds itself have no name.
func (e *Engine) policiesOf(meta ciliumpolicy.RuleMeta) []string {
	key := meta.LabelArrayListString()
	names, ok := e.policyNames[key]
	if !ok {
		for _, rule := range meta.LabelArray() {
			if name := policyName(rule); name != "" {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		names = slices.Compact(names)
		e.policyNames[key] = names
	}
	return slices.Clone(names)
}

func policyName(rule labels.LabelArray) string {
	name := rule.Get(labels.LabelSourceK8sKeyPrefix + k8sconst.PolicyLabelName)
	if ns := rule.Get(labels.LabelSourceK8sKeyPrefix + k8sconst.PolicyLabelNamespace); ns != "" && name != "" {
		name = ns + "/" + name
	}
	return name
}
