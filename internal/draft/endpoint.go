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

// endpoint is the source or destination of a flow. Exactly one of pods, service, entity, host name and
// network is set.
type endpoint struct {
	// namespace and labels select pods. Labels are empty for all pods of the namespace.
	namespace string
	labels    map[string]string
	// workload is one with these pods. Nil: the build has none.
	workload *resource.Workload
	// onNodes reports that all pods use the network of their nodes.
	onNodes bool
	// optional reports that the pods are not in the build.
	optional bool

	service *resource.Service
	entity  v1alpha1.Entity
	fqdn    string
	// alias is the Service of type ExternalName that has the host name. Nil: pods use the host name itself.
	alias *resource.Service
	cidr  string
	// except are networks that cidr excludes, with commas.
	except string
	// name is used in the names of flows.
	name string
}

func (e endpoint) isPods() bool {
	return e.service == nil && e.entity == "" && e.fqdn == "" && e.cidr == ""
}

// key is equal for equal endpoints.
func (e endpoint) key() string {
	switch {
	case e.service != nil:
		return "service/" + e.service.Ref.Namespace + "/" + e.service.Ref.Name
	case e.entity != "":
		return "entity/" + string(e.entity)
	case e.alias != nil:
		return "alias/" + e.alias.Ref.Namespace + "/" + e.alias.Ref.Name
	case e.fqdn != "":
		return "fqdn/" + e.fqdn
	case e.cidr != "":
		return "cidr/" + e.cidr + "/" + e.except
	}
	return "pods/" + e.namespace + "/" + endpoints.FormatLabels(e.labels)
}

// within returns the namespace of an endpoint's pods, or "".
func (e endpoint) within() string {
	if e.service != nil {
		return e.service.Ref.Namespace
	}
	return e.namespace
}

// unstableLabels change between releases of the same workload.
var unstableLabels = []string{"helm.sh/chart", "chart", "heritage", "version", "app.kubernetes.io/version", "app.kubernetes.io/managed-by"}

// stableLabels are the labels of pods that do not change with a release, and that policies can select.
func stableLabels(labels map[string]string) map[string]string {
	out := maps.Clone(labels)
	maps.DeleteFunc(out, func(key, value string) bool {
		return slices.Contains(unstableLabels, key) || strings.Contains(value, resource.GeneratedValue) || !v1alpha1.InIdentity(key) || v1alpha1.IsReservedPodLabel(key)
	})
	return out
}

// podsOf returns the pods of a workload: those that the workload selects itself, if it does.
func (b *build) podsOf(w *resource.Workload) endpoint {
	e, known := b.pods[w]
	if !known {
		e = b.findPods(w)
		b.pods[w] = e
	}
	return e
}

func (b *build) findPods(w *resource.Workload) endpoint {
	e := endpoint{namespace: w.Ref.Namespace, workload: w, onNodes: w.HostNetwork, name: w.Ref.Name}
	e.labels = stableLabels(w.Labels)
	for _, in := range b.index.Inferred {
		for _, need := range in.RequiredFlows {
			if in.Resource == w.Resource && endpoints.Selects(endpoints.Selector{MatchLabels: need.Pods}, w.Labels) {
				e.labels = need.Pods
				return e
			}
		}
	}
	own := stableLabels(decode[map[string]string](at(b.item(w.Resource), "spec.selector.matchLabels")))
	if len(own) > 0 && endpoints.Selects(endpoints.Selector{MatchLabels: own}, w.Labels) {
		e.labels = own
	}
	if len(e.labels) == 0 {
		b.review(describe(w.Ref), "has no label that a policy could select, so its flows are for all pods of the namespace: add a label to the pod template, and to pods of these flows")
	}
	return e
}

// selected returns the pods that labels select in a namespace.
func (b *build) selected(namespace string, labels map[string]string, name string) endpoint {
	e := endpoint{namespace: namespace, labels: labels, name: name}
	found := b.index.WorkloadsIn(namespace, endpoints.Selector{MatchLabels: labels})
	for _, w := range found {
		if e.workload == nil {
			e.workload, e.onNodes = w, true
		}
		e.onNodes = e.onNodes && w.HostNetwork
	}
	return e
}

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
