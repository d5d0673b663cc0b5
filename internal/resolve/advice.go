package resolve

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// sayWhatMustBeKnown says what is allowed by default and is worth narrowing, and
// what a policy cannot do.
func (r *resolver) sayWhatMustBeKnown() {
	ref, path := r.profile.Ref, r.profile.Path
	if len(r.tenants) == 0 && len(r.unread) == 0 {
		but := ""
		if len(r.fence.Nodes) > 0 {
			but = " but host policies"
		}
		r.warn("no-tenants", ref, nil, "there are no Tenants, so nothing%s is generated, and what was is removed: list them in this layer, or in one below it", but)
		return
	}
	r.refuseSubdomains(ref, r.profile.Spec.Baseline.DNS.Names, path.Child("baseline", "dns", "names"))
	if r.index.Blind {
		r.say(policy.Info, "generator", ref, nil, "a generator sees no other resource: whether namespaces, pods and ports exist was not looked up")
	}
	var audited []string
	for _, t := range r.tenants {
		if t.Enforcement == v1alpha1.Audit {
			audited = append(audited, t.Name)
		}
	}
	if len(audited) > 0 {
		r.say(policy.Info, "audit", ref, path.Child("enforcement"), "in Audit, so this fence denies nothing: %s", strings.Join(audited, ", "))
	}
	if slices.Contains(r.profile.Spec.Baseline.DNS.Names, "*") {
		narrow := "list the names to narrow it"
		if r.kubernetes() {
			narrow = "a NetworkPolicy cannot narrow it"
		}
		r.say(policy.Info, "dns-any-name", ref, path.Child("baseline", "dns", "names"), "pods may ask DNS for any name, which is a way out for data: %s", narrow)
	}
	r.sayIsolates(audited)
	r.sayWhatIsClosed()
	r.sayShared()
	r.sayProxied()
	r.sayWorld()
	r.sayEarlyNames()
	r.sayEarlyL7()
	r.reportPods()
	r.doubtProfile()
}

// sayIsolates says where an allow closes by itself.
func (r *resolver) sayIsolates(audited []string) {
	const what = "an allow isolates the pods it selects by itself: every stage closes what it does not allow, and none is generated for tenants in Audit"
	switch at := r.profile.Path; {
	case r.kubernetes() && len(audited) == 0:
		r.say(policy.Info, "allow-isolates", r.profile.Ref, at.Child("policies"), "with NetworkPolicies "+what)
	case r.kubernetes():
		r.warn("allow-isolates", r.profile.Ref, at.Child("policies"), "with NetworkPolicies "+what)
	case r.fence.Isolating:
		r.warn("allow-isolates", r.profile.Ref, at.Child("cluster", "ciliumConfig"), "with %s: \"false\" %s", policy.EnableNonDefaultDeny, what)
	case !r.fence.Additive():
		r.warn("allow-isolates", r.profile.Ref, at.Child("cluster", "ciliumVersion"), "below Cilium %s %s", policy.AdditivePolicies.Introduced(), what)
	}
}

// sayEarlyNames says that narrowed names in DNS do not wait for the last stage.
func (r *resolver) sayEarlyNames() {
	enforced := slices.ContainsFunc(r.tenants, func(t *tenant) bool { return t.Enforcement == v1alpha1.Enforce })
	additive := r.has(policy.AdditivePolicies)
	if enforced && additive && !r.has(policy.WildcardL7) && !slices.Contains(r.profile.Spec.Baseline.DNS.Names, "*") {
		r.warn("dns-names-close-early", r.profile.Ref, r.profile.Path.Child("baseline", "dns", "names"),
			"below Cilium %s the stage Baseline already denies every other name in DNS to tenants in Enforce: keep them in Audit until the names are known to be complete", policy.WildcardL7.Introduced())
	}
}

// sayShared names the tenants that share an egress point: its pods reach what any
// of them asked for.
func (r *resolver) sayShared() {
	for i, p := range r.profile.Spec.EgressPoints {
		var users []string
		for _, f := range r.flows {
			if f.via == p.Name && !slices.Contains(users, f.tenant.Name) {
				users = append(users, f.tenant.Name)
			}
		}
		if len(users) > 1 {
			r.say(policy.Info, "shared-egress-point", r.profile.Ref, r.profile.Path.Child("egressPoints").Index(i),
				"%s share egress point %q: its pods reach what any of them asked for, and only the application tells them apart", strings.Join(users, ", "), p.Name)
		}
	}
}
