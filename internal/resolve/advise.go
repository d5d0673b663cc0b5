package resolve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/report"
)

// advisePass is the pass advise.
type advisePass struct {
	pass
	// flows are those that are not off, and declared all.
	flows, declared []*declaredFlow
}

// advise reports what the fence has effects on beyond its flows, and what has no effect.
func advise(k *facts, in *agreePass) *advisePass {
	r := &advisePass{pass: pass{facts: k}, flows: in.flows, declared: in.claimed.flows}
	r.reportNodes()
	if len(r.tenants) == 0 && len(r.unread) == 0 {
		r.reportTenantsMissing()
		return r
	}
	r.reportProfile()
	r.reportAllowIsolates()
	r.reportDefaultDeny()
	r.reportDNSDenied()
	r.reportSharedEgressPoints()
	r.reportSharedEgressProxy()
	r.reportWorldExclusions()
	r.reportEarlyDNSNames()
	r.reportEarlyL7()
	r.reportPods()
	r.checkProfileAgainstBuild()
	return r
}

// adviseOnForm reports what differs in the NetworkPolicy form in addition to that of Cilium.
func adviseOnForm(k *facts, in *agreePass) *advisePass {
	r := &advisePass{pass: pass{facts: k}, flows: in.flows}
	if len(r.tenants) > 0 || len(r.unread) > 0 {
		r.reportAllowIsolates()
		r.reportSharedEgressProxy()
		r.reportWithoutDNS()
	}
	return r
}

// causedByProfile are the checks whose cause is a missing field of the profile, and not the flow
// that shows it.
var causedByProfile = []*report.Check{
	report.WorldAddressesUnknown, report.WorldIPFamilyUnknown, report.EntityWithoutAddress, report.TunnelAddressesUnknown,
	report.EgressProxyMissing, report.EdgeProxyMissing, report.ServiceInGenerator, report.NamespaceLabelsInGenerator,
}

// combineCauses reports each cause once: a missing field of the profile that several flows need, and
// a flow of the profile that is wrong for several tenants. The finding counts the others. It omits a
// warning about a port if that is an error already.
func combineCauses(k *facts, all report.Findings) report.Findings {
	names := k.tenantReplacer()
	first, more := map[string]int{}, map[int]int{}
	var out report.Findings
	for _, f := range all.Sort() {
		if f.Check == report.ServicePortAsPodPort && f.Severity == report.Warning && refusesServicePort(out, f.Resource, f.Field) {
			continue
		}
		key, isOne := "", false
		switch {
		case slices.Contains(causedByProfile, f.Check):
			key, isOne = endpoints.JSONKey([]any{f.Check.Name, f.Severity, f.Message}), true
		case f.Resource == k.profile.Ref && k.isFlowOfProfile(f.Field):
			key, isOne = endpoints.JSONKey([]any{f.Check.Name, f.Severity, f.Field, names.Replace(f.Message)}), true
		}
		if i, known := first[key]; isOne && known {
			more[i]++
			continue
		}
		first[key] = len(out)
		out = append(out, f)
	}
	for i, n := range more {
		what := "more flows"
		if !slices.Contains(causedByProfile, out[i].Check) {
			what = "more Tenants"
		}
		out[i].Message += fmt.Sprintf(" (and %d %s)", n, strings.TrimSuffix(what, plural(n, "s", "")))
	}
	return out
}

func (r *facts) isFlowOfProfile(field string) bool {
	return slices.ContainsFunc([]string{"allTenants", "nodes"}, func(child string) bool {
		return strings.HasPrefix(field, r.profile.Path.Child(child).String())
	})
}

// tenantReplacer replaces the names and namespaces of tenants in messages by one placeholder.
func (r *facts) tenantReplacer() *strings.Replacer {
	var pairs []string
	for _, t := range r.tenants {
		pairs = append(pairs, fmt.Sprintf("Tenant %q", t.Name), "Tenant *")
		for _, ns := range t.Namespaces {
			pairs = append(pairs, fmt.Sprintf("%q", ns), "*", " "+ns+"/", " */", "namespace "+ns+" ", "namespace * ")
		}
	}
	return strings.NewReplacer(pairs...)
}
