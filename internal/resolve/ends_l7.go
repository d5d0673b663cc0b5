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
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// refuseUnsupported refuses the rules of a flow that no NetworkPolicy expresses, or that the
// NetworkPolicy form shadows.
func (r *endsPass) refuseUnsupported(f *declaredFlow) {
	const unsupported = "is not possible in a NetworkPolicy, which restricts ports alone: %s%s"
	for _, l7 := range []struct {
		name     string
		declared bool
		all      string
	}{{"http", len(f.l7.HTTP()) > 0, "request"}, {"dns", len(f.l7.DNS()) > 0, "name"}, {"tls", f.tls != nil, "connection"}} {
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
	if len(f.l7.HTTP()) > 0 {
		r.checkL7Limit(f, v1alpha1.L7HTTP, f.path.Child("http"))
		r.refuseHTTPOnTLS(f)
	}
	r.checkTLS(f)
	if len(f.l7.DNS()) == 0 {
		return
	}
	at := f.path.Child("dns")
	r.checkL7Limit(f, v1alpha1.L7DNS, at)
	for i, name := range f.l7.DNS() {
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
		if of := endpoints.SortedUnique(names[at]); len(of) > 0 {
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
