package render

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// squidConfig is the key of the proxy's configuration. No tenant has a dot in its name.
const squidConfig = "squid.conf"

// egressNames is the ConfigMap that tells the egress proxy what it may let through: a key
// for each tenant with its names, one a line, and the configuration of a Squid.
func egressNames(f *policy.Fence) *corev1.ConfigMap {
	proxy := f.EgressProxy
	owned := &policy.Policy{Namespace: proxy.Namespace, Name: policy.EgressNamesConfigMap, Family: policy.FQDNEgress}
	if owner := f.Owner(proxy.Namespace); owner != nil {
		owned.Tenant, owned.TenantID = owner.Name, owner.ID
	}
	names := map[string][]string{}
	for _, a := range proxy.Allowed {
		names[a.Tenant] = append(names[a.Tenant], normalizeNames(a.Names)...)
		if !slices.Contains(owned.Reasons, a.Reason) {
			owned.Reasons = append(owned.Reasons, a.Reason)
		}
	}
	slices.SortFunc(owned.Reasons, func(a, b policy.Reason) int { return strings.Compare(a.String(), b.String()) })
	data := map[string]string{squidConfig: squid(f.Name, proxy)}
	for tenant, all := range names {
		data[tenant] = lines(all)
	}
	return &corev1.ConfigMap{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{
			Name: owned.Name, Namespace: owned.Namespace, Labels: objectLabels(f, owned), Annotations: objectAnnotations(owned),
		},
		Data: data,
	}
}

// normalizeNames are names as they are compared, without the dot at their end.
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

// squid is the configuration of a Squid that lets the names through, each on its ports,
// and nothing else. -n keeps it from looking an address up, whose name anybody may make.
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

// namesByPorts are the names that are reached on the same ports, by these as Squid
// writes them.
func namesByPorts(proxy *policy.EgressProxy) map[string][]string {
	out := map[string][]string{}
	for _, a := range proxy.Allowed {
		sorted := slices.Clone(a.Ports)
		slices.SortFunc(sorted, policy.ComparePorts)
		var ports []string
		for _, p := range sorted {
			ports = append(ports, strings.TrimSuffix(p.String(), "/"+string(p.Protocol)))
		}
		key := strings.Join(ports, " ")
		out[key] = append(out[key], normalizeNames(a.Names)...)
	}
	return out
}

// aclNames tells names from patterns, which become regular expressions: Squid's own
// .example.com would match example.com, and any depth.
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

// expression matches what a pattern does: * any part of one label, a leading "**." one
// or more labels.
func expression(pattern string) string {
	const label = "[-a-z0-9_]"
	below, deep := strings.CutPrefix(pattern, "**.")
	out := strings.ReplaceAll(strings.ReplaceAll(below, ".", `\.`), "*", label+"*")
	if deep {
		out = "(" + label + `+\.)+` + out
	}
	return "^" + out + "$"
}
