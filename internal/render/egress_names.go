package render

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// squidConfig is the key of the proxy's configuration. The keys of tenants have no dot.
const squidConfig = "squid.conf"

// egressNamesPolicy returns the name and the owner of the ConfigMap of the egress proxy, and what declares it.
func egressNamesPolicy(f *policy.Fence) *policy.Policy {
	proxy := f.EgressProxy
	owned := &policy.Policy{Namespace: proxy.Namespace, Name: policy.EgressNamesConfigMap, Family: policy.FQDNEgress}
	if owners := f.TenantsIn(proxy.Namespace); len(owners) == 1 {
		owned.Owner = owners[0]
	}
	for _, a := range proxy.Allowed {
		if !slices.Contains(owned.Reasons, a.Reason) {
			owned.Reasons = append(owned.Reasons, a.Reason)
		}
	}
	slices.SortFunc(owned.Reasons, func(a, b report.Reason) int { return strings.Compare(a.String(), b.String()) })
	return owned
}

// egressNames returns the ConfigMap with the names that the egress proxy allows. It has a key for
// each tenant, with one name on each line, and a Squid configuration.
func egressNames(f *policy.Fence, m metav1.ObjectMeta) *corev1.ConfigMap {
	names := map[string][]string{}
	for _, a := range f.EgressProxy.Allowed {
		names[a.Tenant] = append(names[a.Tenant], normalizeNames(a.Names)...)
	}
	data := map[string]string{squidConfig: squid(f.Name, f.EgressProxy)}
	for tenant, all := range names {
		data[tenant] = lines(all)
	}
	return &corev1.ConfigMap{
		TypeMeta:   configMap,
		ObjectMeta: m,
		Data:       data,
	}
}

// normalizeNames returns sorted names in lower case, without a trailing dot.
func normalizeNames(names []string) []string {
	var out []string
	for _, n := range names {
		out = append(out, strings.TrimSuffix(strings.ToLower(n), "."))
	}
	return out
}

func lines(names []string) string {
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(names))), "\n") + "\n"
}

// squid returns a Squid configuration that allows exactly the names, each on its ports. -n disables
// reverse lookups of addresses, because their owners choose the result.
func squid(fence string, proxy *policy.EgressProxy) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# What the tenants of fence %s may reach by name. Written by tenantfence: changes are lost.\n", fence)
	fmt.Fprintf(&b, "http_port %d\ncache deny all\n", proxy.Port)
	fmt.Fprintf(&b, "# Whatever a name resolves to, nothing leads into the cluster or to the proxy's own node.\nacl inside dst %s\n", strings.Join(proxy.ClusterCIDRs, " "))
	byPorts := namesByPorts(proxy)
	for i, ports := range slices.Sorted(maps.Keys(byPorts)) {
		fmt.Fprintf(&b, "acl ports%d port %s\n", i, ports)
		exact, patterns := aclNames(byPorts[ports])
		for kind, acl := range []string{"names", "patterns"} {
			values := [][]string{exact, patterns}[kind]
			if len(values) == 0 {
				continue
			}
			for _, v := range values {
				fmt.Fprintf(&b, "acl %s%d %s %s\n", acl, i, [...]string{"dstdomain -n", "dstdom_regex -n -i"}[kind], v)
			}
			fmt.Fprintf(&b, "http_access allow ports%d %s%d !inside\n", i, acl, i)
		}
	}
	b.WriteString("http_access deny all\n")
	return b.String()
}

// namesByPorts groups names by their ports, in Squid's notation.
func namesByPorts(proxy *policy.EgressProxy) map[string][]string {
	out := map[string][]string{}
	for _, a := range proxy.Allowed {
		sorted := slices.Clone(a.Ports)
		slices.SortFunc(sorted, flow.ComparePorts)
		var ports []string
		for _, p := range sorted {
			ports = append(ports, strings.TrimSuffix(p.String(), "/"+string(p.Protocol)))
		}
		key := strings.Join(ports, " ")
		out[key] = append(out[key], normalizeNames(a.Names)...)
	}
	return out
}

// aclNames separates names from patterns. Patterns become regular expressions, because Squid's own
// .example.com also matches example.com and any depth.
func aclNames(all []string) (exact, patterns []string) {
	for _, n := range slices.Compact(slices.Sorted(slices.Values(all))) {
		if strings.Contains(n, "*") {
			patterns = append(patterns, expression(n))
		} else {
			exact = append(exact, n)
		}
	}
	return exact, patterns
}

// expression returns a regular expression for a pattern: * matches any part of one label, a leading
// "**." one or more labels.
func expression(pattern string) string {
	const label = "[-a-z0-9_]"
	below, deep := strings.CutPrefix(pattern, "**.")
	out := strings.ReplaceAll(strings.ReplaceAll(below, ".", `\.`), "*", label+"*")
	if deep {
		out = "(" + label + `+\.)+` + out
	}
	return "^" + out + "$"
}
