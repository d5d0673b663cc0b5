package draft

import (
	"maps"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// withoutCovered drops each flow to pods that a flow to their Service covers: a policy and a variable may name the
// same connection. The other flow has the evidence of both.
func (b *build) withoutCovered(flows []namedFlow) []namedFlow {
	byPods := map[string][]int{}
	for i, f := range flows {
		if f.to.service != nil {
			key := b.podsKey(f.from) + " -> " + b.podsKey(b.backends(f.to.service))
			byPods[key] = append(byPods[key], i)
		}
	}
	covered := map[int]bool{}
	for i, f := range flows {
		if !f.to.isPods() || f.everyPort {
			continue
		}
		for _, j := range byPods[b.podsKey(f.from)+" -> "+b.podsKey(f.to)] {
			if b.covers(flows[j], f) {
				covered[i] = true
				if !within(flows[j].from.labels, f.from.labels) {
					// The policy selects the same workloads by fewer labels, and so pods that come later.
					flows[j].from = f.from
				}
				flows[j].evidence = slices.Compact(slices.Sorted(slices.Values(slices.Concat(flows[j].evidence, f.evidence))))
				break
			}
		}
	}
	var out []namedFlow
	for i, f := range flows {
		if !covered[i] {
			out = append(out, f)
		}
	}
	return out
}

// podsKey is equal for endpoints with the same workloads of the build, however they select these.
func (b *build) podsKey(e endpoint) string {
	if !e.isPods() || e.workload == nil {
		return e.key()
	}
	var out []string
	for _, w := range b.index.WorkloadsIn(e.namespace, endpoints.Selector{MatchLabels: e.labels}) {
		out = append(out, refKey(w.Ref))
	}
	return "workloads/" + strings.Join(out, "\x01")
}

// covers reports whether a flow to a Service has each pod and port of a flow to its pods.
func (b *build) covers(f, other namedFlow) bool {
	from := !f.from.isPods() || within(f.from.labels, other.from.labels) || within(other.from.labels, f.from.labels)
	return from && within(f.to.service.Selector, other.to.labels) && b.coversPorts(f, other)
}

// within reports whether labels are among others.
func within(labels, others map[string]string) bool {
	for k, v := range labels {
		if have, ok := others[k]; !ok || have != v {
			return false
		}
	}
	return true
}

// coversPorts reports whether a flow to a Service has each port of a flow to its pods.
func (b *build) coversPorts(f, other namedFlow) bool {
	have := map[v1alpha1.Port]bool{}
	for _, w := range b.index.WorkloadsIn(f.to.service.Ref.Namespace, endpoints.Selector{MatchLabels: f.to.service.Selector}) {
		maps.Copy(have, numbersAt(w, b.targetPorts(f.to.service, f.ports)))
		for p := range numbersAt(w, other.ports) {
			if !have[p] {
				return false
			}
		}
	}
	return len(have) > 0
}

// numbersAt are ports with the numbers that a workload has for them.
func numbersAt(w *resource.Workload, ports []v1alpha1.Port) map[v1alpha1.Port]bool {
	out := map[v1alpha1.Port]bool{}
	for _, p := range ports {
		if n, ok := w.ResolveTargetPort(flow.DeclaredPort(p)); ok && p.EndPort == 0 {
			p = portOf(n)
		}
		out[p] = true
	}
	return out
}
