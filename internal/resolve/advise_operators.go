package resolve

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// reportPods reports which pods of the build are inferred, which are unknown, and which flows
// the inferred ones lack.
func (r *advisePass) reportPods() {
	if r.index.WithoutResources {
		return
	}
	r.reportInferred()
	r.reportUnknownPods()
	for _, in := range r.index.Inferred {
		r.reportMissingFlows(in)
	}
}

// reportInferred names, for each kind that an operator makes pods of, the resources.
func (r *advisePass) reportInferred() {
	for of := range groupBy(r.index.Inferred, func(in resource.Inferred) string { return kindOf(in.Resource) }) {
		var names []string
		first := of[0]
		for _, in := range of {
			if len(in.Workloads) > 0 {
				names = append(names, in.Resource.Namespace+"/"+in.Resource.Name)
			}
			if in.UnknownVersion && !first.UnknownVersion {
				first = in
			}
		}
		if len(names) == 0 {
			continue
		}
		version := ""
		if first.UnknownVersion {
			version = fmt.Sprintf(" (the version %s of %s was not read)", first.Resource.APIVersion, first.Resource)
		}
		r.report(report.Info, report.PodsInferred, r.profile.Ref, nil, "the pods of %s %s are those that %s %s makes%s; not known: %s: declare pods that differ as external resources",
			first.Resource.Kind, strings.Join(names, ", "), first.Operator.Operator, first.Operator.Version, version, first.Operator.Unknown)
	}
}

// reportUnknownPods warns about resources with unknown pods. External workloads in the namespace are
// assumed to be these pods.
func (r *advisePass) reportUnknownPods() {
	declared := map[string]bool{}
	for _, w := range r.index.Workloads {
		if w.External {
			declared[w.Ref.Namespace] = true
		}
	}
	for _, e := range r.profile.Spec.ExcludedNamespaces {
		declared[e.Name] = true
	}
	unknownPods := slices.DeleteFunc(slices.Clone(r.index.UnknownPods), func(u resource.UnknownPods) bool { return declared[u.Namespace] })
	for of := range groupBy(unknownPods, func(u resource.UnknownPods) string { return kindOf(u.Resource) + u.Reason }) {
		others := texts(of[1:], func(u resource.UnknownPods) string {
			return strings.TrimPrefix(u.Resource.Namespace+"/"+u.Resource.Name, "/")
		})
		also := ""
		if len(others) > 0 {
			also = ", and so may " + strings.Join(others, ", ")
		}
		r.warn(report.PodsUnknown, of[0].Resource, nil,
			"may make pods that are not known (%s)%s: nothing is proved of their labels, ports and hostNetwork: declare the pods, in their namespace, as external resources %s",
			of[0].Reason, also, externalKind)
	}
}

// groupBy yields runs of entries with one key, in the order of the keys.
func groupBy[T any](all []T, key func(T) string) func(yield func([]T) bool) {
	by := map[string][]T{}
	for _, one := range all {
		by[key(one)] = append(by[key(one)], one)
	}
	return func(yield func([]T) bool) {
		for _, k := range slices.Sorted(maps.Keys(by)) {
			if !yield(by[k]) {
				return
			}
		}
	}
}

func kindOf(ref report.Ref) string { return ref.APIVersion + "/" + ref.Kind }

// reportMissingFlows warns about an operator's pods in a tenant's namespace without the flows that
// they or the operator need.
func (r *advisePass) reportMissingFlows(in resource.Inferred) {
	ns := in.Resource.Namespace
	t := r.owner[ns]
	if len(in.Workloads) > 0 {
		t = r.ownerOfPod(in.Workloads[0])
	}
	if t == nil || !r.fence.GeneratesPolicies(t.Enforcement) {
		return
	}
	lines, why := map[flow.Direction][]string{}, []string(nil)
	for _, need := range in.RequiredFlows {
		if missing := r.missingPorts(t, in, need); missing != nil {
			lines[need.Direction] = append(lines[need.Direction], r.flowYAML(in, need, missing))
			why = append(why, need.Reason)
		}
	}
	var do []string
	for _, d := range flow.Directions() {
		if len(lines[d]) > 0 {
			do = append(do, "spec."+string(d)+": ["+strings.Join(lines[d], ", ")+"]")
		}
	}
	if len(do) > 0 {
		r.warn(report.OperatorFlowMissing, in.Resource, nil, "lacks flows that %s %s needs under default-deny (%s): add to Tenant %q: %s",
			in.Operator.Operator, in.Operator.Version, strings.Join(why, "; "), t.Name, strings.Join(do, ", "))
	}
}

// missingPorts returns the ports of a required flow that no grant covers. It returns nil if all are
// covered, and an empty slice for an uncovered flow without ports.
func (r *advisePass) missingPorts(t *tenant, in resource.Inferred, need resource.RequiredFlow) []flow.Port {
	if len(need.Ports) == 0 && !r.needCovered(t, in, need, flow.Port{}) {
		return []flow.Port{}
	}
	var out []flow.Port
	for _, p := range need.Ports {
		if !r.needCovered(t, in, need, p) {
			out = append(out, p)
		}
	}
	return out
}

// needCovered reports whether the baseline or grants cover one port of a need, at each of the pods.
func (r *advisePass) needCovered(t *tenant, in resource.Inferred, need resource.RequiredFlow, port flow.Port) bool {
	ns := in.Resource.Namespace
	pods := r.index.WorkloadsIn(ns, endpoints.Selector{MatchLabels: need.Pods})
	switch {
	case need.ToAPIServer:
		return r.profile.Spec.Baseline.APIServer != nil || allMatch(pods, func(w *resource.Workload) bool { return r.granted(includesWorkload(w), r.isAPIServer, port) })
	case need.FromOperator:
		operator := r.operatorPods(in.Operator.Runs)
		return t.IntraNamespace && operator.Namespace == ns ||
			allMatch(pods, func(w *resource.Workload) bool { return r.granted(includesPeer(operator), includesWorkload(w), port) })
	case t.IntraNamespace:
		return true
	}
	from, to := withLabels(pods, need.Sources), withLabels(pods, need.Targets)
	return allMatch(from, func(a *resource.Workload) bool {
		return allMatch(to, func(b *resource.Workload) bool { return r.granted(includesWorkload(a), includesWorkload(b), port) })
	})
}

// granted reports whether some grant without L7 rules is from and to such peers, on the port.
func (r *advisePass) granted(from, to func(policy.Peer) bool, port flow.Port) bool {
	return slices.ContainsFunc(r.fence.Grants, func(g policy.Grant) bool {
		return from(g.From) && to(g.To) && g.L7.Unrestricted() &&
			(port.Port == 0 || len(g.Ports) == 0 || port.CoveredBy(flow.ExpandProtocols(r.resolvePortNames(g.Ports, g.To))))
	})
}

// includesWorkload returns whether a peer includes a workload's pods.
func includesWorkload(w *resource.Workload) func(policy.Peer) bool {
	return includesPods(w.Ref.Namespace, func(s endpoints.Selector) bool { return endpoints.Selects(s, w.Labels) })
}

// includesPeer returns whether a peer includes all pods of another.
func includesPeer(of policy.Peer) func(policy.Peer) bool {
	return includesPods(of.Namespace, func(s endpoints.Selector) bool { return endpoints.Selects(s, of.Pods.MatchLabels) })
}

// includesPods returns whether a peer includes pods of a namespace, "" for one that is unknown.
func includesPods(ns string, selects func(endpoints.Selector) bool) func(policy.Peer) bool {
	return func(p policy.Peer) bool {
		switch p.Kind {
		case policy.Pods:
			return (ns == "" || p.Namespace == "" || p.Namespace == ns) && selects(p.Pods)
		case policy.Entities:
			return slices.Contains(p.Entities, v1alpha1.EntityAll) || slices.Contains(p.Entities, v1alpha1.EntityCluster)
		default:
			return false
		}
	}
}

// isAPIServer reports whether a peer includes the API server, in the fence's form.
func (r *advisePass) isAPIServer(p policy.Peer) bool {
	if p.Kind == policy.Entities {
		return slices.ContainsFunc(p.Entities, func(e v1alpha1.Entity) bool {
			return e == v1alpha1.EntityKubeAPIServer || e == v1alpha1.EntityCluster || e == v1alpha1.EntityAll
		})
	}
	return slices.ContainsFunc(r.fence.EntityPeers(v1alpha1.EntityKubeAPIServer), func(api policy.Peer) bool {
		return p.Kind == policy.CIDRs && api.Kind == policy.CIDRs && len(api.CIDRs) > 0 && isSubset(setOf(api.CIDRs, nil), setOf(p.CIDRs, p.Except))
	})
}

// operatorPods are the operator's own pods: those of the build with its labels or, where it is
// elsewhere, in the namespace that it is usually installed in.
func (r *advisePass) operatorPods(runs resource.OperatorPods) policy.Peer {
	peer := policy.Peer{Kind: policy.Pods, Namespace: runs.Namespace, Pods: endpoints.Selector{MatchLabels: runs.Labels}}
	for _, w := range r.index.Workloads {
		if endpoints.Selects(peer.Pods, w.Labels) {
			peer.Namespace = w.Ref.Namespace
			break
		}
	}
	return peer
}

func allMatch(workloads []*resource.Workload, is func(*resource.Workload) bool) bool {
	return !slices.ContainsFunc(workloads, func(w *resource.Workload) bool { return !is(w) })
}

func withLabels(workloads []*resource.Workload, labels map[string]string) []*resource.Workload {
	return slices.DeleteFunc(slices.Clone(workloads), func(w *resource.Workload) bool {
		return !endpoints.Selects(endpoints.Selector{MatchLabels: labels}, w.Labels)
	})
}

// flowYAML is a missing flow as a Tenant declares it.
func (r *advisePass) flowYAML(in resource.Inferred, need resource.RequiredFlow, ports []flow.Port) string {
	pods := func(labels map[string]string) string {
		return "pods: {matchLabels: {" + strings.Join(texts(slices.Sorted(maps.Keys(labels)), func(key string) string { return key + ": " + yamlScalar(labels[key]) }), ", ") + "}}"
	}
	peer := "to: [{" + pods(need.Pods) + "}]"
	switch {
	case need.ToAPIServer:
		peer = "to: [{service: default/kubernetes}]"
	case need.FromOperator:
		operator := r.operatorPods(in.Operator.Runs)
		if operator.Namespace == "" {
			operator.Namespace = "NAMESPACE-OF-THE-OPERATOR"
		}
		peer = fmt.Sprintf("from: [{namespace: %s, %s}]", operator.Namespace, pods(operator.Pods.MatchLabels))
	}
	return fmt.Sprintf("{name: %s-%s, %s, %s%s}", in.Resource.Name, need.Name, pods(need.Pods), peer, portsYAML(ports))
}
