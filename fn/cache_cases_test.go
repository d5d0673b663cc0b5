package fn_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/report"
)

// twoTenants are tenants x and y with a pod each. Config are agent settings, and of is the spec of each.
func twoTenants(config, x, y string) string {
	out := "apiVersion: tenantfence.dev/v1alpha1\nkind: FenceProfile\nmetadata: {name: platform}\nspec:\n  cluster: {cni: Cilium, ciliumVersion: '1.20', ciliumConfig: {policy-cidr-match-mode: ''" + config + "}}\n  enforcement: AllowOnly\n  limits: {fqdns: ['*.example.com'], cidrs: [0.0.0.0/0], namespaces: [shop]}\n  tenants: {claims: {y: [tenant-y, y-1]}}\n"
	for tenant, spec := range map[string]string{"x": x, "y": y} {
		out += fmt.Sprintf("---\napiVersion: v1\nkind: Namespace\nmetadata: {name: tenant-%[1]s}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: tenant-%[1]s, labels: {app: a}}\nspec: {containers: [{name: c}]}\n---\napiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: {name: %[1]s}\nspec: {%[2]s}\n", tenant, spec)
	}
	return out
}

func byHand(namespace, spec string) string {
	return fmt.Sprintf("apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: by-hand, namespace: %s}\nspec: {enableDefaultDeny: {ingress: false, egress: false}, %s}\n", namespace, spec)
}

func flowTestOf(to, port string) string {
	return fmt.Sprintf("apiVersion: tenantfence.dev/v1alpha1\nkind: FlowTest\nmetadata: {name: one}\nspec: {cases: [{name: one, from: tenant/x/app=a, to: %s, %sexpect: Deny}]}\n", to, port)
}

// cidrGroup has many small networks.
func cidrGroup(networks int) string {
	var list []string
	for i := range networks {
		list = append(list, fmt.Sprintf("10.%d.%d.0/24", 1+i/256, i%256))
	}
	return "apiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {name: group, labels: {a: b}}\nspec: {externalCIDRs: [" + strings.Join(list, ", ") + "]}\n"
}

const (
	wideNetwork = "enforcement: Enforce, egress: [{name: lan, to: [{cidrs: [10.0.0.0/8]}], ports: [{port: 5432}]}]"
	shop        = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
	// podWithoutPorts is a pod of no tenant.
	podWithoutPorts = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: web}}\nspec: {containers: [{name: c}]}\n"
)

// anyPodOnHTTP allows a port by its name, which no pod of the tenant has.
var anyPodOnHTTP = byHand("tenant-x", "endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: shop}}], toPorts: [{ports: [{port: http, protocol: TCP}]}]}]")

// webPort is a pod of the tenant y whose port has the name.
func webPort(number int) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: tenant-y, labels: {app: web}}\nspec: {containers: [{name: c, ports: [{name: http, containerPort: %d}]}]}\n", number)
}

// TestCacheKeepsNothing proves a build in which a tenant may depend on any other: with a ClusterNetworkPolicy, which other
// settings enforce.
func TestCacheKeepsNothing(t *testing.T) {
	t.Parallel()
	items := itemsOf(t, twoTenants(", enable-k8s-cluster-network-policy: 'false'", "enforcement: Enforce", ""), "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: admin}\nspec: {tier: Admin, priority: 1, subject: {namespaces: {matchLabels: {team: blue}}}, ingress: [{name: y, action: Accept, from: [{namespaces: {matchLabels: {kubernetes.io/metadata.name: tenant-y}}}]}]}\n")
	cache := memory{}
	if text, _ := outcomeOf(t, items, cache); len(cache) > 0 || !strings.Contains(strings.Join(text, "\n"), "isolated") && !strings.Contains(strings.Join(text, "\n"), "isolation") {
		t.Errorf("%d tenants are in the cache: %q", len(cache), text)
	}
}

// TestCacheOfOneChange changes one thing that is not of the tenant x, and on which something depends that a run reports. The
// run with a cache of the build before reports the same, and so does the slice of x, where x depends on it.
func TestCacheOfOneChange(t *testing.T) {
	t.Parallel()
	enforce := "enforcement: Enforce"
	deployment := func(namespace string) string {
		return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: adapter, namespace: " + namespace + "}\nspec: {template: {metadata: {labels: {app: b}}, spec: {containers: [{name: c}]}}}\n"
	}
	for name, c := range map[string]struct {
		config, x, y string
		before, then []string
		// check is what the second build reports, and inSlice whether the slice of x does.
		check   *report.Check
		inSlice bool
	}{
		"a group of networks within a network": {
			", bpf-policy-map-max: '256'", wideNetwork, "",
			[]string{shop, cidrGroup(400), byHand("shop", "endpointSelector: {}, egress: [{toCIDRSet: [{cidr: 198.51.100.0/24}]}]")},
			[]string{shop, cidrGroup(400), byHand("shop", "endpointSelector: {}, egress: [{toCIDRSet: [{cidr: 198.51.100.0/24}, {cidrGroupSelector: {matchLabels: {a: b}}}]}]")},
			report.PolicyMapFull, true,
		},
		"a policy in a namespace that nothing else has": {
			"", enforce, "", []string{byHand("ghost", "endpointSelector: {}, ingress: [{fromEndpoint: [{matchLabels: {a: b}}]}]")}, []string{byHand("ghost", "endpointSelector: {}, ingress: [{fromEndpoint: [{matchLabels: {a: b}}]}]")},
			report.PolicySchemaInvalid, true,
		},
		"a policy that selects starting pods": {
			"", enforce, "", []string{shop}, []string{shop, byHand("tenant-y", "endpointSelector: {matchLabels: {reserved:init: ''}}, ingress: [{fromEntities: [world]}]")},
			report.PolicySelectsStartingPods, true,
		},
		"a setting of some nodes": {
			", enable-icmp-rules: 'true'", enforce, "",
			[]string{"apiVersion: cilium.io/v2\nkind: CiliumNodeConfig\nmetadata: {name: some, namespace: kube-system}\nspec: {nodeSelector: {}, defaults: {enable-icmp-rules: 'false'}}\n", byHand("tenant-y", "endpointSelector: {}, egressDeny: [{toEntities: [world]}]")},
			[]string{"apiVersion: cilium.io/v2\nkind: CiliumNodeConfig\nmetadata: {name: some, namespace: kube-system}\nspec: {nodeSelector: {}, defaults: {enable-icmp-rules: 'false'}}\n", byHand("tenant-y", "endpointSelector: {}, egressDeny: [{toEntities: [world], icmps: [{fields: [{family: IPv4, type: 8}]}]}]")},
			report.ICMPRulesDisabled, true,
		},
		"a name of two workloads": {
			"", enforce, "namespaces: [tenant-y, y-1]",
			[]string{"apiVersion: v1\nkind: Namespace\nmetadata: {name: y-1}\n", "apiVersion: v1\nkind: Namespace\nmetadata: {name: \"y\"}\n", deployment("y-1"), deployment("\"y\"")},
			[]string{"apiVersion: v1\nkind: Namespace\nmetadata: {name: y-1}\n", "apiVersion: v1\nkind: Namespace\nmetadata: {name: \"y\"}\n", deployment("y-1"), deployment("\"y\""), flowTestOf("y/adapter", "port: 80, ")},
			report.FlowTestUndecided, true,
		},
		"a group of networks that is missing": {
			"", wideNetwork, "", []string{shop, byHand("shop", "endpointSelector: {}, ingress: [{fromCIDRSet: [{cidrGroupRef: missing}]}]")}, []string{shop, byHand("shop", "endpointSelector: {}, ingress: [{fromCIDRSet: [{cidrGroupRef: missing}]}]")},
			report.PolicyRejected, false,
		},
		"a policy of the tenant": {
			"", enforce, "", []string{byHand("tenant-x", "endpointSelector: {}, ingressDeny: [{fromEntities: [world]}]")}, []string{byHand("tenant-x", "endpointSelector: {}, ingress: [{fromEntities: [world]}]")},
			report.UndeclaredOpen, true,
		},
		"a rejected policy in a namespace that nothing else has": {
			"", enforce, "", []string{"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: ghost, namespace: ghost}\nspec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0}}]}]}\n"},
			[]string{"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: ghost, namespace: ghost}\nspec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0}}]}]}\n"},
			report.PolicyRejected, false,
		},
		"the number of a port's name elsewhere": {
			"", "enforcement: Enforce, ingress: [{name: web, from: [{namespace: shop}], ports: [{port: 8080}]}]", "",
			[]string{shop, podWithoutPorts, anyPodOnHTTP, webPort(8080)}, []string{shop, podWithoutPorts, anyPodOnHTTP, webPort(9090)},
			report.UndeclaredOpen, true,
		},
		"a FlowTest to the host, with ports of nodes": {
			", kube-proxy-replacement: 'true'", enforce, "",
			[]string{"apiVersion: v1\nkind: Service\nmetadata: {name: port, namespace: tenant-y}\nspec: {type: NodePort, selector: {app: a}, ports: [{port: 80, nodePort: 30080}]}\n"},
			[]string{"apiVersion: v1\nkind: Service\nmetadata: {name: port, namespace: tenant-y}\nspec: {type: NodePort, selector: {app: a}, ports: [{port: 80, nodePort: 30080}]}\n", flowTestOf("host", "")},
			nil, false,
		},
		"a FlowTest of a network that another one divides": {
			"", wideNetwork, "egress: [{name: lan, to: [{cidrs: [10.1.0.0/16]}], ports: [{port: 5432}]}]", nil, []string{flowTestOf("external", "port: 5432, ")},
			report.FlowTestFailed, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			build := func(more []string) []*yaml.RNode {
				nodes, err := kio.FromBytes([]byte(strings.Join(append([]string{twoTenants(c.config, c.x, c.y)}, more...), "---\n")))
				if err != nil {
					t.Fatal(err)
				}
				return nodes
			}
			cache := memory{}
			before, _ := outcomeOf(t, build(c.before), cache)
			if len(cache) == 0 {
				t.Fatalf("nothing is in the cache: %q", before)
			}
			want, _ := outcomeOf(t, build(c.then), nil)
			got, _ := outcomeOf(t, build(c.then), cache)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("without and with a cache:\n%s", diff)
			}
			if c.check != nil && !strings.Contains(strings.Join(want, "\n"), "["+c.check.Name+"]") {
				t.Errorf("no %s: %q", c.check.Name, want)
			}
			config := yaml.MustParse("{apiVersion: tenantfence.dev/v1alpha1, kind: TenantFence, metadata: {name: platform}}")
			r, _ := fn.Process(config, build(c.then), fn.Options{Slice: report.TenantSlice("x")})
			inSlice := c.check != nil && strings.Contains(fmt.Sprint(r.Findings), "["+c.check.Name+"]")
			if inSlice != c.inSlice || c.check == nil && r.Findings.HasError() {
				t.Errorf("the slice of x reports it: %t, want %t: %v", inSlice, c.inSlice, r.Findings)
			}
		})
	}
}
