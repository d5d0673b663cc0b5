package resolve

import (
	"fmt"
	"path"
	"slices"

	"github.com/tenantfence/tenantfence/internal/report"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// checkTLS holds what a flow says of TLS against the limits, the version and its peers.
func (r *resolver) checkTLS(f *flow) {
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
	for _, e := range f.resolvedPeers {
		if t := r.consentingTenant(f, e); t != nil {
			r.refuse(report.TLSBetweenTenants, f.ref, e.path, "stands for pods of Tenant %q, which would have to agree to what is done to its TLS, and cannot: leave tls out", t.Name)
		}
	}
}

// consentingTenant is another tenant at an end of a flow, which would have to agree: also where a
// name ends at its pods, for which reaching them needs no consent.
func (r *resolver) consentingTenant(f *flow, e resolvedPeer) *tenant {
	if e.tenant != nil {
		return e.tenant
	}
	if t := r.ownerOf(e.peer); len(e.hostnames) > 0 && !f.fromProfile && t != nil && t.Name != f.tenant.Name {
		return t
	}
	return nil
}

// checkSecretLimit refuses a Secret that the limits do not name: the proxy would speak with it
// for whoever names it.
func (r *resolver) checkSecretLimit(f *flow, s *v1alpha1.SecretName, name string) {
	if s == nil || slices.ContainsFunc(f.limits().Secrets, func(p string) bool { ok, _ := path.Match(p, s.String()); return ok }) {
		return
	}
	r.outsideLimits(f, report.SecretOutsideLimits, f.path.Child("tls", name), fmt.Sprintf("secret %q", s), "secrets")
}

// refuseTLSConflict refuses flows of a tenant that look into requests on the same port of
// the same peer, and open TLS up each in its own way: Cilium takes them for one.
func (r *resolver) refuseTLSConflict(t *tenant) {
	for i, f := range t.flows {
		for _, other := range t.flows[:i] {
			if len(f.l7.HTTP) > 0 && len(other.l7.HTTP) > 0 && policy.JSONKey(f.l7.Interception) != policy.JSONKey(other.l7.Interception) && areMerged(f, other) {
				r.refuse(report.TLSSettingsConflict, f.ref, f.path, "is about a port and a peer of %s, and opens TLS up with other secrets, or only one of the two opens it up: Cilium takes them for one, so say the same secrets in both, or other ports or peers",
					other.reason)
			}
		}
	}
}

// areMerged says whether Cilium merges what two flows of a tenant say, at some pods.
func areMerged(f, g *flow) bool {
	shareSubjects := slices.ContainsFunc(f.own, func(a policy.Peer) bool {
		return slices.ContainsFunc(g.own, func(b policy.Peer) bool {
			_, both := policy.Intersect(a.Pods, b.Pods)
			return both && a.Namespace == b.Namespace
		})
	})
	return shareSubjects && f.direction == g.direction && slices.ContainsFunc(f.resolvedPeers, func(e resolvedPeer) bool {
		return slices.ContainsFunc(g.resolvedPeers, func(other resolvedPeer) bool {
			return intersects(peerKeys(e.peer), peerKeys(other.peer)) && intersects(f.portsOf(e), g.portsOf(other))
		})
	})
}

// peerKeys are a peer as Cilium takes it: each name and network is one of its own.
func peerKeys(p policy.Peer) []string {
	switch p.Kind {
	case policy.FQDNs:
		return p.FQDNs
	case policy.CIDRs:
		return p.CIDRs
	default:
		return []string{policy.JSONKey(p)}
	}
}

func intersects[T comparable](a, b []T) bool {
	return slices.ContainsFunc(a, func(v T) bool { return slices.Contains(b, v) })
}
