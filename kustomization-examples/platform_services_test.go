package examples_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// plansNetworkPolicy is the NetworkPolicy that the plan has for RustFS, in addition to its
// CiliumNetworkPolicy.
const plansNetworkPolicy = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: rustfs, namespace: storage}
spec:
  podSelector: {matchLabels: {app.kubernetes.io/name: rustfs}}
  policyTypes: [Ingress, Egress]
  ingress:
  - from:
    - {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}
    - {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: cache}}}
    - {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: identity}}}
    - {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ai-system}}}
    - {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: network}}}
    - {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: storage}}}
    ports: [{port: 9000, protocol: TCP}, {port: 9001, protocol: TCP}]
  egress:
  - to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}]
    ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
`

// TestFlowsDependOnDeployedConsumers builds the platform without some parts. Findings report the
// inactive flows, and no other policy changes.
func TestFlowsDependOnDeployedConsumers(t *testing.T) {
	t.Parallel()
	all := policyNames(buildExample(t, "platform-services/full").items)
	for desc, c := range map[string]struct {
		without, inactive, removed []string
	}{
		"all parts": {},
		"no monitoring": {
			without:  []string{"../consumers/monitoring"},
			inactive: []string{"hubble-relay metrics", "rustfs loki", "rustfs metrics", "rustfs otlp"},
			removed:  []string{"egress-otlp.rustfs", "ingress-loki.rustfs", "ingress-metrics.hubble-relay", "ingress-metrics.rustfs"},
		},
		"no Dragonfly": {
			without:  []string{"../consumers/dragonfly"},
			inactive: []string{"rustfs dragonfly"},
			removed:  []string{"ingress-dragonfly.rustfs"},
		},
		"no Keycloak": {
			without:  []string{"../consumers/keycloak"},
			inactive: []string{"rustfs keycloak-backups", "rustfs keycloak-embedded-backups"},
			removed:  []string{"ingress-keycloak-backups.rustfs", "ingress-keycloak-embedded-backups.rustfs"},
		},
		"no LiteLLM": {
			without:  []string{"../consumers/litellm"},
			inactive: []string{"rustfs litellm-backups"},
			removed:  []string{"ingress-litellm-backups.rustfs"},
		},
		"no Langfuse": {
			without:  []string{"../consumers/langfuse"},
			inactive: []string{"rustfs langfuse", "rustfs langfuse-backups"},
			removed:  []string{"ingress-langfuse-backups.rustfs", "ingress-langfuse.rustfs"},
		},
		"no Hubble": {
			without: []string{"../hubble"},
			removed: slices.DeleteFunc(slices.Clone(all), func(name string) bool { return strings.HasSuffix(name, ".rustfs") }),
		},
		"no RustFS": {
			without:  []string{"../rustfs", "../consumers/monitoring", "../consumers/dragonfly", "../consumers/keycloak", "../consumers/litellm", "../consumers/langfuse"},
			inactive: []string{"hubble-relay metrics"},
			removed: append(slices.DeleteFunc(slices.Clone(all), func(name string) bool { return !strings.HasSuffix(name, ".rustfs") }),
				"ingress-metrics.hubble-relay"),
		},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			dir := copyExample(t, "platform-services")
			kustomization := filepath.Join(dir, "everything", "kustomization.yaml")
			for _, part := range append(c.without, "flows.yaml") {
				edit(t, kustomization, "- "+part+"\n", "")
			}
			built := buildExample(t, filepath.Join(dir, "full"))
			if diff := cmp.Diff(c.inactive, inactiveFlows(t, built.findings)); diff != "" {
				t.Errorf("the inactive flows differ (-want +got):\n%s", diff)
			}
			remaining := slices.DeleteFunc(slices.Clone(all), func(name string) bool { return slices.Contains(c.removed, name) })
			if diff := cmp.Diff(remaining, policyNames(built.items)); diff != "" {
				t.Errorf("the remaining policies differ (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSmallReportsInactiveFlows checks the inactive flows. The flow of a deployed consumer without
// backups is removed, so no finding reports it.
func TestSmallReportsInactiveFlows(t *testing.T) {
	t.Parallel()
	built := buildExample(t, "platform-services/small")
	want := []string{"hubble-relay metrics", "rustfs dragonfly", "rustfs langfuse", "rustfs langfuse-backups", "rustfs loki", "rustfs metrics", "rustfs otlp"}
	if diff := cmp.Diff(want, inactiveFlows(t, built.findings)); diff != "" {
		t.Errorf("the inactive flows differ (-want +got):\n%s", diff)
	}
	if slices.Contains(policyNames(built.items), "ingress-litellm-backups.rustfs") {
		t.Error("a policy allows LiteLLM's database")
	}
}

// TestPlatformInAllowOnlyDeniesNothing decides by the unmodified policies. The proof decides as if
// they were enforced. The plan's NetworkPolicy isolates pods even in AllowOnly.
func TestPlatformInAllowOnlyDeniesNothing(t *testing.T) {
	t.Parallel()
	allowOnly, full := buildExample(t, "platform-services/allow-only").items, buildExample(t, "platform-services/full").items
	pods := map[string]endpoints.Endpoint{
		"hubble-ui":    podWith("kube-system", "k8s-app", "hubble-ui"),
		"hubble-relay": podWith("kube-system", "k8s-app", "hubble-relay"),
		"rustfs":       podWith("storage", "app.kubernetes.io/name", "rustfs"),
	}
	unknown := podWith("default", "app", "unknown")
	for name, pod := range pods {
		for _, f := range []flow.Flow{{From: unknown, To: pod, Port: 9000}, {From: pod, To: unknown, Port: 9000}} {
			if got := decide(t, allowOnly, f); got != flow.Allowed {
				t.Errorf("in AllowOnly, %s of %s is %s", f, name, got)
			}
			if got := decide(t, full, f); got != flow.Denied {
				t.Errorf("in Enforce, %s of %s is %s", f, name, got)
			}
			withPlan := append(slices.Clone(allowOnly), yaml.MustParse(plansNetworkPolicy))
			if got := decide(t, withPlan, f); (got == flow.Denied) != (name == "rustfs") {
				t.Errorf("in AllowOnly, with the plan's NetworkPolicy, %s of %s is %s", f, name, got)
			}
		}
	}
}

// TestNetworkPolicyOfThePlanIsRefused adds the plan's NetworkPolicy. Cilium allows what one of
// the policies allows, so whole namespaces would reach the S3 API and the console.
func TestNetworkPolicyOfThePlanIsRefused(t *testing.T) {
	t.Parallel()
	dir := copyExample(t, "platform-services")
	edit(t, filepath.Join(dir, "rustfs", "kustomization.yaml"), "- flows.yaml", "- flows.yaml\n- networkpolicy.yaml")
	if err := os.WriteFile(filepath.Join(dir, "rustfs", "networkpolicy.yaml"), []byte(plansNetworkPolicy), 0o600); err != nil {
		t.Fatal(err)
	}
	expectFindings(t, refused(t, filepath.Join(dir, "full")), [][2]string{
		{report.UndeclaredOpen.Name, "NetworkPolicy/rustfs: allows network/Deployment/envoy-internal (and 24 more) to reach storage/Deployment/rustfs (and 1 more) on ports 9000-9001/TCP"},
		{report.UndeclaredOpen.Name, "\nnetwork/Deployment/envoy-internal -> storage/Deployment/rustfs"},
		{report.UndeclaredOpen.Name, "NetworkPolicy/rustfs: allows storage/Deployment/rustfs (and 1 more) to reach kube-system/Deployment/metrics-server (and 3 more) on port 53/TCP, port 53/UDP"},
		{report.FlowTestFailed.Name, `"Grafana reaches the S3 API"`},
		{report.FlowTestFailed.Name, `"Grafana reaches the console"`},
		{report.FlowTestFailed.Name, `"the gateway reaches the S3 API"`},
		{report.FlowTestFailed.Name, `"any other pod of storage reaches RustFS"`},
	})
}

// TestRelayNeedsAllNodes sets the plan's single entity host. The build fails on a FlowTest, and
// the NetworkPolicies, which select nodes by address, allow more.
func TestRelayNeedsAllNodes(t *testing.T) {
	t.Parallel()
	dir := copyExample(t, "platform-services")
	edit(t, filepath.Join(dir, "hubble", "tenants.yaml"), "[host, remote-node]", "[host]")
	expectFindings(t, refused(t, filepath.Join(dir, "both")), [][2]string{
		{report.FlowTestFailed.Name, `"the relay queries the agents of all other nodes"`},
		{report.FormsDiffer.Name, "the NetworkPolicies also allow kube-system/Deployment/hubble-relay to reach remote-node (and 1 more) on port 4244/TCP"},
	})
}

// TestBothFormsOfThePlatformAgree checks that every policy has a NetworkPolicy, with which
// another enforcer allows the same traffic.
func TestBothFormsOfThePlatformAgree(t *testing.T) {
	t.Parallel()
	built := buildExample(t, "platform-services/both")
	expectFindings(t, built.findings, [][2]string{{report.FormsEqual.Name, "allow the same"}})
	for _, f := range built.findings {
		if f.Check == report.NotInNetworkPolicyForm {
			t.Errorf("the forms differ: %s", f.Message)
		}
	}
	names := map[string][]string{}
	for _, n := range built.items {
		names[n.GetKind()] = append(names[n.GetKind()], n.GetNamespace()+"/"+n.GetName())
	}
	if diff := cmp.Diff(names[resource.KindCilium], names[resource.KindKubernetes]); diff != "" || len(names[resource.KindCilium]) == 0 {
		t.Errorf("the policies of the two forms differ:\n%s", diff)
	}
}

var inactiveFlow = regexp.MustCompile(`the optional flow "(.*)" of Tenant "(.*)" is inactive`)

// inactiveFlows returns the tenants and flows that findings report as inactive.
func inactiveFlows(t *testing.T, findings report.Findings) []string {
	t.Helper()
	var out []string
	for _, f := range findings {
		if f.Check != report.OptionalFlowInactive {
			continue
		}
		m := inactiveFlow.FindStringSubmatch(f.Message)
		if m == nil {
			t.Fatalf("the message names no flow: %s", f.Message)
		}
		out = append(out, m[2]+" "+m[1])
	}
	slices.Sort(out)
	return out
}

func policyNames(items []*yaml.RNode) []string {
	var out []string
	for _, n := range items {
		if n.GetKind() == resource.KindCilium {
			out = append(out, n.GetName())
		}
	}
	slices.Sort(out)
	return out
}
