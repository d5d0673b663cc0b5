package fn_test

import (
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// A hand-written policy that allows access to pods of a tenant is reported, with known Tenants and by labels.
// Access to pods of no tenant is not reported.
func TestUndeclaredAccessInSharedNamespaces(t *testing.T) {
	t.Parallel()
	config, items := readCase(t, filepath.Join(testdata, "generated", "shared-namespace"))
	out, messages, err := process(t, config, items)
	if err != nil {
		t.Fatalf("%v\n%s", err, messages)
	}
	var finished []*yaml.RNode
	for _, n := range out {
		if resource.Group(n) != v1alpha1.Group {
			finished = append(finished, n)
		}
	}
	for desc, c := range map[string]struct {
		app, found string
	}{
		"a tenant's pods":          {"store", `of Tenant "acme"`},
		"those of another":         {"kube-dns-of-mine, tenant: names", `of Tenant "names"`},
		"pods of no tenant":        {"proxy", ""},
		"future pods of no tenant": {"new", ""},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			intruder := yaml.MustParse("{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: open, namespace: kube-system}, spec: {endpointSelector: {matchLabels: {app: " + c.app + "}}, enableDefaultDeny: {ingress: false, egress: false}, ingress: [{fromEntities: [world]}]}}")
			for how, runs := range map[string][]proof.Run{"Tenants": {{Config: config, Items: items}}, "labels": nil} {
				result, err := proof.Verify(proof.Verification{Items: append(copied(finished), intruder), Runs: runs})
				if err != nil || runs != nil && result.Passed() != (c.found == "") || runs == nil && result.Outcome() != report.NothingToVerify {
					t.Errorf("by %s: %v\n%v", how, err, result.Findings)
				}
				text := ""
				for _, f := range result.Findings {
					if f.Resource.Name == "open" && f.Check != report.PolicySelectsNothing {
						text += f.String() + "\n"
					}
				}
				if c.found == "" && text != "" {
					t.Errorf("by %s it is found: %s", how, text)
				}
				if !strings.Contains(text, c.found) {
					t.Errorf("by %s the report lacks %q:\n%s", how, c.found, text)
				}
			}
		})
	}
}
