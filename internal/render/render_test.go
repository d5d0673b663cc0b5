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
	"github.com/tenantfence/tenantfence/internal/report"
)

func fence(version string, form v1alpha1.PolicyForm) *policy.Fence {
	return &policy.Fence{Name: "platform", Policies: form, Cluster: v1alpha1.Cluster{CNI: v1alpha1.CNICilium, CiliumVersion: version}}
}

// rendered returns the only object of one policy.
func rendered(t *testing.T, f *policy.Fence, p policy.Policy) *yaml.RNode {
	t.Helper()
	p.Namespace, p.Name = "acme", "policy"
	nodes, err := render.Render(f, []policy.Policy{p})
	if err != nil || len(nodes) != 1 {
		t.Fatalf("%d objects: %v", len(nodes), err)
	}
	return nodes[0]
}

func specOf(t *testing.T, n *yaml.RNode) string {
	t.Helper()
	spec, err := n.Pipe(yaml.Lookup("spec"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := spec.String()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var (
	web     = endpoints.Selector{MatchLabels: map[string]string{"app": "web"}}
	db      = policy.Peer{Kind: policy.Pods, Namespace: "store", Pods: endpoints.Selector{MatchLabels: map[string]string{"app": "db"}}}
	network = policy.Peer{Kind: policy.CIDRs, CIDRs: []string{"192.0.2.0/24", "198.51.100.0/24"}, Except: []string{"192.0.2.128/25"}}
	server  = policy.Peer{Kind: policy.FQDNs, FQDNs: []string{"API.example.com", "*.example.org"}}
	others  = policy.Peer{Kind: policy.Pods, ExcludedNamespaces: []string{"acme"}}
	https   = flow.Port{Port: 443, Protocol: v1alpha1.TCP}
)

func allow(rules ...policy.Rule) policy.Policy {
	return policy.Policy{Family: policy.EastWest, Subject: web, Rules: rules}
}

var defaultDeny = policy.Policy{Family: policy.DefaultDeny, DefaultDeny: flow.Directions()}

func TestCiliumPolicies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		version string
		policy  policy.Policy
		want    string
	}{
		"default-deny isolates both directions": {"1.19", defaultDeny, `egress:
- {}
endpointSelector: {}
ingress:
- {}
`},
		"default-deny isolates one direction": {"1.19", policy.Policy{Family: policy.DefaultDeny, DefaultDeny: []flow.Direction{flow.Ingress}}, `endpointSelector: {}
ingress:
- {}
`},
		"an allow does not isolate": {"1.19", allow(policy.Rule{Direction: flow.Ingress, Peers: []policy.Peer{db}, Ports: []flow.Port{https}}), `enableDefaultDeny:
  egress: false
  ingress: false
endpointSelector:
  matchLabels:
    app: web
ingress:
- fromEndpoints:
  - matchLabels:
      app: db
      k8s:io.kubernetes.pod.namespace: store
  toPorts:
  - ports:
    - port: "443"
      protocol: TCP
`},
		"before 1.16, an allow always isolates": {"1.15", allow(policy.Rule{Direction: flow.Ingress, Peers: []policy.Peer{db}}), `endpointSelector:
  matchLabels:
    app: web
ingress:
- fromEndpoints:
  - matchLabels:
      app: db
      k8s:io.kubernetes.pod.namespace: store
`},
		"peers of two kinds are two rules, in lower case and with their exceptions": {"1.15", allow(policy.Rule{Direction: flow.Egress, Peers: []policy.Peer{network, server}}), `egress:
- toCIDRSet:
  - cidr: 192.0.2.0/24
    except:
    - 192.0.2.128/25
  - cidr: 198.51.100.0/24
- toFQDNs:
  - matchName: api.example.com
  - matchPattern: '*.example.org'
endpointSelector:
  matchLabels:
    app: web
`},
		"pods of every namespace but one": {"1.15", allow(policy.Rule{Direction: flow.Egress, Peers: []policy.Peer{others}}), `egress:
- toEndpoints:
  - matchExpressions:
    - key: k8s:io.kubernetes.pod.namespace
      operator: Exists
    - key: k8s:io.kubernetes.pod.namespace
      operator: NotIn
      values:
      - acme
endpointSelector:
  matchLabels:
    app: web
`},
		"a range of two ports has an endPort, a range of one has none": {"1.15", allow(policy.Rule{Direction: flow.Egress, Peers: []policy.Peer{db}, Ports: []flow.Port{
			{Port: 80, End: 81, Protocol: v1alpha1.TCP}, {Port: 90, End: 90, Protocol: v1alpha1.UDP},
		}}), `egress:
- toEndpoints:
  - matchLabels:
      app: db
      k8s:io.kubernetes.pod.namespace: store
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
`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := specOf(t, rendered(t, fence(c.version, v1alpha1.PoliciesCilium), c.policy)); got != c.want {
				t.Error(cmp.Diff(c.want, got))
			}
		})
	}
}

func TestNetworkPolicies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy policy.Policy
		want   string
	}{
		"default-deny isolates both directions": {defaultDeny, `podSelector: {}
policyTypes:
- Ingress
- Egress
`},
		"a rule with only DNS names is omitted, and allows nothing": {allow(policy.Rule{Direction: flow.Egress, Peers: []policy.Peer{server}}), `podSelector:
  matchLabels:
    app: web
`},
		"a peer has its namespace, a network its exceptions and a range its last port": {allow(policy.Rule{Direction: flow.Egress, Peers: []policy.Peer{db, network}, Ports: []flow.Port{
			{Port: 80, End: 81, Protocol: v1alpha1.TCP}, {Name: "http", Protocol: v1alpha1.TCP},
		}}), `egress:
- ports:
  - endPort: 81
    port: 80
    protocol: TCP
  - port: http
    protocol: TCP
  to:
  - namespaceSelector:
      matchLabels:
        kubernetes.io/metadata.name: store
    podSelector:
      matchLabels:
        app: db
  - ipBlock:
      cidr: 192.0.2.0/24
      except:
      - 192.0.2.128/25
  - ipBlock:
      cidr: 198.51.100.0/24
podSelector:
  matchLabels:
    app: web
policyTypes:
- Egress
`},
		"every namespace but one": {allow(policy.Rule{Direction: flow.Ingress, Peers: []policy.Peer{others}}), `ingress:
- from:
  - namespaceSelector:
      matchExpressions:
      - key: kubernetes.io/metadata.name
        operator: NotIn
        values:
        - acme
podSelector:
  matchLabels:
    app: web
policyTypes:
- Ingress
`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := specOf(t, rendered(t, fence("1.19", v1alpha1.PoliciesKubernetes), c.policy)); got != c.want {
				t.Error(cmp.Diff(c.want, got))
			}
		})
	}
}

// TestMetadata checks the labels with which later runs identify their policies.
func TestMetadata(t *testing.T) {
	t.Parallel()
	p := defaultDeny
	p.Owner = &policy.Owner{Name: "acme", ID: "42"}
	p.Reasons = []report.Reason{{Kind: "Tenant", Name: "acme", Field: "spec.enforcement"}, {Kind: "FenceProfile", Name: "platform", Field: "spec.scope"}}
	n := rendered(t, fence("1.19", v1alpha1.PoliciesCilium), p)
	wantLabels := map[string]string{
		"app.kubernetes.io/managed-by": "tenantfence", "tenantfence.dev/fence": "platform", "tenantfence.dev/family": "default-deny",
		"tenantfence.dev/stage": "DefaultDeny", "tenantfence.dev/tenant": "acme", "tenantfence.dev/tenant-id": "42",
	}
	if diff := cmp.Diff(wantLabels, n.GetLabels()); diff != "" {
		t.Errorf("labels: %s", diff)
	}
	wantAnnotations := map[string]string{
		"tenantfence.dev/namespace": "acme", "tenantfence.dev/for": "Tenant/acme spec.enforcement\nFenceProfile/platform spec.scope",
	}
	if diff := cmp.Diff(wantAnnotations, n.GetAnnotations()); diff != "" {
		t.Errorf("annotations: %s", diff)
	}
}

func TestClusterwidePolicies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		span policy.NamespaceScope
		want string
	}{
		"all namespaces, but no endpoint without a namespace": {policy.NamespaceScope{}, `egress:
- {}
endpointSelector:
  matchExpressions:
  - key: k8s:io.kubernetes.pod.namespace
    operator: Exists
ingress:
- {}
`},
		"all but some": {policy.NamespaceScope{Except: []string{"kube-system"}}, `egress:
- {}
endpointSelector:
  matchExpressions:
  - key: k8s:io.kubernetes.pod.namespace
    operator: Exists
  - key: k8s:io.kubernetes.pod.namespace
    operator: NotIn
    values:
    - kube-system
ingress:
- {}
`},
		"only some": {policy.NamespaceScope{Only: []string{"acme"}}, `egress:
- {}
endpointSelector:
  matchExpressions:
  - key: k8s:io.kubernetes.pod.namespace
    operator: In
    values:
    - acme
ingress:
- {}
`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := defaultDeny
			p.NamespaceScope = &c.span
			if got := specOf(t, rendered(t, fence("1.19", v1alpha1.PoliciesCilium), p)); got != c.want {
				t.Error(cmp.Diff(c.want, got))
			}
		})
	}
}
