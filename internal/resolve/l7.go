package resolve

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

func l7Of(http []v1alpha1.HTTPRule, dns []string, tls *v1alpha1.TLS) flow.L7 {
	out := flow.L7{DNS: dns}
	var names []string
	if tls != nil {
		names = tls.ServerNames
	}
	if tls != nil && tls.Terminating != nil && tls.Originating != nil {
		out.Interception = &flow.Interception{Terminating: *tls.Terminating, Originating: *tls.Originating}
	}
	if len(http) == 0 {
		out.ServerNames = names
	}
	for _, r := range http {
		out.HTTP = append(out.HTTP, flow.HTTPRule{Method: r.Method, Path: r.Path, Host: r.Host, Headers: slices.Sorted(slices.Values(r.Headers)), ServerNames: names})
	}
	return out
}

// checkL7 compares the L7 rules of a flow with the limits, and with its peers and ports.
func (r *resolver) checkL7(f *declaredFlow) {
	if len(f.l7.HTTP) > 0 {
		r.checkL7Limit(f, v1alpha1.L7HTTP, f.path.Child("http"))
		r.refuseHTTPOnTLS(f)
	}
	r.checkTLS(f)
	if len(f.l7.DNS) == 0 {
		return
	}
	at := f.path.Child("dns")
	r.checkL7Limit(f, v1alpha1.L7DNS, at)
	for i, name := range f.l7.DNS {
		r.checkQueriedName(f, name, fmt.Sprintf("name %q", name), at.Index(i))
	}
	for _, e := range f.resolvedPeers {
		if e.peer.Kind == policy.FQDNs {
			r.refuse(report.DNSOnFQDNPeer, f.ref, e.path, "the peer is the name %q, and dns rules need a DNS server as peer: use the cidrs of the server, or remove dns", e.peer.FQDNs[0])
		}
	}
}

func (r *resolver) checkL7Limit(f *declaredFlow, kind v1alpha1.L7Kind, at *field.Path) {
	if !slices.Contains(f.limits().L7, kind) {
		r.withinLimits(f, report.L7OutsideLimits, at, string(kind), "l7")
	}
}

// refuseHTTPOnTLS refuses http on a port, by name or behind a Service, that uses TLS: the proxy
// cannot inspect it.
func (r *resolver) refuseHTTPOnTLS(f *declaredFlow) {
	if f.l7.Interception != nil {
		return
	}
	refuse := func(ports []flow.Port, to policy.Peer, at *field.Path) {
		for _, p := range r.resolvePortNames(ports, to) {
			if isTLSPort(p) {
				r.refuse(report.HTTPOnTLSPort, f.ref, at, "is port %s, which uses TLS, and the proxy cannot inspect its requests: %s", p, v1alpha1.TLSPortHint)
			}
		}
	}
	if f.direction == flow.Ingress {
		for _, own := range f.own {
			refuse(f.ports, own, f.path.Child("ports"))
		}
		return
	}
	for _, e := range f.resolvedPeers {
		at := f.path.Child("ports")
		if e.ports != nil {
			at = e.path
		}
		refuse(f.portsOf(e), e.peer, at)
	}
}

func isTLSPort(p flow.Port) bool {
	written := v1alpha1.Port{Port: intstr.FromInt32(p.Port), EndPort: p.End}
	if p.Name != "" {
		written.Port = intstr.FromString(p.Name)
	}
	return written.IsTLSPort()
}

// commonL7 are the L7 rules that two flows both allow. A flow without L7 rules allows everything.
func commonL7(a, b flow.L7) (flow.L7, bool) {
	switch {
	case a.Unrestricted():
		return b, true
	case b.Unrestricted():
		return a, true
	}
	out := flow.L7{HTTP: common(a.HTTP, b.HTTP, flow.HTTPRule.Equal), DNS: common(a.DNS, b.DNS, func(x, y string) bool { return x == y })}
	return out, !out.Unrestricted()
}

func common[T any](a, b []T, equal func(T, T) bool) []T {
	var out []T
	for _, v := range a {
		if slices.ContainsFunc(b, func(w T) bool { return equal(v, w) }) {
			out = append(out, v)
		}
	}
	return out
}

// coversL7 reports whether grants allow every L7 rule of a flow: covers receives, for each rule, the
// grants that allow it.
func coversL7(l7 flow.L7, agreed []policy.Grant, covers func([]policy.Grant) bool) bool {
	parts := []flow.L7{l7}
	if len(l7.HTTP) > 0 {
		parts = nil
		for _, rule := range l7.HTTP {
			parts = append(parts, flow.L7{HTTP: []flow.HTTPRule{rule}})
		}
	}
	for _, part := range parts {
		uncovered := func(g policy.Grant) bool {
			common, ok := commonL7(part, g.L7)
			return !ok || endpoints.JSONKey(common) != endpoints.JSONKey(part)
		}
		if !covers(slices.DeleteFunc(slices.Clone(agreed), uncovered)) {
			return false
		}
	}
	return true
}

// httpYAML are HTTP rules as a Tenant would write them.
func httpYAML(rules []flow.HTTPRule) string {
	var list []string
	for _, r := range rules {
		var fields []string
		if r.Method != "" {
			fields = append(fields, "method: "+r.Method)
		}
		if r.Path != "" {
			fields = append(fields, fmt.Sprintf("path: %q", r.Path))
		}
		if r.Host != "" {
			fields = append(fields, fmt.Sprintf("host: %q", r.Host))
		}
		if len(r.Headers) > 0 {
			fields = append(fields, "headers: ["+quoteAll(r.Headers)+"]")
		}
		list = append(list, "{"+strings.Join(fields, ", ")+"}")
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// reportEarlyL7 warns that L7 rules take effect before the last stage.
func (r *resolver) reportEarlyL7() {
	if !r.supports(cilium.AdditivePolicies) || r.supports(cilium.WildcardL7) {
		return
	}
	var reasons []string
	for _, g := range r.fence.Grants {
		if !r.deniesEarly(g) {
			continue
		}
		for _, d := range []*policy.Declaration{g.Source, g.Destination} {
			if d != nil {
				reasons = append(reasons, d.Reason.String())
			}
		}
	}
	if len(reasons) > 0 {
		slices.Sort(reasons)
		r.warn(report.L7DeniesEarly, r.profile.Ref, r.profile.Path.Child("cluster", "ciliumVersion"),
			"before Cilium %s, the stage Allow already denies what http, dns and tls do not allow on the ports of these flows of tenants and nodes in Enforce (%s): keep the tenants and nodes in AllowOnly until the rules are complete",
			cilium.WildcardL7.Introduced(), strings.Join(slices.Compact(reasons), ", "))
	}
}

// deniesEarly reports whether the egress or ingress side of a grant has L7 rules and is enforced.
func (r *resolver) deniesEarly(g policy.Grant) bool {
	// The baseline allows other names to tenants, and none to nodes.
	names := g.To.Kind == policy.FQDNs && g.From.Kind == policy.Nodes
	return (names || !g.L7.Unrestricted()) && r.fence.IsEnforced(g.From) || len(g.L7.HTTP) > 0 && r.fence.IsEnforced(g.To)
}
