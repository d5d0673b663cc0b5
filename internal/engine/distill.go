package engine

import (
	"math"
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	k8sconst "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	"github.com/cilium/cilium/pkg/labels"
	ciliumpolicy "github.com/cilium/cilium/pkg/policy"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// distilled is a pod's or node's policy as the datapath has it: a map from identity, port
// and direction to a decision.
type distilled struct {
	generation int
	selectors  ciliumpolicy.SelectorPolicy
	verdicts   *ciliumpolicy.EndpointPolicy
	owner      subject
	labels     labels.LabelArray
	entries    map[policy.Direction]entries
	// lookups are what the DNS proxy lets the pod ask for, once asked.
	lookups lookups
	asked   bool
}

// redirects lets every L7 rule find a proxy, without saying which.
var redirects = map[string]uint16{ciliumpolicy.FallbackRedirectID: math.MaxUint16}

// policyOf returns the policy map of a pod or node. What the rules resolve to is computed
// once per identity and kept up to date by Cilium; the map is made anew when
// something was learned since.
func (e *Engine) policyOf(ep policy.Endpoint) (*distilled, error) {
	pod, err := e.subject(ep)
	if err != nil {
		return nil, err
	}
	if pod.verdicts != nil && pod.verdicts.generation == e.generation {
		return pod.verdicts, nil
	}
	selectors, err := e.resolve(pod.id)
	if err != nil {
		return nil, err
	}
	owner := subject{id: uint64(pod.id.ID), ports: pod.ports, node: ep.Kind == policy.NodeEndpoint}
	pod.verdicts = &distilled{
		generation: e.generation, selectors: selectors, verdicts: distill(selectors, owner),
		owner: owner, labels: pod.id.LabelArray, entries: map[policy.Direction]entries{},
	}
	if e.mapped += pod.verdicts.verdicts.Len(); e.mapped > mostRemembered {
		for _, other := range e.pods {
			if other != pod {
				other.verdicts = nil
			}
		}
		e.mapped = pod.verdicts.verdicts.Len()
	}
	return pod.verdicts, nil
}

func (e *Engine) resolve(id *identity.Identity) (ciliumpolicy.SelectorPolicy, error) {
	if selectors, ok := e.resolved[id]; ok {
		return selectors, nil
	}
	selectors, _, err := e.repo.ComputeSelectorPolicy(id)
	if err != nil {
		return nil, policy.ConflictError{Err: err}
	}
	e.resolved[id] = selectors
	return selectors, nil
}

func distill(selectors ciliumpolicy.SelectorPolicy, owner subject) *ciliumpolicy.EndpointPolicy {
	verdicts := selectors.DistillPolicy(quiet, owner, redirects)
	// The map is read, never kept up to date: it need not hear of changes.
	_ = verdicts.Ready()
	verdicts.Detach(quiet)
	return verdicts
}

// lookup is the datapath's decision for one peer.
func (e *Engine) lookup(d *distilled, key ciliumpolicy.Key, peer *identity.Identity) policy.Side {
	entry, meta, _ := d.verdicts.Lookup(key.WithIdentity(peer.ID))
	side := policy.Side{Decision: policy.Allowed, By: e.authorsOf(meta)}
	switch {
	case entry.IsDeny():
		side.Decision = policy.Denied
	case entry.IsRedirectEntry():
		side.L7 = e.l7(d, key.WithIdentity(peer.ID))
	}
	return side
}

// authorsOf names the policies that an entry of a policy map was made from. What
// Cilium adds on its own has no name.
func (e *Engine) authorsOf(meta ciliumpolicy.RuleMeta) []string {
	key := meta.LabelArrayListString()
	by, ok := e.authors[key]
	if !ok {
		for _, rule := range meta.LabelArray() {
			if name := authorOf(rule); name != "" {
				by = append(by, name)
			}
		}
		slices.Sort(by)
		by = slices.Compact(by)
		e.authors[key] = by
	}
	return slices.Clone(by)
}

func authorOf(rule labels.LabelArray) string {
	name := rule.Get(labels.LabelSourceK8sKeyPrefix + k8sconst.PolicyLabelName)
	if ns := rule.Get(labels.LabelSourceK8sKeyPrefix + k8sconst.PolicyLabelNamespace); ns != "" && name != "" {
		name = ns + "/" + name
	}
	return name
}
