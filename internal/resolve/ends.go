package resolve

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/strict"
)

// endsPass is the pass ends for one flow.
type endsPass struct {
	pass
	unsupported report.Findings
}

// resolveEnds resolves the pods and peers of one flow. It reads no other flow and writes to this one alone, so
// that the flows can be resolved in any order, also at once.
func resolveEnds(k *facts, f *declaredFlow) {
	r := endsPass{pass: pass{facts: k}}
	if f.agent != nil {
		f.outcome = r.resolveAgent(f)
	} else {
		f.outcome = r.resolveFlow(f)
	}
	f.findings, f.unsupported = r.findings, r.unsupported
}

// resolveFlow resolves the pods and peers of a flow. It checks all of the flow, also after an error,
// so that one run reports all errors.
func (r *endsPass) resolveFlow(f *declaredFlow) outcome {
	var found outcome
	if f.own, found = r.subjectPeers(f); found.off() {
		return found
	}
	if !slices.ContainsFunc(f.peers, func(p v1alpha1.Peer) bool { return r.appliesTo(f, p) }) {
		return inactive
	}
	for i, p := range f.peers {
		if !r.appliesTo(f, p) {
			continue
		}
		resolvedPeers, found := r.resolvePeer(f, p, f.peersPath().Index(i))
		if !found && f.optional {
			return r.disableOptional(f, f.peersPath().Index(i), "the peer is")
		}
		f.resolvedPeers = append(f.resolvedPeers, resolvedPeers...)
	}
	r.checkPorts(f)
	r.checkL7(f)
	r.refuseHostNames(f)
	r.refuseUnlimitedDNS(f)
	r.refuseUnsupported(f)
	r.warnHostNetwork(f)
	if f.tenant.IsNodes() {
		r.reportNodesNotDistinguished(f)
	}
	if r.findings.HasError() {
		return refused
	}
	return resolved
}

// subjectPeers are the pods or nodes that the flow selects.
func (r *endsPass) subjectPeers(f *declaredFlow) (own []policy.Peer, _ outcome) {
	switch {
	case f.tenant.IsNodes():
		return []policy.Peer{f.tenant.NodesPeer()}, resolved
	case f.via != "":
		return r.egressPoint(f), resolved
	}
	own = r.podPeers(f.tenant, f.tenant.Namespaces, f.pods)
	f.pods, _ = f.tenant.OwnPods(f.pods)
	switch {
	case len(own) > 0:
		return own, resolved
	case f.fromProfile:
		return nil, withoutPods
	case len(f.tenant.Namespaces) == 0:
		// The missing namespace is an error already.
		return nil, resolved
	case f.optional:
		return nil, r.disableOptional(f, f.path.Child("pods"), "the pods are")
	}
	r.refuse(report.PodsNotFound, f.ref, f.path.Child("pods"), "%s", r.podsNotFound(f.tenant.Namespaces, f.pods, orRemoveFlow))
	return nil, refused
}

func (r *endsPass) egressPoint(f *declaredFlow) []policy.Peer {
	at := f.path.Child("via")
	points := r.profile.Spec.EgressPoints
	i := slices.IndexFunc(points, func(p v1alpha1.EgressPoint) bool { return p.Name == f.via })
	if i < 0 {
		names := texts(points, func(p v1alpha1.EgressPoint) string { return p.Name })
		fix := "remove via"
		if len(names) > 0 {
			fix = strict.DidYouMean(f.via, names)
		}
		r.refuse(report.EgressPointNotFound, f.ref, at, "the profile has no egress point %q: %s", f.via, fix)
		return nil
	}
	if !slices.Contains(f.limits().EgressPoints, f.via) && !r.withinLimits(f, report.EgressPointOutsideLimits, at, fmt.Sprintf("egress point %q", f.via), "egressPoints") {
		return nil
	}
	f.pods = endpoints.SelectorOf(points[i].Pods)
	resolvedPeers, _ := r.podsByTenant(points[i].Namespace, f.pods)
	if len(resolvedPeers) == 0 {
		r.refuse(report.PodsNotFound, r.profile.Ref, r.profile.Path.Child("egressPoints").Index(i).Child("pods"),
			"%s", r.podsNotFound([]string{points[i].Namespace}, f.pods, ""))
		return nil
	}
	// If several tenants have the pods, the profile has an error.
	f.pods = resolvedPeers[0].Pods
	return resolvedPeers[:1]
}

// refuseInNetworkPolicies refuses what no NetworkPolicy expresses, and reports whether it did. With
// policies: Both, the flow is not in the NetworkPolicy form alone.
func (r *endsPass) refuseInNetworkPolicies(check *report.Check, f *declaredFlow, at *field.Path, format string, args ...any) bool {
	if r.fence.Policies == v1alpha1.PoliciesBoth {
		var form pass
		form.refuse(check, f.ref, at, format, args...)
		r.unsupported = slices.Concat(r.unsupported, form.findings)
	}
	if r.usesNetworkPolicies() {
		r.refuse(check, f.ref, at, format, args...)
	}
	return r.usesNetworkPolicies()
}

// disableOptional reports that an optional flow is inactive.
func (r *endsPass) disableOptional(f *declaredFlow, at *field.Path, what string) outcome {
	r.report(report.Info, report.OptionalFlowInactive, f.ref, at, "%s not in the build, so the optional flow %q of %s is inactive", what, f.name, f.tenant.Describe())
	return inactive
}

// reportNodesNotDistinguished warns about flows between nodes and fenced pods, whose policies allow
// every node.
func (r *endsPass) reportNodesNotDistinguished(f *declaredFlow) {
	for _, e := range f.resolvedPeers {
		for _, owner := range r.affectedTenants(e) {
			if f.direction == flow.Egress {
				r.warn(report.NodesNotDistinguished, f.ref, e.path, "this flow is to pods of Tenant %q, whose policies cannot distinguish nodes: they allow every node (host, remote-node), and every hostNetwork pod of the cluster", owner.Name)
			} else {
				r.warn(report.NodesNotDistinguished, f.ref, e.path, "this flow is from pods of Tenant %q, whose policies cannot distinguish nodes: they allow egress to every node (host, remote-node) on these ports, and only policies of other nodes deny it", owner.Name)
			}
		}
	}
}

// affectedTenants are the tenants of a peer's pods, and of the DNS pods that resolve its names.
func (r *endsPass) affectedTenants(e resolvedPeer) []*tenant {
	var owners []*tenant
	if e.peer.Kind == policy.Pods {
		owners = append(owners, r.ownerOf(e.peer))
	}
	if e.peer.Kind == policy.FQDNs || len(e.hostnames) > 0 {
		dns := r.profile.Spec.Baseline.DNS
		_, dnsOwners := r.podsByTenant(dns.Namespace, endpoints.SelectorOf(dns.Pods))
		owners = append(owners, dnsOwners...)
	}
	return slices.DeleteFunc(owners, func(t *tenant) bool { return t == nil })
}

// refuseHostNames refuses names in the flows of nodes if agents refuse host policies with DNS rules:
// they would refuse all flows of the policy.
func (r *endsPass) refuseHostNames(f *declaredFlow) {
	if !f.tenant.IsNodes() {
		return
	}
	const before = "before it, agents refuse such a policy as a whole: "
	if len(f.l7.DNS()) > 0 {
		r.require(cilium.HostDNS, f.ref, f.path.Child("dns"), "a DNS rule about nodes", before+"remove dns")
	}
	seen := map[string]bool{}
	for _, e := range f.resolvedPeers {
		if e.peer.Kind != policy.FQDNs && len(e.hostnames) == 0 || seen[e.path.String()] {
			continue
		}
		seen[e.path.String()] = true
		r.require(cilium.HostDNS, f.ref, e.path, "a name in a flow of nodes", before+"list cidrs, or the pods behind the name")
	}
}
