package reach

import (
	"fmt"
	"iter"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// checkBuildFacts returns an error where a fact of the build, which policies do not contain, decides
// about the connection of a case.
func (e Endpoints) checkBuildFacts(asked *flow.View, c v1alpha1.FlowCase, flows []flow.Flow) error {
	name, err := v1alpha1.ParseEndpoint(c.To)
	named := err == nil && name.Form == v1alpha1.NameForm
	for _, check := range []func(v1alpha1.FlowCase) error{e.checkAddressFamily, e.checkGatewayAddress, e.checkSourceRanges} {
		if err := check(c); err != nil {
			return err
		}
	}
	for _, f := range flows {
		if named {
			if err := e.checkNameResolution(c, f.From); err != nil {
				return err
			}
		}
		if err := e.checkOperatorPolicies(c, f); err != nil {
			return err
		}
		if err := e.checkNodePort(asked, c, f); err != nil {
			return err
		}
		if err := e.checkSourceTranslation(asked, c, f); err != nil {
			return err
		}
	}
	return nil
}

// checkSourceRanges returns an error where the load balancer of a Service denies the address from
// which a case connects.
func (e Endpoints) checkSourceRanges(c v1alpha1.FlowCase) error {
	addr, err := netip.ParseAddr(c.From)
	to, other := v1alpha1.ParseEndpoint(c.To)
	if err != nil || other != nil || to.Form != v1alpha1.ServiceForm || c.Expect != v1alpha1.ExpectAllow {
		return nil //nolint:nilerr // Another case than one from an address to a Service.
	}
	s := e.Index.Service(to.TenantOrNamespace, to.Name)
	if s == nil || s.Type != "LoadBalancer" || len(s.SourceRanges) == 0 || addressesOf(policy.Peer{CIDRs: s.SourceRanges}).Contains(addr) {
		return nil
	}
	return fmt.Errorf("loadBalancerSourceRanges of Service %s/%s (%s) do not admit %s: add its network there, or write the pods instead of the Service", to.TenantOrNamespace, to.Name, strings.Join(s.SourceRanges, ", "), c.From)
}

// checkSourceTranslation returns an error where a case expects that a client outside the cluster is denied
// at a Service that may translate its address to that of a node, which policies allow.
func (e Endpoints) checkSourceTranslation(asked *flow.View, c v1alpha1.FlowCase, f flow.Flow) error {
	to, err := v1alpha1.ParseEndpoint(c.To)
	if err != nil || to.Form != v1alpha1.ServiceForm || c.Expect != v1alpha1.ExpectDeny || f.From.Kind != endpoints.AddressEndpoint && !isWorld(f.From.Name) {
		return nil //nolint:nilerr // Another case than one from outside to a Service.
	}
	s := e.Index.Service(to.TenantOrNamespace, to.Name)
	if s == nil || !s.TranslatesSource() {
		return nil
	}
	f.From = endpoints.Endpoint{Kind: endpoints.EntityEndpoint, Name: string(v1alpha1.EntityRemoteNode)}
	if v, err := asked.Decide(f); err == nil && v.Decision() == flow.Denied {
		return nil
	}
	return fmt.Errorf("without externalTrafficPolicy: Local in Service %s/%s, the address may be translated to that of a node, which policies allow: set it, or write the pods instead of the Service", to.TenantOrNamespace, to.Name)
}

// checkOperatorPolicies returns an error where a case expects that a connection is denied which a
// NetworkPolicy that an operator makes may allow.
func (e Endpoints) checkOperatorPolicies(c v1alpha1.FlowCase, f flow.Flow) error {
	if c.Expect != v1alpha1.ExpectDeny || f.To.Kind != endpoints.PodEndpoint || f.To.Cluster != "" {
		return nil
	}
	for in, p := range e.undecidedOperatorPolicies() {
		if p.Selects(f.To.Namespace, f.To.Labels) && slices.ContainsFunc(slices.Concat(p.Open, p.OpenToPeers), f.MatchesPort) {
			return fmt.Errorf("the NetworkPolicy %s that %s makes of %s %s/%s may open it: set %s, and accept the kind in undecidedKinds", p.Name, in.Operator.Operator, in.Resource.Kind, p.Namespace, in.Resource.Name, p.SwitchOff)
		}
	}
	return nil
}

// UndecidedOperatorPolicies returns those that undecidedOperatorPolicies yields.
func (e Endpoints) UndecidedOperatorPolicies() []resource.OperatorNetworkPolicy {
	var out []resource.OperatorNetworkPolicy
	for _, p := range e.undecidedOperatorPolicies() {
		out = append(out, p)
	}
	return out
}

// undecidedOperatorPolicies yields the NetworkPolicies of operators that allow something and are not
// accepted, with the resources from which they are made.
func (e Endpoints) undecidedOperatorPolicies() iter.Seq2[resource.Inferred, resource.OperatorNetworkPolicy] {
	return func(yield func(resource.Inferred, resource.OperatorNetworkPolicy) bool) {
		if !e.Fence.EnforcesNetworkPolicies() {
			return
		}
		for _, in := range e.Index.Inferred {
			_, accepted := e.Fence.UndecidedKindReason(in.Resource)
			for _, p := range in.Policies {
				if !accepted && p.Allows() != "" && !yield(in, p) {
					return
				}
			}
		}
	}
}

// checkNameResolution returns an error where a source does not resolve a name at the cluster's
// DNS: Cilium then decides about an address that it has not learned.
func (e Endpoints) checkNameResolution(c v1alpha1.FlowCase, from endpoints.Endpoint) error {
	for _, w := range e.workloadsOfEndpoint(from) {
		if _, ip, ok := w.AliasOf(c.To); ok {
			return fmt.Errorf("hostAliases of %s %s/%s map %s to %s, so the connection goes to that address: write the address", w.Ref.Kind, w.Ref.Namespace, w.Ref.Name, c.To, ip)
		}
		if c.Expect != v1alpha1.ExpectAllow || e.Fence.Cluster.CNI == v1alpha1.CNIKubernetes {
			continue
		}
		if where := e.Index.BypassesClusterDNS(e.Fence, w, c.To); where != "" {
			return fmt.Errorf("%s %s/%s does not resolve %s at the cluster's DNS (%s), so Cilium learns no address: set dnsPolicy: ClusterFirst, or, if that nameserver is the cluster's DNS, declare its Service with the clusterIP", w.Ref.Kind, w.Ref.Namespace, w.Ref.Name, c.To, where)
		}
	}
	return nil
}

// workloadsOfEndpoint returns the workloads of the build whose pods an endpoint is.
func (e Endpoints) workloadsOfEndpoint(endpoint endpoints.Endpoint) []*resource.Workload {
	var out []*resource.Workload
	if endpoint.Kind != endpoints.PodEndpoint || endpoint.Cluster != "" {
		return nil
	}
	for _, w := range e.Index.WorkloadsIn(endpoint.Namespace, endpoints.Selector{}) {
		if !w.HostNetwork && maps.Equal(w.Labels, endpoint.Labels) {
			out = append(out, w)
		}
	}
	return out
}
