package resolve

import (
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// refuseDecidedKinds refuses an entry for a kind that is decided, since it has no effect.
func (r *resolver) refuseDecidedKinds() {
	at := r.profile.Path.Child("undecidedKinds")
	for i, k := range r.profile.Spec.UndecidedKinds {
		if resource.DecidedKind(k.Group, k.Kind) {
			r.refuse(report.UndecidedKindWithoutEffect, r.profile.Ref, at.Index(i), "a %s is always decided, so accepting the kind has no effect: remove the entry", k.Kind)
		}
	}
}
