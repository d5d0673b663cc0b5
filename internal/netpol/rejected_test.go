package netpol_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/flow"
)

func TestRejected(t *testing.T) {
	for desc, c := range map[string]struct {
		policies string
		want     []string
	}{
		"a CIDR needs a mask":                         {np("p", "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.1}}]}]}"), []string{"spec.ingress[0].from[0].ipBlock.cidr", "CIDR notation"}},
		"IPv4 is not written as IPv6":                 {np("p", "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: '::ffff:10.0.0.0/120'}}]}]}"), []string{"written as IPv6"}},
		"an exception lies within its CIDR":           {np("p", "{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16, 10.0.0.0/8, x]}}]}]}"), []string{"spec.egress[0].to[0].ipBlock.except[0]", "except[1]", "except[2]"}},
		"endPort is not below port":                   {np("p", "{podSelector: {}, ingress: [{ports: [{port: 80, endPort: 79}]}]}"), []string{"spec.ingress[0].ports[0].endPort", "is below port"}},
		"endPort goes with a number":                  {np("p", "{podSelector: {}, ingress: [{ports: [{port: http, endPort: 90}, {endPort: 90}]}]}"), []string{"ports[0].endPort", "ports[1].endPort"}},
		"a port is a port":                            {np("p", "{podSelector: {}, ingress: [{ports: [{port: 0}, {port: 70000}, {port: Not_A_Name}]}]}"), []string{"ports[0].port", "ports[1].port", "ports[2].port"}},
		"protocols are known":                         {np("p", "{podSelector: {}, ingress: [{ports: [{port: 80, protocol: tcp}]}]}"), []string{"spec.ingress[0].ports[0].protocol", "SCTP"}},
		"policyTypes are known":                       {np("p", "{podSelector: {}, policyTypes: [Both]}"), []string{"spec.policyTypes[0]"}},
		"a selector has operators":                    {np("p", "{podSelector: {matchExpressions: [{key: a, operator: Is}]}}"), []string{"spec.podSelector.matchExpressions[0].operator"}},
		"In has values":                               {np("p", "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: a, operator: In}]}}]}]}"), []string{"spec.ingress[0].from[0].namespaceSelector.matchExpressions[0].values"}},
		"a label is a label":                          {np("p", "{podSelector: {matchLabels: {a b: c}}}"), []string{"spec.podSelector.matchLabels"}},
		"a peer is something":                         {np("p", "{podSelector: {}, ingress: [{from: [{}]}]}"), []string{"spec.ingress[0].from[0]", "needs ipBlock"}},
		"a peer is one thing":                         {np("p", "{podSelector: {}, ingress: [{from: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]}]}"), []string{"make two peers"}},
		"a misspelt field is an error":                {np("p", "{podSelector: {matchLabel: {a: b}}}"), []string{`unknown field "spec.podSelector.matchLabel"`}},
		"all errors are reported at once":             {np("p", "{podSelector: {}, policyTypes: [Neither], ingress: [{ports: [{port: 0}]}]}"), []string{"policyTypes[0]", "ports[0].port"}},
		"of every policy":                             {all(np("p", "{podSelector: {}, policyTypes: [Neither]}"), np("q", "{podSelector: {}, policyTypes: [Neither]}")), []string{"NetworkPolicy acme/p", "NetworkPolicy acme/q"}},
		"a namespace is needed":                       {"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}", []string{"metadata.namespace"}},
		"a policy is given once":                      {all(np("p", "{podSelector: {}}"), np("p", "{podSelector: {}}")), []string{"given twice"}},
		"Cilium's policies are not enforced":          {"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {namespace: acme, name: p}", []string{"CiliumNetworkPolicy acme/p", "does not enforce policies here"}},
		"nor its cluster-wide ones":                   {"apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: p}", []string{"CiliumClusterwideNetworkPolicy p", "does not enforce policies here"}},
		"Calico's own policies are not known":         {"apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {namespace: acme, name: p}", []string{"NetworkPolicy acme/p", "Calico's own kind"}},
		"nor an unknown kind":                         {"apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: p}", []string{"AdminNetworkPolicy p", "no policy that is known here"}},
		"what is no object has the number it came as": {"[]", []string{"parse policy 0"}},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			_, err := newEngine(addresses, documents(t, c.policies), nil)
			var rejected flow.RejectedError
			if !errors.As(err, &rejected) {
				t.Fatalf("got %v, want a RejectedError", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q lacks %q", err, want)
				}
			}
		})
	}
}
