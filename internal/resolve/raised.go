package resolve

import (
	"reflect"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// raised names the limits that allow more than before. It goes through the fields of
// Limits, so that none is forgotten: a list allows more by an element that is new, a
// boolean where it becomes true. Where a limit covers more than what it lists, it may
// report one that only looks wider, but for those that widens knows.
func raised(before, after v1alpha1.Limits) []string {
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
	switch {
	case name == "fqdns":
		return slices.ContainsFunc(after.FQDNs, func(n string) bool { return !policy.SomeCovers(before.FQDNs, n) })
	case name == "cidrs":
		return !subset(setOf(after.CIDRs, nil), setOf(before.CIDRs, nil))
	case name == "ports" && before.Ports == nil:
		return false // Any port was allowed.
	case is.Kind() == reflect.Pointer:
		return !is.IsNil() && is.Elem().Bool() && (was.IsNil() || !was.Elem().Bool())
	case is.Kind() != reflect.Slice:
		return !reflect.DeepEqual(was.Interface(), is.Interface())
	}
	for i := range is.Len() {
		known := false
		for j := range was.Len() {
			known = known || reflect.DeepEqual(is.Index(i).Interface(), was.Index(j).Interface())
		}
		if !known {
			return true
		}
	}
	return false
}
