package reach

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// excluded has the endpoints of declared flows that no policy includes, by flow.
type excluded struct {
	byFlow map[report.Reason]*exclusion
	order  []report.Reason
}

type exclusion struct {
	flowSide
	// hostNetworkPods has the excluded hostNetwork pods, and tenants the tenants whose pods an
	// entity includes.
	hostNetworkPods, tenants []string
}

func (l *excluded) at(c flowSide) *exclusion {
	if l.byFlow == nil {
		l.byFlow = map[report.Reason]*exclusion{}
	}
	if l.byFlow[c.Reason] == nil {
		l.byFlow[c.Reason] = &exclusion{flowSide: c}
		l.order = append(l.order, c.Reason)
	}
	return l.byFlow[c.Reason]
}

// add records hostNetwork pods that are ends of a flow. The baseline is about pods that policies
// select.
func (l *excluded) add(c flowSide, pods []string) {
	if len(pods) == 0 || strings.HasPrefix(c.Reason.Field, "spec.baseline.") {
		return
	}
	c.exclude()
	one := l.at(c)
	one.hostNetworkPods = append(one.hostNetworkPods, pods...)
}

func (c flowSide) exclude() {
	for _, o := range c.outcomes {
		o.Excluded = true
	}
}

// hostNetworkPods returns the hostNetwork pods among those that a peer names. Where all are, other
// checks report it.
func (d *declaredFlows) hostNetworkPods(p policy.Peer) []string {
	if p.Kind != policy.Pods {
		return nil
	}
	namespaces := []string{p.Namespace}
	if p.Namespace == "" {
		namespaces = d.labelledNamespaces(p)
	}
	var out []string
	others := false
	for _, ns := range namespaces {
		for _, w := range d.Endpoints.Index.WorkloadsIn(ns, p.Pods) {
			switch {
			case !d.belongToPeer(w, p):
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

// findTenantDenials finds tenants whose pods an entity of a flow includes, and that deny some of it at
// their side without a declaration of it: at a pod of the build or, in a namespace without one, at a
// representative pod.
func (d *declaredFlows) findTenantDenials(c flowSide, own *flowEnd, peers []flowEnd) {
	has := map[string]bool{}
	for _, peer := range d.endpoints.pods {
		has[peer.Namespace] = true
	}
	for i := range peers {
		peer := &peers[i]
		owner := d.Fence.OwnerOfPod(peer.Namespace, peer.Labels)
		if owner == nil || peer.Representative && has[peer.Namespace] {
			continue
		}
		p, err := c.pairOf(own, peer)
		if err != nil {
			// Isolation reports it.
			continue
		}
		if len(c.decisionOf(p, own, peer).denied) > 0 {
			c.exclude()
			if one := d.excluded.at(c); !slices.Contains(one.tenants, owner.Name) {
				one.tenants = append(one.tenants, owner.Name)
			}
		}
	}
}

// findings report what flows leave out, once for all flows of a resource that leave out the same.
func (l *excluded) findings(d *declaredFlows) report.Findings {
	var out report.Findings
	at := map[string]int{}
	add := func(c flowSide, check *report.Check, message string, names []string) {
		slices.Sort(names)
		if names = slices.Compact(names); len(names) == 0 {
			return
		}
		f := d.finding(c, check, strings.Replace(message, "%", report.Brief(names), 1))
		f.Severity = report.Info
		key := f.Resource.String() + f.Message
		if i, seen := at[key]; seen {
			out[i].Field += ", " + f.Field
			return
		}
		at[key] = len(out)
		out = append(out, f)
	}
	for _, r := range l.order {
		one := l.byFlow[r]
		add(one.flowSide, report.HostNetworkPodsExcluded, "some pods of the flow use hostNetwork and have the identity of their node, so no policy selects them (%): the flow applies to the other pods alone: for these, declare a flow with entities: [host, remote-node]", one.hostNetworkPods)
		add(one.flowSide, report.EntityDeniedByTenants, "the entity includes pods of all Tenants, and these Tenants deny a part of the flow on their side (%): to allow it there too, declare it in these Tenants", one.tenants)
	}
	return out
}

// withNodes returns the flows that also include nodes: hostNetwork pods have the identity of their
// node.
func (x *Expectation) withNodes() map[report.Reason]bool {
	out := map[report.Reason]bool{}
	for _, all := range x.at {
		for _, w := range all {
			if w.Peer.Kind == policy.Nodes || w.Peer.Kind == policy.Entities && slices.ContainsFunc(w.Peer.Entities, func(e v1alpha1.Entity) bool {
				return includesPods(e) || e == v1alpha1.EntityHost || e == v1alpha1.EntityRemoteNode
			}) {
				out[w.Reason] = true
			}
		}
	}
	return out
}
