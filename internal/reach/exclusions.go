package reach

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// leftOut are ends of declared flows that are in no policy, by flow.
type leftOut struct {
	of    map[policy.Reason]*left
	order []policy.Reason
}

type left struct {
	claim
	// hostNetwork are pods, and tenants those whose pods an entity has.
	hostNetwork, tenants []string
}

func (l *leftOut) at(c claim) *left {
	if l.of == nil {
		l.of = map[policy.Reason]*left{}
	}
	if l.of[c.Reason] == nil {
		l.of[c.Reason] = &left{claim: c}
		l.order = append(l.order, c.Reason)
	}
	return l.of[c.Reason]
}

// add records hostNetwork pods that are ends of a flow. The baseline is about pods that policies
// select.
func (l *leftOut) add(c claim, pods []string) {
	if len(pods) == 0 || strings.HasPrefix(c.Reason.Field, "spec.baseline.") {
		return
	}
	c.leaveOut()
	one := l.at(c)
	one.hostNetwork = append(one.hostNetwork, pods...)
}

func (c claim) leaveOut() {
	for _, o := range c.outcomes {
		o.leftOut = true
	}
}

// hostNetwork are the hostNetwork pods among those that a peer names. Where all are, other
// checks report it.
func (d *declared) hostNetwork(p policy.Peer) []string {
	if p.Kind != policy.Pods {
		return nil
	}
	namespaces := []string{p.Namespace}
	if p.Namespace == "" {
		namespaces = d.labelled(p)
	}
	var out []string
	others := false
	for _, ns := range namespaces {
		for _, w := range d.Endpoints.Index.In(ns, p.Pods) {
			switch {
			case !d.are(w, p):
			case w.HostNetwork:
				out = append(out, d.Endpoints.Pod(w).Name)
			default:
				others = true
			}
		}
	}
	if !others {
		return nil
	}
	return out
}

// consent looks for tenants whose pods an entity of a flow has, and that deny some of it at their
// side, where nobody declares it: at a pod of the build or, of a namespace without one, of a
// pod that may be created.
func (d *declared) consent(c claim, own policy.Endpoint) {
	has := map[string]bool{}
	for _, peer := range d.ends.pods {
		has[peer.Namespace] = true
	}
	for _, peer := range slices.Concat(d.ends.pods, d.ends.later) {
		owner := d.Fence.OwnerOfPod(peer.Namespace, peer.Labels)
		if owner == nil || peer.Imagined && has[peer.Namespace] || slices.Contains(d.leftOut.at(c).tenants, owner.Name) {
			continue
		}
		p, err := d.pairOf(c, own, peer)
		if err != nil {
			// Isolation reports it.
			continue
		}
		made, ok := c.decisions[p]
		if !ok {
			_, to := c.between(own, peer)
			made = c.decided(p, to)
			c.decisions[p] = made
		}
		if len(made.denied) > 0 {
			c.leaveOut()
			d.leftOut.at(c).tenants = append(d.leftOut.at(c).tenants, owner.Name)
		}
	}
}

// findings report what flows leave out, once for all flows of a resource that leave out the same.
func (l *leftOut) findings(d *declared) policy.Findings {
	var out policy.Findings
	at := map[string]int{}
	say := func(c claim, check, message string, names []string) {
		slices.Sort(names)
		if names = slices.Compact(names); len(names) == 0 {
			return
		}
		f := d.finding(c, check, strings.Replace(message, "%", policy.Brief(names), 1))
		f.Severity = policy.Info
		key := f.Resource.String() + f.Message
		if i, told := at[key]; told {
			out[i].Field += ", " + f.Field
			return
		}
		at[key] = len(out)
		out = append(out, f)
	}
	for _, r := range l.order {
		one := l.of[r]
		say(one.claim, "host-network-left-out", "some of the pods are hostNetwork pods, which have the identity of their node, so that no policy selects them: %: the flow is with the others alone: for these, declare a flow with entities (host, remote-node)", one.hostNetwork)
		say(one.claim, "entity-leaves-out-tenants", "the entity has pods of all tenants, and pods of these Tenants deny a part of this flow at their side: %: where it must be allowed, declare it in these Tenants, too", one.tenants)
	}
	return out
}

// withNodes are the flows that are with nodes, too: hostNetwork pods are these.
func (x *Expectation) withNodes() map[policy.Reason]bool {
	out := map[policy.Reason]bool{}
	for _, all := range x.at {
		for _, w := range all {
			if w.Peer.Kind == policy.Nodes || w.Peer.Kind == policy.Entities && slices.ContainsFunc(w.Peer.Entities, func(e v1alpha1.Entity) bool {
				return ofPods(e) || e == v1alpha1.EntityHost || e == v1alpha1.EntityRemoteNode
			}) {
				out[w.Reason] = true
			}
		}
	}
	return out
}
