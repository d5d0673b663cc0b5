package fn_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

const (
	coreDNS = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: coredns, namespace: kube-system}
spec: {template: {metadata: {labels: {k8s-app: %s}}, spec: {hostNetwork: %t, containers: [{name: dns, ports: [{name: dns, containerPort: %d, protocol: UDP}, {name: dns-tcp, containerPort: %[3]d}]}]}}}
`
	dnsBefore = `
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system}
spec: {clusterIP: 10.96.0.10, selector: {k8s-app: %s}, ports: [{name: dns, port: 53, protocol: UDP, targetPort: %s}]}
`
	nodeCache = `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: node-local-dns, namespace: kube-system}
spec: {template: {metadata: {labels: {k8s-app: node-local-dns}}, spec: {hostNetwork: true, containers: [{name: cache, ports: [{containerPort: %d, protocol: UDP}]}]}}}
`
	redirect = `
apiVersion: cilium.io/v2
kind: CiliumLocalRedirectPolicy
metadata: {name: dns, namespace: kube-system}
spec:
  redirectFrontend: {%s}
  redirectBackend: {localEndpointSelector: {matchLabels: {k8s-app: %s}}, toPorts: [{name: dns, port: "%d", protocol: UDP}]}
`
	byService = `serviceMatcher: {serviceName: kube-dns, namespace: kube-system}`
	byAddress = `addressMatcher: {ip: 10.96.0.10, toPorts: [{name: dns, port: "53", protocol: UDP}]}`
	otherPort = `serviceMatcher: {serviceName: kube-dns, namespace: kube-system, toPorts: [{name: dns, port: "9153", protocol: UDP}]}`

	prometheus = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: prometheus, namespace: observability}
spec: {template: {metadata: {labels: {app: prometheus}}, spec: {hostNetwork: %t, containers: [{name: prometheus}]}}}
`
	exporter = `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: exporter, namespace: observability}
spec: {template: {metadata: {labels: {app: exporter}}, spec: {hostNetwork: true, containers: [{name: exporter}]}}}
`
)

// TestBaselineAgainstTheBuild: what the baseline states is held against the pods, Services
// and redirects of the build, and a finding states what to write.
func TestBaselineAgainstTheBuild(t *testing.T) {
	t.Parallel()
	f := fmt.Sprintf
	for name, c := range map[string]struct {
		baseline string
		build    []string
		check    string // Omitted: none of these.
		message  string
	}{
		"as usual":                        {"", []string{f(coreDNS, "kube-dns", false, 53), f(dnsBefore, "kube-dns", "dns")}, "", ""},
		"nothing there":                   {"", nil, "", ""},
		"another port behind the Service": {"", []string{f(coreDNS, "kube-dns", false, 1053), f(dnsBefore, "kube-dns", "dns")}, report.DNSPortMismatch.Name, "set baseline.dns.port: 1053"},
		"another port, by number":         {"", []string{f(coreDNS, "kube-dns", false, 1053), f(dnsBefore, "kube-dns", "1053")}, report.DNSPortMismatch.Name, "set baseline.dns.port: 1053"},
		"another port, without pods":      {"", []string{f(dnsBefore, "kube-dns", "1053")}, report.DNSPortMismatch.Name, "set baseline.dns.port: 1053"},
		"another port, without a Service": {"", []string{f(coreDNS, "kube-dns", false, 1053)}, report.DNSPortMismatch.Name, "set baseline.dns.port: 1053"},
		"another port, as stated":         {"dns: {port: 1053}", []string{f(coreDNS, "kube-dns", false, 1053), f(dnsBefore, "kube-dns", "dns")}, "", ""},
		"the usual port, otherwise":       {"dns: {port: 1053}", []string{f(coreDNS, "kube-dns", false, 53), f(dnsBefore, "kube-dns", "dns")}, report.DNSPortMismatch.Name, "set baseline.dns.port: 53"},
		"on hostNetwork":                  {"", []string{f(coreDNS, "kube-dns", true, 53)}, report.DNSPodsOnHostNetwork.Name, "set baseline.dns.hostNetwork: true"},
		"on hostNetwork, as stated":       {"dns: {hostNetwork: true}", []string{f(coreDNS, "kube-dns", true, 53), f(dnsBefore, "kube-dns", "dns")}, "", ""},
		"hostNetwork that is not needed":  {"dns: {hostNetwork: true}", []string{f(coreDNS, "kube-dns", false, 53)}, report.DNSHostNetworkUnneeded.Name, "remove it"},
		"other pods behind the Service":   {"", []string{f(coreDNS, "coredns", false, 53), f(dnsBefore, "coredns", "dns")}, report.DNSPodsNotSelected.Name, `set baseline.dns.pods: {matchLabels: {k8s-app: "coredns"}}`},
		"other pods, not in the build":    {"", []string{f(dnsBefore, "coredns", "dns")}, report.DNSPodsNotSelected.Name, `set baseline.dns.pods: {matchLabels: {k8s-app: "coredns"}}`},
		"a cache on the nodes":            {"", []string{f(nodeCache, 53)}, report.DNSNodeLocalMissing.Name, "set baseline.dns.nodeLocal: true"},
		"a cache, as stated":              {"dns: {nodeLocal: true}", []string{f(nodeCache, 53)}, "", ""},
		"a cache on another port":         {"dns: {nodeLocal: true, port: 1053}", []string{f(nodeCache, 53)}, report.DNSPortMismatch.Name, "have both listen on one port"},
		"a redirect":                      {"", []string{f(redirect, byService, "node-local-dns", 53)}, report.DNSRedirectNotSelected.Name, "set baseline.dns.nodeLocal: true"},
		"a redirect of its address":       {"", []string{f(dnsBefore, "kube-dns", "dns"), f(redirect, byAddress, "node-local-dns", 53)}, report.DNSRedirectNotSelected.Name, "set baseline.dns.nodeLocal: true"},
		"a redirect of other ports":       {"", []string{f(redirect, otherPort, "node-local-dns", 53)}, "", ""},
		"a redirect, as stated":           {"dns: {nodeLocal: true}", []string{f(redirect, byService, "node-local-dns", 53)}, "", ""},
		"a redirect to other pods":        {"dns: {nodeLocal: true}", []string{f(redirect, byService, "cache", 53)}, report.DNSRedirectNotSelected.Name, "baseline.dns.namespace and pods"},
		"a redirect to those of the DNS":  {"", []string{f(redirect, byService, "kube-dns", 53)}, "", ""},
		"a redirect to another port":      {"dns: {nodeLocal: true}", []string{f(redirect, byService, "node-local-dns", 1053)}, report.DNSPortMismatch.Name, "set baseline.dns.port: 1053"},
		"monitoring on hostNetwork":       {"monitoring: {namespace: observability, pods: {matchLabels: {app: prometheus}}, ports: [{port: 9090}]}", []string{f(prometheus, true), exporter}, report.MonitoringPodsOnHostNetwork.Name, "from: [{entities: [host, remote-node]}]"},
		"monitoring and hostNetwork pods": {"monitoring: {namespace: observability, ports: [{port: 9090}]}", []string{f(prometheus, false), exporter}, report.MonitoringPodsOnHostNetwork.Name, "list the pods that scrape"},
		"monitoring pods alone":           {"monitoring: {namespace: observability, pods: {matchLabels: {app: prometheus}}, ports: [{port: metrics}]}", []string{f(prometheus, false), exporter}, "", ""},
		"a port name without a container": {"monitoring: {namespace: observability, ports: [{port: metrix}]}", []string{f(prometheus, false)}, report.MonitoringPortUnknown.Name, "correct the name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			messages := baselineMessages(t, c.baseline, c.build)
			for line := range strings.Lines(messages) {
				ours := strings.Contains(line, "[dns-") && !strings.Contains(line, "[dns-names-unrestricted]") || strings.Contains(line, "[monitoring-po")
				expected := c.check != "" && strings.Contains(line, "["+c.check+"]") && strings.Contains(line, c.message)
				if ours && !expected {
					t.Errorf("unexpected: %s", line)
				}
			}
			if c.check != "" && strings.Count(messages, "["+c.check+"]") != 1 {
				t.Errorf("want one finding %s:\n%s", c.check, messages)
			}
		})
	}
}

func baselineMessages(t *testing.T, baseline string, build []string) string {
	t.Helper()
	config := yaml.MustParse("{apiVersion: tenantfence.dev/v1alpha1, kind: TenantFence, metadata: {name: platform}, spec: {proof: None}}")
	items := []*yaml.RNode{
		yaml.MustParse("{apiVersion: tenantfence.dev/v1alpha1, kind: FenceProfile, metadata: {name: platform}, spec: {cluster: {cni: Cilium, ciliumVersion: \"1.19\"}, enforcement: Enforce, baseline: {" + baseline + "}}}"),
		yaml.MustParse("{apiVersion: tenantfence.dev/v1alpha1, kind: Tenant, metadata: {name: acme}}"),
		yaml.MustParse("{apiVersion: v1, kind: Namespace, metadata: {name: tenant-acme}}"),
		yaml.MustParse("{apiVersion: v1, kind: Pod, metadata: {name: app, namespace: tenant-acme, labels: {app: app}}, spec: {containers: [{name: app, ports: [{name: metrics, containerPort: 9090}]}]}}"),
	}
	for _, b := range build {
		items = append(items, yaml.MustParse(b))
	}
	_, messages, _ := process(t, config, items)
	return messages
}
