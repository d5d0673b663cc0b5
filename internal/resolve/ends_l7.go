package resolve

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/strict"
)

// refuseUnsupported refuses the rules of a flow that no NetworkPolicy expresses, or that the
// NetworkPolicy form shadows.
func (r *endsPass) refuseUnsupported(f *declaredFlow) {
	const unsupported = "is not possible in a NetworkPolicy, which restricts ports alone: %s%s"
	for _, l7 := range []struct {
		name     string
		declared bool
		all      string
	}{{"http", len(f.l7.HTTP) > 0, "request"}, {"dns", len(f.l7.DNS) > 0, "name"}, {"tls", f.tls != nil, "connection"}} {
		at := f.path.Child(l7.name)
		switch {
		case !l7.declared:
		case r.fence.Policies == v1alpha1.PoliciesBoth:
			r.refuse(report.L7BypassedByNetworkPolicy, f.ref, at, "has no effect with policies: Both, since the NetworkPolicy form allows everything on these ports: remove it, or set policies: Cilium")
		default:
			r.refuseInNetworkPolicies(report.UnsupportedInNetworkPolicy, f, at, unsupported, "remove it, which allows every "+l7.all, r.ciliumHint())
		}
	}
	if slices.ContainsFunc(f.ports, func(p flow.Port) bool { return p.Protocol == flow.ICMP }) {
		r.refuseInNetworkPolicies(report.UnsupportedInNetworkPolicy, f, f.path.Child("icmp"), unsupported, "remove icmp and ports, which allows every port and ICMP", r.ciliumHint())
	}
}

// checkL7 compares the L7 rules of a flow with the limits, and with its peers and ports.
func (r *endsPass) checkL7(f *declaredFlow) {
	if len(f.l7.HTTP) > 0 {
		r.checkL7Limit(f, v1alpha1.L7HTTP, f.path.Child("http"))
		r.refuseHTTPOnTLS(f)
	}
	r.checkTLS(f)
	if len(f.l7.DNS) == 0 {
		return
	}
	at := f.path.Child("dns")
	r.checkL7Limit(f, v1alpha1.L7DNS, at)
	for i, name := range f.l7.DNS {
		r.checkQueriedName(f, name, fmt.Sprintf("name %q", name), at.Index(i))
	}
	for _, e := range f.resolvedPeers {
		if e.peer.Kind == policy.FQDNs {
			r.refuse(report.DNSOnFQDNPeer, f.ref, e.path, "the peer is the name %q, and dns rules need a DNS server as peer: use the cidrs of the server, or remove dns", e.peer.FQDNs[0])
		}
	}
}

func (r *endsPass) checkL7Limit(f *declaredFlow, kind v1alpha1.L7Kind, at *field.Path) {
	if !slices.Contains(f.limits().L7, kind) {
		r.withinLimits(f, report.L7OutsideLimits, at, string(kind), "l7")
	}
}

// refuseHTTPOnTLS refuses http on a port, by name or behind a Service, that uses TLS: the proxy
// cannot inspect it.
func (r *endsPass) refuseHTTPOnTLS(f *declaredFlow) {
	if f.l7.Interception != nil {
		return
	}
	refuse := func(ports []flow.Port, to policy.Peer, at *field.Path) {
		for _, p := range r.resolvePortNames(ports, to) {
			if isTLSPort(p) {
				r.refuse(report.HTTPOnTLSPort, f.ref, at, "is port %s, which uses TLS, and the proxy cannot inspect its requests: %s", p, v1alpha1.TLSPortHint)
			}
		}
	}
	if f.direction == flow.Ingress {
		for _, own := range f.own {
			refuse(f.ports, own, f.path.Child("ports"))
		}
		return
	}
	for _, e := range f.resolvedPeers {
		at := f.path.Child("ports")
		if e.ports != nil {
			at = e.path
		}
		refuse(f.portsOf(e), e.peer, at)
	}
}

func isTLSPort(p flow.Port) bool {
	written := v1alpha1.Port{Port: intstr.FromInt32(p.Port), EndPort: p.End}
	if p.Name != "" {
		written.Port = intstr.FromString(p.Name)
	}
	return written.IsTLSPort()
}

// checkTLS compares tls of a flow with the limits, the Cilium version and its peers.
func (r *endsPass) checkTLS(f *declaredFlow) {
	tls := f.tls
	if tls == nil {
		return
	}
	at := f.path.Child("tls")
	r.checkL7Limit(f, v1alpha1.L7TLS, at)
	r.checkSecretLimit(f, tls.Terminating, "terminating")
	r.checkSecretLimit(f, tls.Originating, "originating")
	for i, name := range tls.ServerNames {
		at := at.Child("serverNames").Index(i)
		r.refuseServerPattern(f, name, at)
	}
	r.refuseTLSBetweenTenants(f)
}

// refuseTLSBetweenTenants refuses tls with pods of other tenants, once for each peer.
func (r *endsPass) refuseTLSBetweenTenants(f *declaredFlow) {
	names := map[string][]string{}
	for _, e := range f.resolvedPeers {
		if t := r.consentingTenant(f, e); t != nil {
			names[e.path.String()] = append(names[e.path.String()], t.Name)
		}
	}
	for _, e := range f.resolvedPeers {
		at := e.path.String()
		if of := sortedUnique(names[at]); len(of) > 0 {
			r.refuse(report.TLSBetweenTenants, f.ref, e.path, "selects pods of %s %s, and a Tenant cannot consent to the interception of its TLS: remove tls", plural(len(of), "Tenant", "Tenants"), quoteSome(of))
		}
		delete(names, at)
	}
}

// consentingTenant is another tenant that would have to consent to tls. That includes a tenant whose
// pods a hostname resolves to, although the flow itself needs no consent.
func (r *endsPass) consentingTenant(f *declaredFlow, e resolvedPeer) *tenant {
	if e.tenant != nil {
		return e.tenant
	}
	if t := r.ownerOf(e.peer); len(e.hostnames) > 0 && !f.fromProfile && t != nil && t.Name != f.tenant.Name {
		return t
	}
	return nil
}

// checkSecretLimit refuses a Secret outside the limits: the proxy would use it for any Tenant.
func (r *endsPass) checkSecretLimit(f *declaredFlow, s *v1alpha1.SecretName, name string) {
	if s == nil || slices.ContainsFunc(f.limits().Secrets, func(p string) bool { ok, _ := path.Match(p, s.String()); return ok }) {
		return
	}
	r.withinLimitsOrSimilar(f, report.SecretOutsideLimits, f.path.Child("tls", name), fmt.Sprintf("Secret %q", s), "secrets", similarInLimits(s.String(), f.limits().Secrets))
}

// refuseServerPattern refuses a pattern for TLS servers that the version does not support.
func (r *endsPass) refuseServerPattern(f *declaredFlow, name string, at *field.Path) {
	what := fmt.Sprintf("the pattern %q in serverNames", name)
	if !strings.Contains(name, "*") || !r.require(cilium.ServerPatterns, f.ref, at, what, "list the names") {
		return
	}
	r.refuseSubdomain(f.ref, name, at)
	if strings.Contains(strings.TrimLeft(name, "*"), "*") || !strings.HasPrefix(strings.TrimLeft(name, "*"), ".") {
		r.require(cilium.ServerPatternsInside, f.ref, at, what, `list the names, or begin a pattern with "*." and write no other *`)
	}
}

// refuseUnlimitedDNS refuses a Tenant's flow to the cluster's DNS without dns, if the profile
// restricts the names: the rule of the flow inspects nothing, and so allows every name.
func (r *endsPass) refuseUnlimitedDNS(f *declaredFlow) {
	if f.fromProfile || f.direction != flow.Egress || len(f.l7.DNS) > 0 || r.usesNetworkPolicies() ||
		slices.Contains(r.profile.Spec.Baseline.DNS.Names, "*") || flow.AnyCovers(f.limits().FQDNs, "*") {
		return
	}
	for _, e := range f.resolvedPeers {
		if r.includesDNS(e.peer) && includesDNSPort(f.portsOf(e), r.profile.Spec.Baseline.DNS.Port) {
			r.refuse(report.FQDNOutsideLimits, f.ref, e.path,
				"includes the cluster's DNS, and the flow sets no dns, which allows every name and is outside limits.fqdns of Tenant %q: list the names in dns, narrow the peer or ports, or add \"*\" to %s in the profile%s", f.tenant.Name, f.tenant.limitField("fqdns"), f.tenant.replacesLimit("fqdns"))
			return
		}
	}
}

// withinLimits reports whether a flow may have what its limits do not list: flows of the profile
// have no limits. For other flows it adds a finding.
func (r *endsPass) withinLimits(f *declaredFlow, check *report.Check, at *field.Path, what, limit string) bool {
	return r.withinLimitsOrSimilar(f, check, at, what, limit, "")
}

// unlimited is withinLimits for a flow that lists nothing of a limited list. The fix states what to list.
func (r *endsPass) unlimited(f *declaredFlow, check *report.Check, at *field.Path, what, limit, fix string) bool {
	if f.fromProfile || f.tenant.IsNodes() {
		return r.withinLimits(f, check, at, what, limit)
	}
	r.refuse(check, f.ref, at, "%s is outside limits.%s of Tenant %q: %s", what, limit, f.tenant.Name, fix)
	return false
}

// withinLimitsOrSimilar is withinLimits for a name. The finding suggests a similar name that is
// within the limits, if one is known.
func (r *endsPass) withinLimitsOrSimilar(f *declaredFlow, check *report.Check, at *field.Path, what, limit, similar string) bool {
	if f.fromProfile {
		return true
	}
	if f.tenant.IsNodes() {
		r.refuse(check, f.ref, at, "%s is the target of a Service of a tenant, and flows of nodes reach only what the profile lists itself: name it in the flow instead of the Service", what)
		return false
	}
	fix := strict.Otherwise(similar, "remove it")
	widen := "add it to " + f.tenant.limitField(limit)
	if limit == "anyTenant" || limit == "namespaceLabels" {
		widen = "set " + f.tenant.limitField(limit) + ": true"
	}
	elsewhere := " (for this Tenant alone: in an entry of overrides)"
	if f.tenant.limitIsReplaced(limit) {
		elsewhere = f.tenant.replacesLimit(limit)
	}
	r.refuse(check, f.ref, at, "%s is outside limits.%s of Tenant %q: %s, or %s in the profile%s", what, limit, f.tenant.Name, fix, widen, elsewhere)
	return false
}

func (r *endsPass) checkFQDNLimits(f *declaredFlow, names []string, at *field.Path) {
	for i, n := range names {
		r.checkNameLimit(f, n, fmt.Sprintf("name %q", n), at.Index(i))
	}
}

// checkNameLimit refuses a name or pattern outside the limits, and one of this cluster, which no
// rule about names matches.
func (r *endsPass) checkNameLimit(f *declaredFlow, name, what string, at *field.Path) {
	if s := r.index.ServiceByDNSName(name); s != nil && s.Type == "ExternalName" {
		r.refuse(report.FQDNInsideCluster, f.ref, at, "%s is that of the ExternalName Service %s/%s, and a flow to it needs its externalName, too: write a peer service: %[2]s/%[3]s", what, s.Ref.Namespace, s.Ref.Name)
		return
	}
	r.checkQueriedName(f, name, what, at)
	if v1alpha1.IsClusterDNSName(name) {
		r.refuse(report.FQDNInsideCluster, f.ref, at, "%s resolves to pods of this cluster, and no rule about names matches pods: write a peer service: namespace/name", what)
	}
}

// checkQueriedName refuses a name in a DNS rule outside the limits. It may be one of this cluster.
func (r *endsPass) checkQueriedName(f *declaredFlow, name, what string, at *field.Path) {
	if !flow.AnyCovers(f.limits().FQDNs, name) {
		r.withinLimitsOrSimilar(f, report.FQDNOutsideLimits, at, what, "fqdns", similarInLimits(name, f.limits().FQDNs))
	}
	r.refuseSubdomain(f.ref, name, at)
}

// similarInLimits is the name in a limit to which another one is similar, "" if none is. Patterns
// are similar to patterns alone.
func similarInLimits(name string, limit []string) string {
	return strict.Nearest(name, slices.DeleteFunc(slices.Clone(limit), func(l string) bool {
		return strings.Contains(l, "*") && !strings.Contains(name, "*")
	}))
}

func (r *endsPass) checkEntityLimits(f *declaredFlow, entities []v1alpha1.Entity, at *field.Path) bool {
	valid := true
	for _, e := range entities {
		ok := slices.Contains(f.limits().Entities, e) || r.withinLimits(f, report.EntityOutsideLimits, at, fmt.Sprintf("entity %q", e), "entities")
		valid = valid && ok
	}
	return valid
}

// checkCIDRLimits checks each network by itself: a limit that does not cover the union of the
// networks does not cover each of them. Validation refuses an exception that is a whole network.
func (r *endsPass) checkCIDRLimits(f *declaredFlow, cidrs, except []string, at *field.Path) {
	r.checkNetworkLimits(f, cidrs, except, at, f.limits().CIDRs)
}

// checkAgentNetworkLimits checks the networks of agents. Through the edge proxy, they may also be
// within edgeProxy.cidrs of the profile.
func (r *endsPass) checkAgentNetworkLimits(f *declaredFlow, a v1alpha1.AgentIngress) {
	allowed := f.limits().CIDRs
	if p := r.profile.Spec.EdgeProxy; a.Mode == v1alpha1.EdgeProxy && p != nil {
		allowed = slices.Concat(allowed, p.CIDRs)
	}
	r.checkNetworkLimits(f, a.CIDRs, nil, f.path.Child("cidrs"), allowed)
}

func (r *endsPass) checkNetworkLimits(f *declaredFlow, cidrs, except []string, at *field.Path, allowed []string) {
	allowedSet := setOf(allowed, nil)
	for i, c := range cidrs {
		if !isSubset(setOf([]string{c}, except), allowedSet) {
			r.withinLimits(f, report.CIDROutsideLimits, at.Index(i), fmt.Sprintf("network %q", c), "cidrs")
		}
	}
}
