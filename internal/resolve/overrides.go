package resolve

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// applyOverrides sets a tenant's limits, and its enforcement in the profile.
func (r *resolver) applyOverrides(t *tenant) {
	t.limits, t.replacedLimits = r.profile.Spec.Limits, map[string]string{}
	t.Enforcement, t.EnforcementReason = r.profile.Spec.Enforcement, r.fence.Profile.Child("enforcement")
	for i, o := range r.profile.Spec.Overrides {
		if !policy.MatchTenant(o.Tenants, t.Name) {
			continue
		}
		entry := fmt.Sprintf("overrides[%d]", i)
		if o.Enforcement != "" {
			t.Enforcement, t.EnforcementReason = o.Enforcement, r.fence.Profile.Child(entry+".enforcement")
		}
		if o.Limits != nil {
			for _, limit := range override(&t.limits, *o.Limits) {
				t.replacedLimits[limit] = entry + ".limits." + limit
			}
		}
	}
}

// override replaces the limits that are set, and returns their names. It goes through the fields of
// Limits, so that none is forgotten.
func override(l *v1alpha1.Limits, by v1alpha1.Limits) []string {
	var replaced []string
	have, with := reflect.ValueOf(l).Elem(), reflect.ValueOf(by)
	for i := range with.NumField() {
		if !with.Field(i).IsNil() {
			have.Field(i).Set(with.Field(i))
			name, _, _ := strings.Cut(with.Type().Field(i).Tag.Get("json"), ",")
			replaced = append(replaced, name)
		}
	}
	return replaced
}

// limitField is the field of the profile with a limit of the tenant: limits.fqdns, or
// overrides[0].limits.fqdns.
func (t *tenant) limitField(limit string) string {
	if at := t.replacedLimits[limit]; at != "" {
		return at
	}
	return "limits." + limit
}

func (t *tenant) limitIsReplaced(limit string) bool { return t.replacedLimits[limit] != "" }

// replacesLimit ends a message that names limitField.
func (t *tenant) replacesLimit(limit string) string {
	if !t.limitIsReplaced(limit) {
		return ""
	}
	return fmt.Sprintf(", which replaces limits.%s for this Tenant", limit)
}
