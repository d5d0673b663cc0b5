package examples_test

import (
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
	plan := items(t, readMistakes(t, "testdata/mistakes/platform-services.yaml").Cases[0].written())
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
			withPlan := append(slices.Clone(allowOnly), plan...)
			if got := decide(t, withPlan, f); (got == flow.Denied) != (name == "rustfs") {
				t.Errorf("in AllowOnly, with the plan's NetworkPolicy, %s of %s is %s", f, name, got)
			}
		}
	}
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
