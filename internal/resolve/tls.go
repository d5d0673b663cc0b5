package resolve

import (
	"fmt"
	"path"
	"slices"

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
	r.l7Within(f, v1alpha1.L7TLS, at)
	r.secretWithin(f, tls.Terminating, "terminating")
	r.secretWithin(f, tls.Originating, "originating")
	for i, name := range tls.ServerNames {
		at := at.Child("serverNames").Index(i)
		r.refuseServerPattern(f, name, at)
	}
	for _, e := range f.ends {
		if t := r.agreeing(f, e); t != nil {
			r.refuse("tls-with-a-tenant", f.ref, e.path, "stands for pods of Tenant %q, which would have to agree to what is done to its TLS, and cannot: leave tls out", t.Name)
		}
	}
}

// agreeing is another tenant at an end of a flow, which would have to agree: also where a
// name ends at its pods, for which reaching them needs no consent.
func (r *resolver) agreeing(f *flow, e end) *tenant {
	if e.tenant != nil {
		return e.tenant
	}
	if t := r.ownerOf(e.peer); len(e.names) > 0 && !f.ofProfile && t != nil && t.Name != f.tenant.Name {
		return t
	}
	return nil
}

// secretWithin refuses a Secret that the limits do not name: the proxy would speak with it
// for whoever names it.
func (r *resolver) secretWithin(f *flow, s *v1alpha1.SecretName, name string) {
	if s == nil || slices.ContainsFunc(f.limits().Secrets, func(p string) bool { ok, _ := path.Match(p, s.String()); return ok }) {
		return
	}
	r.beyond(f, "secret-outside-limits", f.path.Child("tls", name), fmt.Sprintf("secret %q", s), "secrets")
}

// refuseOtherSecrets refuses flows of a tenant that look into requests on the same port of
// the same peer, and open TLS up each in its own way: Cilium takes them for one.
func (r *resolver) refuseOtherSecrets(t *tenant) {
	for i, f := range t.flows {
		for _, other := range t.flows[:i] {
			if len(f.l7.HTTP) > 0 && len(other.l7.HTTP) > 0 && policy.Key(f.l7.Interception) != policy.Key(other.l7.Interception) && merged(f, other) {
				r.refuse("tls-differs", f.ref, f.path, "is about a port and a peer of %s, and opens TLS up with other secrets, or only one of the two opens it up: Cilium takes them for one, so say the same secrets in both, or other ports or peers",
					other.reason)
			}
		}
	}
}

// merged says whether Cilium merges what two flows of a tenant say, at some pods.
func merged(f, g *flow) bool {
	ofBoth := slices.ContainsFunc(f.own, func(a policy.Peer) bool {
		return slices.ContainsFunc(g.own, func(b policy.Peer) bool {
			_, both := policy.Both(a.Pods, b.Pods)
			return both && a.Namespace == b.Namespace
		})
	})
	return ofBoth && f.direction == g.direction && slices.ContainsFunc(f.ends, func(e end) bool {
		return slices.ContainsFunc(g.ends, func(other end) bool {
			return shares(parts(e.peer), parts(other.peer)) && shares(f.portsOf(e), g.portsOf(other))
		})
	})
}

// parts are a peer as Cilium takes it: each name and network is one of its own.
func parts(p policy.Peer) []string {
	switch p.Kind {
	case policy.FQDNs:
		return p.FQDNs
	case policy.CIDRs:
		return p.CIDRs
	default:
		return []string{policy.Key(p)}
	}
}

func shares[T comparable](a, b []T) bool {
	return slices.ContainsFunc(a, func(v T) bool { return slices.Contains(b, v) })
}
