package render_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/render"
	"github.com/tenantfence/tenantfence/internal/resource"
)

var (
	db      = policy.Peer{Kind: policy.Pods, Namespace: "store", Pods: endpoints.Selector{MatchLabels: map[string]string{"app": "db"}}}
	network = policy.Peer{Kind: policy.CIDRs, CIDRs: []string{"192.0.2.0/24", "198.51.100.0/24"}, Except: []string{"192.0.2.128/25"}}
	server  = policy.Peer{Kind: policy.FQDNs, FQDNs: []string{"API.example.com", "*.Example.org"}}
	ports   = []flow.Port{{Port: 80, End: 81, Protocol: v1alpha1.TCP}, {Port: 90, End: 90, Protocol: v1alpha1.UDP}}
)

// expectSpec renders an egress rule for pods as a policy. The golden cases have what other policies
// look like.
func expectSpec(t *testing.T, form v1alpha1.PolicyForm, rule policy.Rule, want string) {
	t.Helper()
	f := &policy.Fence{Name: "platform", Policies: form, Cluster: v1alpha1.Cluster{CNI: v1alpha1.CNICilium, CiliumVersion: "1.15"}}
	web := endpoints.Selector{MatchLabels: map[string]string{"app": "web"}}
	rule.Direction = flow.Egress
	nodes, err := resource.Nodes(render.Render(f, []policy.Policy{{Namespace: "acme", Name: "policy", Family: policy.EastWest, Subject: web, Rules: []policy.Rule{rule}}}))
	if err != nil || len(nodes) != 1 {
		t.Fatalf("%d objects: %v", len(nodes), err)
	}
	spec, err := nodes[0].Pipe(yaml.Lookup("spec"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, spec.MustString()); diff != "" {
		t.Error(diff)
	}
}

// TestCiliumPolicies writes peers of two kinds as two rules, names in lower case, and the last port of
// a range that has several.
func TestCiliumPolicies(t *testing.T) {
	t.Parallel()
	expectSpec(t, v1alpha1.PoliciesCilium, policy.Rule{Peers: []policy.Peer{network, server}, Ports: ports}, `egress:
- toCIDRSet:
  - cidr: 192.0.2.0/24
    except:
    - 192.0.2.128/25
  - cidr: 198.51.100.0/24
  toPorts:
  - ports:
    - endPort: 81
      port: "80"
      protocol: TCP
    - port: "90"
      protocol: UDP
- toFQDNs:
  - matchName: api.example.com
  - matchPattern: '*.example.org'
  toPorts:
  - ports:
    - endPort: 81
      port: "80"
      protocol: TCP
    - port: "90"
      protocol: UDP
endpointSelector:
  matchLabels:
    app: web
`)
}

// TestNetworkPolicies omits DNS names, and a rule with only DNS names, which would allow every peer.
func TestNetworkPolicies(t *testing.T) {
	t.Parallel()
	expectSpec(t, v1alpha1.PoliciesKubernetes, policy.Rule{Peers: []policy.Peer{server}}, "podSelector:\n  matchLabels:\n    app: web\n")
	expectSpec(t, v1alpha1.PoliciesKubernetes, policy.Rule{Peers: []policy.Peer{db, server}, Ports: ports}, `egress:
- ports:
  - endPort: 81
    port: 80
    protocol: TCP
  - port: 90
    protocol: UDP
  to:
  - namespaceSelector:
      matchLabels:
        kubernetes.io/metadata.name: store
    podSelector:
      matchLabels:
        app: db
podSelector:
  matchLabels:
    app: web
policyTypes:
- Egress
`)
}

// TestPeersThatNoPolicyExpresses omits the rule: without peers, it would allow every peer.
func TestPeersThatNoPolicyExpresses(t *testing.T) {
	t.Parallel()
	unknown := policy.Rule{Peers: []policy.Peer{{Kind: "Unknown"}}, Ports: ports}
	for form, want := range map[v1alpha1.PolicyForm]string{
		v1alpha1.PoliciesCilium:     "endpointSelector:\n  matchLabels:\n    app: web\n",
		v1alpha1.PoliciesKubernetes: "podSelector:\n  matchLabels:\n    app: web\n",
	} {
		expectSpec(t, form, unknown, want)
	}
}
