package resolve

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// applyOverrides sets a tenant's limits, and its enforcement in the profile.
func (r *claimPass) applyOverrides(t *tenant) {
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

// raisedLimits names the limits that allow more than before. It goes through the fields of Limits,
// so that none is forgotten: a list allows more by an element that is new, a boolean where it
// becomes true. For a limit that covers more than it lists, it may report a change that only looks
// wider. widens knows some of these.
func raisedLimits(before, after v1alpha1.Limits) []string {
	var out []string
	was, is := reflect.ValueOf(before), reflect.ValueOf(after)
	for i := range was.NumField() {
		name, _, _ := strings.Cut(was.Type().Field(i).Tag.Get("json"), ",")
		if widens(name, before, after, was.Field(i), is.Field(i)) {
			out = append(out, name)
		}
	}
	return out
}

func widens(name string, before, after v1alpha1.Limits, was, is reflect.Value) bool {
	switch name {
	case "fqdns":
		return slices.ContainsFunc(after.FQDNs, func(n string) bool { return !flow.AnyCovers(before.FQDNs, n) })
	case "cidrs":
		return !isSubset(setOf(after.CIDRs, nil), setOf(before.CIDRs, nil))
	case "ports":
		if before.Ports == nil {
			return false // Any port was allowed.
		}
	}
	switch is.Kind() {
	case reflect.Pointer:
		return !is.IsNil() && (was.IsNil() || !reflect.DeepEqual(was.Elem().Interface(), is.Elem().Interface())) && !isFalse(is.Elem())
	case reflect.Slice:
		return hasNew(was, is)
	}
	return !reflect.DeepEqual(was.Interface(), is.Interface())
}

func isFalse(v reflect.Value) bool { return v.Kind() == reflect.Bool && !v.Bool() }

// hasNew reports whether a list has an element that another one has not.
func hasNew(was, is reflect.Value) bool {
	known := func(element any) bool {
		for i := range was.Len() {
			if reflect.DeepEqual(was.Index(i).Interface(), element) {
				return true
			}
		}
		return false
	}
	for i := range is.Len() {
		if !known(is.Index(i).Interface()) {
			return true
		}
	}
	return false
}
