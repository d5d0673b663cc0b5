package resolve

import (
	"fmt"
	"path"
	"slices"
	"strings"

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
		if !strings.Contains(name, "*") || r.minor() >= policy.ServerPatternsSince {
			r.refuseSubdomain(f.ref, name, at)
		} else {
			r.refuse("cilium-too-old", f.ref, at, "the pattern %q needs Cilium 1.18 in serverNames, and the profile says %s: list the names", name, r.profile.Spec.Cluster.CiliumVersion)
		}
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
	if t := r.ownerOf(e.peer); len(e.names) > 0 && !f.every && t != nil && t.Name != f.tenant.Name {
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
