package resolve

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// l7Summary lists the L7 rules of grants.
func l7Summary(grants []policy.Grant) string {
	var out []string
	for _, g := range grants {
		if summary := g.L7.String(); summary != "" && !slices.Contains(out, summary) {
			out = append(out, summary)
		}
	}
	return strings.Join(out, "; ")
}

// covered reports whether the grants allow all of a flow with a peer.
func (r *agreePass) covered(f *declaredFlow, e resolvedPeer, agreed []policy.Grant) bool {
	return coversL7(f.l7, agreed, func(agreed []policy.Grant) bool { return r.coveredPods(f, e, agreed) })
}

func (r *agreePass) coveredPods(f *declaredFlow, e resolvedPeer, agreed []policy.Grant) bool {
	for _, own := range f.own {
		source, destination := own, e.peer
		if f.direction == flow.Ingress {
			source, destination = e.peer, own
		}
		for _, s := range r.pods(source) {
			for _, d := range r.pods(destination) {
				if !r.coveredPair(s, d, source, destination, f.portsOf(e), agreed) {
					return false
				}
			}
		}
	}
	return true
}

// pods are the pods of a peer in the build, or an example that the peer selects.
func (r *facts) pods(p policy.Peer) []*resource.Workload {
	if in := r.index.WorkloadsIn(p.Namespace, p.Pods); len(in) > 0 {
		return in
	}
	return []*resource.Workload{{Labels: endpoints.ExampleLabels(p.Pods)}}
}

func (r *agreePass) coveredPair(s, d *resource.Workload, from, to policy.Peer, ports []flow.Port, agreed []policy.Grant) bool {
	var have []flow.Port
	for _, g := range agreed {
		if g.From.Namespace != from.Namespace || g.To.Namespace != to.Namespace || !endpoints.Selects(g.From.Pods, s.Labels) || !endpoints.Selects(g.To.Pods, d.Labels) {
			continue
		}
		if len(g.Ports) == 0 {
			return true
		}
		have = append(have, r.resolvePortNames(g.Ports, to)...)
	}
	ports = r.resolvePortNames(ports, to)
	return len(ports) > 0 && !slices.ContainsFunc(ports, func(p flow.Port) bool { return !p.CoveredBy(have) })
}

// commonL7 are the L7 rules that two flows both allow. A flow without L7 rules allows everything.
func commonL7(a, b flow.L7) (flow.L7, bool) {
	switch {
	case a.Unrestricted():
		return b, true
	case b.Unrestricted():
		return a, true
	}
	out := flow.L7{HTTP: common(a.HTTP, b.HTTP, flow.HTTPRule.Equal), DNS: common(a.DNS, b.DNS, func(x, y string) bool { return x == y })}
	return out, !out.Unrestricted()
}

func common[T any](a, b []T, equal func(T, T) bool) []T {
	var out []T
	for _, v := range a {
		if slices.ContainsFunc(b, func(w T) bool { return equal(v, w) }) {
			out = append(out, v)
		}
	}
	return out
}

// coversL7 reports whether grants allow every L7 rule of a flow: covers receives, for each rule, the
// grants that allow it.
func coversL7(l7 flow.L7, agreed []policy.Grant, covers func([]policy.Grant) bool) bool {
	parts := []flow.L7{l7}
	if len(l7.HTTP) > 0 {
		parts = nil
		for _, rule := range l7.HTTP {
			parts = append(parts, flow.L7{HTTP: []flow.HTTPRule{rule}})
		}
	}
	for _, part := range parts {
		uncovered := func(g policy.Grant) bool {
			common, ok := commonL7(part, g.L7)
			return !ok || endpoints.JSONKey(common) != endpoints.JSONKey(part)
		}
		if !covers(slices.DeleteFunc(slices.Clone(agreed), uncovered)) {
			return false
		}
	}
	return true
}
