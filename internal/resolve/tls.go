package resolve

import (
	"fmt"
	"path"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// checkTLS compares tls of a flow with the limits, the Cilium version and its peers.
func (r *resolver) checkTLS(f *declaredFlow) {
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
func (r *resolver) refuseTLSBetweenTenants(f *declaredFlow) {
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
func (r *resolver) consentingTenant(f *declaredFlow, e resolvedPeer) *tenant {
	if e.tenant != nil {
		return e.tenant
	}
	if t := r.ownerOf(e.peer); len(e.hostnames) > 0 && !f.fromProfile && t != nil && t.Name != f.tenant.Name {
		return t
	}
	return nil
}

// checkSecretLimit refuses a Secret outside the limits: the proxy would use it for any Tenant.
func (r *resolver) checkSecretLimit(f *declaredFlow, s *v1alpha1.SecretName, name string) {
	if s == nil || slices.ContainsFunc(f.limits().Secrets, func(p string) bool { ok, _ := path.Match(p, s.String()); return ok }) {
		return
	}
	r.withinLimitsOrSimilar(f, report.SecretOutsideLimits, f.path.Child("tls", name), fmt.Sprintf("Secret %q", s), "secrets", similarInLimits(s.String(), f.limits().Secrets))
}

// refuseTLSConflict refuses flows of a tenant with http rules for the same port and peer and with
// different interception of TLS: Cilium merges them.
func (r *resolver) refuseTLSConflict(t *tenant) {
	for i, f := range t.flows {
		for _, other := range t.flows[:i] {
			if len(f.l7.HTTP) > 0 && len(other.l7.HTTP) > 0 && endpoints.JSONKey(f.l7.Interception) != endpoints.JSONKey(other.l7.Interception) && areMerged(f, other) {
				r.refuse(report.TLSSettingsConflict, f.ref, f.path, "shares a port and a peer with %s, but not the Secrets in tls: Cilium merges the two flows, so write the same Secrets in both, or different ports or peers",
					other.reason)
			}
		}
	}
}

// areMerged reports whether Cilium merges rules of two flows of a tenant, for some pods.
func areMerged(f, g *declaredFlow) bool {
	shareSubjects := slices.ContainsFunc(f.own, func(a policy.Peer) bool {
		return slices.ContainsFunc(g.own, func(b policy.Peer) bool {
			_, both := endpoints.Intersect(a.Pods, b.Pods)
			return both && a.Namespace == b.Namespace
		})
	})
	return shareSubjects && f.direction == g.direction && slices.ContainsFunc(f.resolvedPeers, func(e resolvedPeer) bool {
		return slices.ContainsFunc(g.resolvedPeers, func(other resolvedPeer) bool {
			return intersects(peerKeys(e.peer), peerKeys(other.peer)) && intersects(f.portsOf(e), g.portsOf(other))
		})
	})
}

// peerKeys are a peer in the parts that Cilium merges: each name and network is one.
func peerKeys(p policy.Peer) []string {
	switch p.Kind {
	case policy.FQDNs:
		return p.FQDNs
	case policy.CIDRs:
		return p.CIDRs
	default:
		return []string{endpoints.JSONKey(p)}
	}
}

func intersects[T comparable](a, b []T) bool {
	return slices.ContainsFunc(a, func(v T) bool { return slices.Contains(b, v) })
}
