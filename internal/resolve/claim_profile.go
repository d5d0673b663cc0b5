package resolve

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// checkProfile refuses egress points and edge proxies without default-deny. It also checks the port
// ranges and owners of the baseline, and undecidedKinds.
func (r *claimPass) checkProfile() {
	fenced := func(namespace string, pods *metav1.LabelSelector, at *field.Path) {
		switch _, owners := r.podsByTenant(namespace, endpoints.SelectorOf(pods)); {
		case r.owner[namespace] != nil || r.unreadNamespaces[namespace]:
		case r.isPartial(namespace) && len(owners) == 1 && owners[0] != nil:
		case r.isPartial(namespace):
			r.refuse(report.ProxyPodsUnfenced, r.profile.Ref, at.Child("pods"), "must select pods of exactly one Tenant in the %s namespace %q, since pods without a Tenant have no default-deny: correct the labels, or spec.pods of the Tenant", r.describePartial(namespace), namespace)
		default:
			r.refuse(report.ProxyPodsUnfenced, r.profile.Ref, at.Child("namespace"), "namespace %q has no Tenant, so these pods have no default-deny: give it a Tenant", namespace)
		}
	}
	for i, p := range r.profile.Spec.EgressPoints {
		fenced(p.Namespace, p.Pods, r.profile.Path.Child("egressPoints").Index(i))
	}
	if p := r.profile.Spec.EdgeProxy; p != nil {
		fenced(p.Namespace, p.Pods, r.profile.Path.Child("edgeProxy"))
	}
	r.refuseBaselineRanges()
	r.checkBaselineOwners()
	r.refuseDecidedKinds()
}

// refuseDecidedKinds refuses an entry for a kind that is decided, since it has no effect.
func (r *claimPass) refuseDecidedKinds() {
	at := r.profile.Path.Child("undecidedKinds")
	for i, k := range r.profile.Spec.UndecidedKinds {
		if resource.DecidedKind(k.Group, k.Kind) {
			r.refuse(report.UndecidedKindWithoutEffect, r.profile.Ref, at.Index(i), "a %s is always decided, so accepting the kind has no effect: remove the entry", k.Kind)
		}
	}
}

// refuseBaselineRanges refuses port ranges in the baseline in versions of Cilium without them.
func (r *claimPass) refuseBaselineRanges() {
	m := r.profile.Spec.Baseline.Monitoring
	if m == nil {
		return
	}
	for i, p := range flow.DeclaredPorts(m.Ports) {
		if p.End > p.Port {
			r.require(cilium.PortRanges, r.profile.Ref, r.profile.Path.Child("baseline", "monitoring", "ports").Index(i), fmt.Sprintf("the range %s", p), "list the ports")
		}
	}
}

// checkSingleOwner refuses a selector of the profile that selects pods of several owners in a shared
// namespace: a tenant could join it by labelling its pods.
func (r *claimPass) checkSingleOwner(namespace string, pods endpoints.Selector, at *field.Path) {
	if r.index.Partial || !r.isPartial(namespace) {
		return
	}
	all := r.index.WorkloadsIn(namespace, pods)
	for _, w := range all {
		if first, other := r.ownerOfPod(all[0]), r.ownerOfPod(w); first != other {
			r.refuse(report.SelectorSpansTenants, r.profile.Ref, at, "selects %[2]s of %[3]s and %[4]s of %[5]s in the %[6]s namespace %[1]q, where each Tenant chooses its labels: give these pods one Tenant, and add its label to the selector",
				namespace, all[0].Ref.Name, describeTenant(first), w.Ref.Name, describeTenant(other), r.describePartial(namespace))
			return
		}
	}
}

// checkBaselineOwners checks that baseline peers in shared namespaces have one owner.
func (r *claimPass) checkBaselineOwners() {
	b, at := r.profile.Spec.Baseline, r.profile.Path.Child("baseline")
	r.checkSingleOwner(b.DNS.Namespace, endpoints.SelectorOf(b.DNS.Pods), at.Child("dns", "pods"))
	if b.DNS.NodeLocal {
		r.checkSingleOwner(b.DNS.Namespace, policy.NodeLocalDNS(b.DNS.Namespace).Pods, at.Child("dns", "nodeLocal"))
	}
	if m := b.Monitoring; m != nil {
		r.checkSingleOwner(m.Namespace, endpoints.SelectorOf(m.Pods), at.Child("monitoring", "pods"))
	}
	if p := r.profile.Spec.EgressProxy; p != nil {
		r.checkSingleOwner(p.Namespace, endpoints.SelectorOf(p.Pods), r.profile.Path.Child("egressProxy", "pods"))
	}
}

// applyOverrides sets a tenant's limits, and its enforcement in the profile.
func (r *claimPass) applyOverrides(t *tenant) {
	t.limits, t.replacedLimits = policy.LimitsOf(r.profile.Spec, t.Name)
	t.Enforcement, t.EnforcementReason = r.profile.Spec.Enforcement, r.fence.Profile.Child("enforcement")
	for i, o := range r.profile.Spec.Overrides {
		if o.Enforcement != "" && policy.MatchTenant(o.Tenants, t.Name) {
			t.Enforcement, t.EnforcementReason = o.Enforcement, r.fence.Profile.Child(fmt.Sprintf("overrides[%d].enforcement", i))
		}
	}
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
