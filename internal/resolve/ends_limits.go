package resolve

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/strict"
)

// refuseUnlimitedDNS refuses a Tenant's flow to the cluster's DNS without dns, if the profile
// restricts the names: the rule of the flow inspects nothing, and so allows every name.
func (r *endsPass) refuseUnlimitedDNS(f *declaredFlow) {
	if f.fromProfile || f.direction != flow.Egress || len(f.l7.DNS()) > 0 || r.usesNetworkPolicies() ||
		slices.Contains(r.profile.Spec.Baseline.DNS.Names, "*") || flow.AnyCovers(f.limits().FQDNs, "*") {
		return
	}
	for _, e := range f.resolvedPeers {
		if r.includesDNS(e.peer) && includesDNSPort(f.portsOf(e), r.profile.Spec.Baseline.DNS.Port) {
			r.refuse(report.FQDNOutsideLimits, f.ref, e.path,
				"includes the cluster's DNS, and the flow sets no dns, which allows every name and is outside limits.fqdns of Tenant %q: list the names in dns, narrow the peer or ports, or add \"*\" to %s in the profile%s", f.tenant.Name, f.tenant.limitField("fqdns"), f.tenant.replacesLimit("fqdns"))
			return
		}
	}
}

// withinLimits reports whether a flow may have what its limits do not list: flows of the profile
// have no limits. For other flows it adds a finding.
func (r *endsPass) withinLimits(f *declaredFlow, check *report.Check, at *field.Path, what, limit string) bool {
	return r.withinLimitsOrSimilar(f, check, at, what, limit, "")
}

// unlimited is withinLimits for a flow that lists nothing of a limited list. The fix states what to list.
func (r *endsPass) unlimited(f *declaredFlow, check *report.Check, at *field.Path, what, limit, fix string) bool {
	if f.fromProfile || f.tenant.IsNodes() {
		return r.withinLimits(f, check, at, what, limit)
	}
	r.refuse(check, f.ref, at, "%s is outside limits.%s of Tenant %q: %s", what, limit, f.tenant.Name, fix)
	return false
}

// withinLimitsOrSimilar is withinLimits for a name. The finding suggests a similar name that is
// within the limits, if one is known.
func (r *endsPass) withinLimitsOrSimilar(f *declaredFlow, check *report.Check, at *field.Path, what, limit, similar string) bool {
	if f.fromProfile {
		return true
	}
	if f.tenant.IsNodes() {
		r.refuse(check, f.ref, at, "%s is the target of a Service of a tenant, and flows of nodes reach only what the profile lists itself: name it in the flow instead of the Service", what)
		return false
	}
	fix := strict.Otherwise(similar, "remove it")
	widen := "add it to " + f.tenant.limitField(limit)
	if limit == "anyTenant" || limit == "namespaceLabels" {
		widen = "set " + f.tenant.limitField(limit) + ": true"
	}
	elsewhere := " (for this Tenant alone: in an entry of overrides)"
	if f.tenant.limitIsReplaced(limit) {
		elsewhere = f.tenant.replacesLimit(limit)
	}
	r.refuse(check, f.ref, at, "%s is outside limits.%s of Tenant %q: %s, or %s in the profile%s", what, limit, f.tenant.Name, fix, widen, elsewhere)
	return false
}

func (r *endsPass) checkFQDNLimits(f *declaredFlow, names []string, at *field.Path) {
	for i, n := range names {
		r.checkNameLimit(f, n, fmt.Sprintf("name %q", n), at.Index(i))
	}
}

// checkNameLimit refuses a name or pattern outside the limits, and one of this cluster, which no
// rule about names matches.
func (r *endsPass) checkNameLimit(f *declaredFlow, name, what string, at *field.Path) {
	if s := r.index.ServiceByDNSName(name); s != nil && s.Type == "ExternalName" {
		r.refuse(report.FQDNInsideCluster, f.ref, at, "%s is that of the ExternalName Service %s/%s, and a flow to it needs its externalName, too: write a peer service: %[2]s/%[3]s", what, s.Ref.Namespace, s.Ref.Name)
		return
	}
	r.checkQueriedName(f, name, what, at)
	if v1alpha1.IsClusterDNSName(name) {
		r.refuse(report.FQDNInsideCluster, f.ref, at, "%s resolves to pods of this cluster, and no rule about names matches pods: write a peer service: namespace/name", what)
	}
}

// checkQueriedName refuses a name in a DNS rule outside the limits. It may be one of this cluster.
func (r *endsPass) checkQueriedName(f *declaredFlow, name, what string, at *field.Path) {
	if !flow.AnyCovers(f.limits().FQDNs, name) {
		r.withinLimitsOrSimilar(f, report.FQDNOutsideLimits, at, what, "fqdns", similarInLimits(name, f.limits().FQDNs))
	}
	r.refuseSubdomain(f.ref, name, at)
}

// similarInLimits is the name in a limit to which another one is similar, "" if none is. Patterns
// are similar to patterns alone.
func similarInLimits(name string, limit []string) string {
	return strict.Nearest(name, slices.DeleteFunc(slices.Clone(limit), func(l string) bool {
		return strings.Contains(l, "*") && !strings.Contains(name, "*")
	}))
}

func (r *endsPass) checkEntityLimits(f *declaredFlow, entities []v1alpha1.Entity, at *field.Path) bool {
	valid := true
	for _, e := range entities {
		ok := slices.Contains(f.limits().Entities, e) || r.withinLimits(f, report.EntityOutsideLimits, at, fmt.Sprintf("entity %q", e), "entities")
		valid = valid && ok
	}
	return valid
}

// checkCIDRLimits checks each network by itself: a limit that does not cover the union of the
// networks does not cover each of them. Validation refuses an exception that is a whole network.
func (r *endsPass) checkCIDRLimits(f *declaredFlow, cidrs, except []string, at *field.Path) {
	r.checkNetworkLimits(f, cidrs, except, at, f.limits().CIDRs)
}

// checkAgentNetworkLimits checks the networks of agents. Through the edge proxy, they may also be
// within edgeProxy.cidrs of the profile.
func (r *endsPass) checkAgentNetworkLimits(f *declaredFlow, a v1alpha1.AgentIngress) {
	allowed := f.limits().CIDRs
	if p := r.profile.Spec.EdgeProxy; a.Mode == v1alpha1.EdgeProxy && p != nil {
		allowed = slices.Concat(allowed, p.CIDRs)
	}
	r.checkNetworkLimits(f, a.CIDRs, nil, f.path.Child("cidrs"), allowed)
}

func (r *endsPass) checkNetworkLimits(f *declaredFlow, cidrs, except []string, at *field.Path, allowed []string) {
	allowedSet := setOf(allowed, nil)
	for i, c := range cidrs {
		if !isSubset(setOf([]string{c}, except), allowedSet) {
			r.withinLimits(f, report.CIDROutsideLimits, at.Index(i), fmt.Sprintf("network %q", c), "cidrs")
		}
	}
}
