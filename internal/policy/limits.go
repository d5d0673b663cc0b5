package policy

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// LimitsOf returns the limits of a tenant. It also returns the path of each limit that an override replaces,
// by the name of the limit: "overrides[0].limits.fqdns".
func LimitsOf(profile v1alpha1.FenceProfileSpec, tenant string) (limits v1alpha1.Limits, replaced map[string]string) {
	limits, replaced = profile.Limits, map[string]string{}
	for i, o := range profile.Overrides {
		if o.Limits == nil || !MatchTenant(o.Tenants, tenant) {
			continue
		}
		for _, limit := range OverrideLimits(&limits, *o.Limits) {
			replaced[limit] = fmt.Sprintf("overrides[%d].limits.%s", i, limit)
		}
	}
	return limits, replaced
}

// OverrideLimits replaces the limits that are set, and returns their names. It goes through the fields of
// Limits, so that none is forgotten.
func OverrideLimits(l *v1alpha1.Limits, by v1alpha1.Limits) []string {
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
