package resolve

import (
	"reflect"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
)

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
