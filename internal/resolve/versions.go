package resolve

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// minor is Cilium's minor version.
func (r *resolver) minor() int {
	if !r.enforcedByCilium() {
		return cilium.AnyVersion
	}
	return cilium.Minor(r.profile.Spec.Cluster.CiliumVersion)
}

// supports reports whether a fact holds in the cluster's version of Cilium.
func (r *resolver) supports(fact cilium.Fact) bool { return fact.In(r.minor()) }

// require refuses a feature that the cluster's version of Cilium does not have, and reports whether it
// has it. instead is the fix.
func (r *resolver) require(fact cilium.Fact, ref report.Ref, at *field.Path, what, instead string) bool {
	if r.supports(fact) {
		return true
	}
	r.refuse(report.CiliumTooOld, ref, at, "%s needs Cilium %s, and the profile declares %s: %s", what, fact.Introduced(), r.profile.Spec.Cluster.CiliumVersion, instead)
	return false
}

// refuseServerPattern refuses a pattern for TLS servers that the version does not support.
func (r *resolver) refuseServerPattern(f *declaredFlow, name string, at *field.Path) {
	what := fmt.Sprintf("the pattern %q in serverNames", name)
	if !strings.Contains(name, "*") || !r.require(cilium.ServerPatterns, f.ref, at, what, "list the names") {
		return
	}
	r.refuseSubdomain(f.ref, name, at)
	if strings.Contains(strings.TrimLeft(name, "*"), "*") || !strings.HasPrefix(strings.TrimLeft(name, "*"), ".") {
		r.require(cilium.ServerPatternsInside, f.ref, at, what, `list the names, or begin a pattern with "*." and write no other *`)
	}
}

// refuseHostNames refuses names in the flows of nodes if agents refuse host policies with DNS rules:
// they would refuse all flows of the policy.
func (r *resolver) refuseHostNames(f *declaredFlow) {
	if !f.tenant.IsNodes() {
		return
	}
	const before = "before it, agents refuse such a policy as a whole: "
	if len(f.l7.DNS) > 0 {
		r.require(cilium.HostDNS, f.ref, f.path.Child("dns"), "a DNS rule about nodes", before+"remove dns")
	}
	seen := map[string]bool{}
	for _, e := range f.resolvedPeers {
		if e.peer.Kind != policy.FQDNs && len(e.hostnames) == 0 || seen[e.path.String()] {
			continue
		}
		seen[e.path.String()] = true
		r.require(cilium.HostDNS, f.ref, e.path, "a name in a flow of nodes", before+"list cidrs, or the pods behind the name")
	}
}

// refuseBaselineRanges refuses port ranges in the baseline in versions of Cilium without them.
func (r *resolver) refuseBaselineRanges() {
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
