package lint_test

import (
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/report"
)

const generatedPolicy = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: egress-api
  namespace: acme
  labels: {tenantfence.dev/fence: mine, tenantfence.dev/tenant: acme, tenantfence.dev/stage: Allow}
  annotations: {tenantfence.dev/namespace: acme, tenantfence.dev/for: "Tenant/acme spec.egress[api]"}
spec: {endpointSelector: {matchLabels: {app: web}}}
`

func TestRenamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		replace []string
		want    string
	}{
		"an unchanged policy":                       {nil, ""},
		"a name with a suffix":                      {[]string{"name: egress-api", "name: egress-api-v2"}, "egress-api is acme/egress-api-v2"},
		"a name with a prefix in another namespace": {[]string{"name: egress-api", "name: pre-egress-api", "namespace: acme\n", "namespace: other\n"}, "egress-api is other/pre-egress-api"},
		"a new name and more labels":                {[]string{"name: egress-api", "name: api", "labels: {", "labels: {team: a, "}, "egress-api is acme/api"},
		"another namespace only":                    {[]string{"namespace: acme\n", "namespace: other\n"}, ""},
		"a new name and another spec":               {[]string{"name: egress-api", "name: api", "app: web", "app: db"}, ""},
		"a new name and another field":              {[]string{"name: egress-api", "name: api", "egress[api]", "egress[db]"}, ""},
		"a new name and another fence":              {[]string{"name: egress-api", "name: api", "fence: mine", "fence: theirs"}, ""},
		"a copy without the label of the fence":     {[]string{"name: egress-api", "name: api", "tenantfence.dev/fence: mine, ", ""}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			finished := []*yaml.RNode{yaml.MustParse(strings.NewReplacer(c.replace...).Replace(generatedPolicy))}
			renames := lint.Renamed([]*yaml.RNode{yaml.MustParse(generatedPolicy)}, finished)
			findings := lint.RefuseRenamed(report.Ref{Kind: "TenantFence", Name: "mine"}, renames)
			if len(findings) != min(len(c.want), 1) || len(findings) == 1 && !strings.Contains(findings[0].Message, c.want) {
				t.Errorf("got %v, want %q", findings, c.want)
			}
		})
	}
}

// TestCopyIsNotRenamed checks that a policy is not renamed if it also exists under its own name.
func TestCopyIsNotRenamed(t *testing.T) {
	t.Parallel()
	copied := yaml.MustParse(strings.Replace(generatedPolicy, "name: egress-api", "name: api", 1))
	if got := lint.Renamed([]*yaml.RNode{yaml.MustParse(generatedPolicy)}, []*yaml.RNode{yaml.MustParse(generatedPolicy), copied}); len(got) > 0 {
		t.Error(got)
	}
}

// TestLayersAboveRefusesAddedPolicies checks policies of other layers with the label of the fence.
func TestLayersAboveRefusesAddedPolicies(t *testing.T) {
	t.Parallel()
	generated := []*yaml.RNode{yaml.MustParse(generatedPolicy)}
	added := strings.NewReplacer("name: egress-api", "name: open", "app: web", "app: db").Replace(generatedPolicy)
	if got := lint.LayersAbove(generated, append(generated, yaml.MustParse(added))); len(got) != 1 || got[0].Check != report.PolicyUnexpected || !strings.Contains(got[0].Message, "CiliumNetworkPolicy/open") {
		t.Error(got)
	}
	if got := lint.LayersAbove(generated, append(generated, yaml.MustParse(strings.Replace(added, "fence: mine", "fence: theirs", 1)))); len(got) > 0 {
		t.Error(got)
	}
}

// TestLayersAboveReportsOneErrorPerFence checks that renamed policies are not reported again.
func TestLayersAboveReportsOneErrorPerFence(t *testing.T) {
	t.Parallel()
	var generated, finished []*yaml.RNode
	for _, name := range []string{"a", "b", "c", "d"} {
		text := strings.NewReplacer("egress-api", name, "app: web", "app: "+name).Replace(generatedPolicy)
		generated = append(generated, yaml.MustParse(text))
		finished = append(finished, yaml.MustParse(strings.NewReplacer("name: "+name, "name: pre-"+name, "namespace: acme\n", "namespace: other\n").Replace(text)))
	}
	got := lint.LayersAbove(generated, finished)
	if len(got) != 1 || !strings.Contains(got[0].Message, "acme/c is other/pre-c; and 1 more") {
		t.Error(got)
	}
}

// TestLayersAboveRefusesRemovedAndChangedPolicies checks which changes of a policy are errors.
func TestLayersAboveRefusesRemovedAndChangedPolicies(t *testing.T) {
	t.Parallel()
	generated := []*yaml.RNode{yaml.MustParse(generatedPolicy)}
	for name, c := range map[string]struct {
		replace []string
		want    string
	}{
		"an unchanged policy":                 {nil, ""},
		"more labels":                         {[]string{"labels: {", "labels: {app.kubernetes.io/managed-by: flux, ", "annotations: {", "annotations: {a: b, "}, ""},
		"another spec":                        {[]string{"app: web", "app: db"}, report.PolicyChanged.Name},
		"another fence":                       {[]string{"fence: mine", "fence: theirs"}, report.PolicyChanged.Name},
		"another namespace in the annotation": {[]string{"namespace: acme,", "namespace: other,"}, report.PolicyChanged.Name},
		"another tenant":                      {[]string{"tenant: acme", "tenant: beta"}, report.PolicyChanged.Name},
		"another namespace":                   {[]string{"namespace: acme\n", "namespace: other\n"}, report.PolicyMoved.Name},
		"a replaced policy":                   {[]string{"name: egress-api", "name: api", "app: web", "app: db", "fence: mine", "fence: theirs"}, report.PolicyMissing.Name},
	} {
		got := lint.LayersAbove(generated, []*yaml.RNode{yaml.MustParse(strings.NewReplacer(c.replace...).Replace(generatedPolicy))})
		if len(got) != min(len(c.want), 1) || len(got) == 1 && got[0].Check.Name != c.want {
			t.Errorf("%s: %v, want %q", name, got, c.want)
		}
	}
	if got := lint.LayersAbove(generated, nil); len(got) != 1 || got[0].Check != report.PolicyMissing || got[0].Resource.Name != "mine" {
		t.Error(got)
	}
}
