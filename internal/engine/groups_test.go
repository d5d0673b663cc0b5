package engine_test

import (
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/engine"
)

func cidrGroup(name, labels, cidrs string) string {
	return "apiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {name: " + name + ", labels: {" + labels + "}}\nspec: {externalCIDRs: [" + cidrs + "]}"
}

func toSet(set string) string {
	return cnp("out", "{endpointSelector: {}, egress: [{toCIDRSet: ["+set+"]}]}")
}

func TestCIDRGroups(t *testing.T) {
	offices := cidrGroup("offices", "kind: office", "192.0.2.0/24, 198.51.100.0/24")
	home := cidrGroup("home", "kind: home, far: away", "203.0.113.0/24")
	in := []string{"web -> 192.0.2.1:443 = allowed by acme/out", "web -> 198.51.100.1:443 = allowed by acme/out", "web -> 203.0.113.1:443 = denied"}
	runScenarios(t, map[string]scenario{
		"a group is selected by its name":          {policies: all(offices, home, toSet("{cidrGroupRef: offices}")), flows: in},
		"a group may come after the policy":        {policies: all(toSet("{cidrGroupRef: offices}"), offices, home), flows: in},
		"a group is selected by its labels":        {policies: all(offices, home, toSet("{cidrGroupSelector: {matchLabels: {kind: office}}}")), flows: in},
		"a group is selected by expressions":       {policies: all(offices, home, toSet("{cidrGroupSelector: {matchExpressions: [{key: far, operator: DoesNotExist}]}}")), flows: in},
		"groups and networks are ORed":             {policies: all(offices, toSet("{cidrGroupRef: offices}, {cidr: 203.0.113.0/24}")), flows: []string{"web -> 203.0.113.1:443 = allowed by acme/out", "web -> 192.0.2.1:443 = allowed by acme/out"}},
		"several groups are selected together":     {policies: all(offices, home, toSet("{cidrGroupSelector: {matchExpressions: [{key: kind, operator: Exists}]}}")), flows: []string{"web -> 203.0.113.1:443 = allowed by acme/out", "web -> 192.0.2.1:443 = allowed by acme/out", "web -> 10.0.0.1:443 = denied"}},
		"an exception applies to the whole group":  {policies: all(offices, toSet("{cidrGroupRef: offices, except: [192.0.2.128/25]}")), flows: []string{"web -> 192.0.2.1:443 = allowed by acme/out", "web -> 192.0.2.200:443 = denied", "web -> 198.51.100.1:443 = allowed by acme/out"}},
		"a deny rule refers to a group":            {policies: all(offices, cnp("no-offices", "{endpointSelector: {}, egressDeny: [{toCIDRSet: [{cidrGroupRef: offices}]}]}")), flows: []string{"web -> 192.0.2.1:443 = denied by acme/no-offices", "web -> 10.0.0.1:443 = denied"}},
		"an ingress rule refers to a group":        {policies: all(offices, cnp("in", "{endpointSelector: {}, ingress: [{fromCIDRSet: [{cidrGroupRef: offices}]}]}")), flows: []string{"192.0.2.1 -> web:443 = allowed by acme/in", "10.0.0.1 -> web:443 = denied"}},
		"a cluster-wide policy refers to a group":  {policies: all(offices, ccnp("out", "{endpointSelector: {}, egress: [{toCIDRSet: [{cidrGroupRef: offices}]}]}")), flows: []string{"web -> 192.0.2.1:443 = allowed by out", "web -> 10.0.0.1:443 = denied"}},
		"a group without references has no effect": {policies: offices, flows: []string{"web -> 192.0.2.1:443 = allowed"}},
	})
}

func TestUnknownCIDRGroups(t *testing.T) {
	for desc, policies := range map[string]string{
		"by another name":  all(cidrGroup("home", "kind: home", "203.0.113.0/24"), toSet("{cidrGroupRef: offices}")),
		"by other labels":  all(cidrGroup("home", "kind: home", "203.0.113.0/24"), toSet("{cidrGroupSelector: {matchLabels: {kind: office}}}")),
		"without networks": all(cidrGroup("offices", "kind: office", ""), toSet("{cidrGroupRef: offices}")),
		"in a deny":        cnp("out", "{endpointSelector: {}, egressDeny: [{toCIDRSet: [{cidrGroupRef: offices}]}]}"),
		"in ingress":       cnp("out", "{endpointSelector: {}, ingress: [{fromCIDRSet: [{cidrGroupRef: offices}]}]}"),
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			_, err := newEngine(engine.Options{Agent: cilium.AllFeatures()}, documents(t, policies), nil)
			if err == nil || !strings.Contains(err.Error(), "acme/out: it refers to a CiliumCIDRGroup that is not in the build") {
				t.Errorf("got %v", err)
			}
		})
	}
}
