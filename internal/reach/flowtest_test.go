package reach_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// shop is a build with every kind of endpoint.
func shop(t *testing.T) reach.Endpoints {
	t.Helper()
	var items []*yaml.RNode
	for _, s := range []string{
		`{apiVersion: v1, kind: Pod, metadata: {name: web-1, namespace: shop, labels: {app: web}}, spec: {containers: [{ports: [{name: http, containerPort: 8080}]}]}}`,
		`{apiVersion: v1, kind: Pod, metadata: {name: web-2, namespace: shop, labels: {app: web}}, spec: {containers: [{ports: [{name: http, containerPort: 9090}]}]}}`,
		`{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: shop, labels: {app: db}}}`,
		`{apiVersion: v1, kind: Pod, metadata: {name: bare, namespace: shop-2}}`,
		`{apiVersion: v1, kind: Pod, metadata: {name: agent, namespace: hosts, labels: {app: agent}}, spec: {hostNetwork: true}}`,
		`{apiVersion: v1, kind: Namespace, metadata: {name: empty, labels: {team: a}}}`,
		`{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}, {name: admin, port: 81, targetPort: 8081}, {name: voice, port: 80, protocol: UDP}]}}`,
		`{apiVersion: v1, kind: Service, metadata: {name: empty, namespace: shop}, spec: {selector: {app: missing}, ports: [{port: 80}]}}`,
		`{apiVersion: v1, kind: Service, metadata: {name: misnamed, namespace: shop}, spec: {selector: {app: web}, ports: [{port: 80, targetPort: https}]}}`,
		`{apiVersion: v1, kind: Service, metadata: {name: broken, namespace: shop}, spec: {selector: {app: web}, ports: [{port: 80, targetPort: 70000}]}}`,
		`{apiVersion: v1, kind: Service, metadata: {name: headless, namespace: shop}, spec: {clusterIP: None, selector: {app: db}, ports: [{port: 80, targetPort: 8080}, {name: sql, port: 5432}]}}`,
		`{apiVersion: v1, kind: Service, metadata: {name: agents, namespace: hosts}, spec: {selector: {app: agent}, ports: [{port: 80}]}}`,
		`{apiVersion: v1, kind: Service, metadata: {name: outside, namespace: shop}, spec: {ports: [{name: a, port: 443}, {name: b, port: 444}]}}`,
		`{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: outside-1, namespace: shop, labels: {kubernetes.io/service-name: outside}}, endpoints: [{addresses: [192.0.2.2, 192.0.2.1]}], ports: [{name: a, port: 8443}]}`,
		`{apiVersion: v1, kind: Service, metadata: {name: alias, namespace: shop}, spec: {type: ExternalName, externalName: API.example.com., ports: [{port: 443}]}}`,
		`{apiVersion: v1, kind: Service, metadata: {name: portless, namespace: shop}, spec: {type: ExternalName, externalName: api.example.com}}`,
	} {
		items = append(items, yaml.MustParse(s))
	}
	index, findings := resource.NewIndex(items)
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	return reach.Endpoints{Index: index, Fence: (&policy.Fence{}).WithOwners(&policy.Owner{Name: "acme", Namespaces: []string{"shop", "shop-2"}}, &policy.Owner{Name: "homeless"})}
}

// run decides one case, with its defaults, and returns its flows.
func run(t *testing.T, c v1alpha1.FlowCase, at entryAt) ([]string, report.FlowTestResult) {
	t.Helper()
	c.Name = "case"
	if c.Expect == "" {
		c.Expect = v1alpha1.ExpectAllow
	}
	var test resource.FlowTest
	test.Test.Name = "test"
	test.Test.Spec.Cases = []v1alpha1.FlowCase{c}
	test.Test.SetDefaults()
	if errs := test.Test.Validate(); len(errs) > 0 {
		t.Fatal(errs)
	}
	e := shop(t)
	e.Reasons = map[flow.PolicyID][]string{{Namespace: "shop", Name: "a"}: {"Tenant/acme spec.egress[a]"}, {Namespace: "shop", Name: "b"}: {"Tenant/acme spec.egress[a]", "FenceProfile/p spec.baseline.dns"}}
	result := decide(t, at, e, test)
	var flows []string
	for _, f := range result.Cases[0].Flows {
		flows = append(flows, f.Flow.String())
	}
	slices.Sort(flows)
	return flows, result
}

func TestFlowsOfCase(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		c    v1alpha1.FlowCase
		want []string
	}{
		"one flow": {v1alpha1.FlowCase{From: "shop/db", To: "192.0.2.1", Port: 443}, []string{"shop/db -> 192.0.2.1:443/TCP"}},
		"every port of every protocol, and a pod of everyone's namespaces that is not deployed yet": {
			v1alpha1.FlowCase{From: "shop/db", To: "tenant/acme/*"}, []string{
				"shop/db -> a pod without labels in shop:*", "shop/db -> shop-2/Pod/bare:*", "shop/db -> shop/Pod/db:*", "shop/db -> shop/Pod/web-1:*", "shop/db -> shop/Pod/web-2:*",
			},
		},
		"every port of a protocol":            {v1alpha1.FlowCase{From: "namespace/empty/*", To: "world", Protocol: "UDP"}, []string{"a pod without labels in empty -> world:*/UDP"}},
		"pods with labels":                    {v1alpha1.FlowCase{From: "tenant/acme/app=web", To: "world", Port: 1}, []string{"shop/Pod/web-1 -> world:1/TCP", "shop/Pod/web-2 -> world:1/TCP"}},
		"labels that no pod has":              {v1alpha1.FlowCase{From: "namespace/shop/tier=api,app=web", To: "world", Port: 1}, []string{"a pod with app=web,tier=api in shop -> world:1/TCP"}},
		"a pod and its replica":               {v1alpha1.FlowCase{From: "namespace/shop-2/*", To: "namespace/shop-2/*", Port: 1}, []string{"shop-2/Pod/bare -> shop-2/Pod/bare:1/TCP"}},
		"a Service's target port by name":     {v1alpha1.FlowCase{From: "shop/db", To: "service/shop/web", Port: 80}, []string{"shop/db -> shop/Pod/web-1:8080/TCP", "shop/db -> shop/Pod/web-2:9090/TCP"}},
		"a Service's port of a protocol":      {v1alpha1.FlowCase{From: "world", To: "service/shop/web", Port: 80, Protocol: "UDP"}, []string{"world -> shop/Pod/web-1:80/UDP", "world -> shop/Pod/web-2:80/UDP"}},
		"a Service's pods as the source":      {v1alpha1.FlowCase{From: "service/shop/web", To: "world", Port: 1}, []string{"shop/Pod/web-1 -> world:1/TCP", "shop/Pod/web-2 -> world:1/TCP"}},
		"a headless Service's equal port":     {v1alpha1.FlowCase{From: "world", To: "service/shop/headless", Port: 5432}, []string{"world -> shop/Pod/db:5432/TCP"}},
		"a Service without a selector":        {v1alpha1.FlowCase{From: "shop/db", To: "service/shop/outside"}, []string{"shop/db -> 192.0.2.1:8443/TCP", "shop/db -> 192.0.2.2:8443/TCP"}},
		"its addresses as the source":         {v1alpha1.FlowCase{From: "service/shop/outside", To: "shop/db", Port: 1}, []string{"192.0.2.1 -> shop/db:1/TCP", "192.0.2.2 -> shop/db:1/TCP"}},
		"an ExternalName":                     {v1alpha1.FlowCase{From: "shop/db", To: "service/shop/alias"}, []string{"shop/db -> alias.shop.svc.cluster.local:443/TCP"}},
		"an ExternalName on a port":           {v1alpha1.FlowCase{From: "shop/db", To: "service/shop/portless", Port: 8443}, []string{"shop/db -> portless.shop.svc.cluster.local:8443/TCP"}},
		"the apiserver":                       {v1alpha1.FlowCase{From: "shop/db", To: "service/default/kubernetes"}, []string{"shop/db -> kube-apiserver:443/TCP", "shop/db -> kube-apiserver:6443/TCP"}},
		"the apiserver as the source":         {v1alpha1.FlowCase{From: "service/default/kubernetes", To: "shop/db", Port: 1}, []string{"kube-apiserver -> shop/db:1/TCP"}},
		"a request":                           {v1alpha1.FlowCase{From: "shop/db", To: "shop/web-1", Port: 80, HTTP: &v1alpha1.HTTPRequest{Path: "/v1"}}, []string{"shop/db -> shop/web-1:80/TCP GET /v1"}},
		"a name, over both protocols":         {v1alpha1.FlowCase{From: "shop/db", To: "192.0.2.1", DNS: "a.example"}, []string{"shop/db -> 192.0.2.1:53/TCP asking for a.example", "shop/db -> 192.0.2.1:53/UDP asking for a.example"}},
		"a name, over one protocol":           {v1alpha1.FlowCase{From: "shop/db", To: "192.0.2.1", DNS: "a.example", Protocol: "UDP"}, []string{"shop/db -> 192.0.2.1:53/UDP asking for a.example"}},
		"a message without a port":            {v1alpha1.FlowCase{From: "shop/db", To: "world", ICMP: v1alpha1.ICMPEchoRequest}, []string{"shop/db -> world:ICMP EchoRequest"}},
		"a request to a name is for its host": {v1alpha1.FlowCase{From: "shop/db", To: "API.example.com", Port: 80, HTTP: &v1alpha1.HTTPRequest{Method: "GET", Path: "/"}}, []string{"shop/db -> api.example.com:80/TCP GET api.example.com/"}},
		"on a port of its own, with the port": {v1alpha1.FlowCase{From: "shop/db", To: "api.example.com", Port: 8080, HTTP: &v1alpha1.HTTPRequest{Method: "GET", Path: "/"}}, []string{"shop/db -> api.example.com:8080/TCP GET api.example.com:8080/"}},
		"a request with a host and headers":   {v1alpha1.FlowCase{From: "shop/db", To: "shop/db", Port: 80, HTTP: &v1alpha1.HTTPRequest{Method: "GET", Path: "/", Host: "a", Headers: map[string]string{"X": "1", "A": "2"}}}, []string{"shop/db -> shop/db:80/TCP GET a/ with A: 2 and X: 1"}},
		"a request to a Service's TCP port":   {v1alpha1.FlowCase{From: "shop/db", To: "service/shop/headless", Port: 5432, HTTP: &v1alpha1.HTTPRequest{Method: "POST"}}, []string{"shop/db -> shop/Pod/db:5432/TCP POST /"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, result := run(t, c.c, everywhere(flow.Entry{}))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error("(-want +got)\n", diff)
			}
			if r := result.Cases[0]; !r.Passed || r.Problem != "" {
				t.Errorf("holds %v, problem %q", r.Passed, r.Problem)
			}
		})
	}
}

// TestMissingEndpointsAreUndecided expects every flow to be denied, as one to a missing endpoint
// would be.
func TestMissingEndpointsAreUndecided(t *testing.T) {
	t.Parallel()
	for to, want := range map[string]string{
		"tenant/beta/*":                `Tenant "beta" is missing`,
		"tenant/homeless/*":            "has no namespace",
		"namespace/shpo/*":             `namespace "shpo" is missing`,
		"namespace/shpo/app=web":       `namespace "shpo" is missing`,
		"namespace/hosts/*":            "write host or remote-node",
		"namespace/hosts/app=agent":    "write host or remote-node",
		"hosts/agent":                  "write host or remote-node",
		"namespace/shop/host=x":        "whose key Cilium reserves",
		"cluster/w/shop/remote-node=x": "whose key Cilium reserves",
		"service/shop/shop":            "Service shop/shop is missing",
		"service/shop/empty":           "selects no pod",
		"service/shop/misnamed":        `has a TCP port named "https"`,
		"service/shop/broken":          "none that Kubernetes takes",
		"service/shop/headless":        "is headless",
		"service/hosts/agents":         "write host or remote-node",
		"service/shop/portless":        "set a port",
		"service/default/kubernetes":   "has no port 80/SCTP",
	} {
		t.Run(to, func(t *testing.T) {
			t.Parallel()
			c := v1alpha1.FlowCase{From: "shop/db", To: to, Expect: v1alpha1.ExpectDeny}
			if to == "service/default/kubernetes" {
				c.Port, c.Protocol = 80, v1alpha1.SCTP
			}
			flows, result := run(t, c, everywhere(flow.Entry{Deny: true}))
			if r := result.Cases[0]; r.Passed || !strings.Contains(r.Problem, want) || !strings.HasPrefix(r.Problem, "to: ") {
				t.Errorf("holds %v, %v are decided, problem %q, want %q", r.Passed, flows, r.Problem, want)
			}
		})
	}
}

func TestExternalNameIsNotASource(t *testing.T) {
	t.Parallel()
	_, result := run(t, v1alpha1.FlowCase{From: "service/shop/alias", To: "shop/db", Port: 1}, everywhere(flow.Entry{}))
	if p := result.Cases[0].Problem; !strings.Contains(p, "from: the Service shop/alias is an ExternalName") {
		t.Errorf("problem %q", p)
	}
}

func TestFlowTestFindings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		c    v1alpha1.FlowCase
		at   entryAt
		want string
	}{
		"denied without a policy": {
			v1alpha1.FlowCase{From: "tenant/acme/app=web", To: "api.openai.com", Port: 443}, func(at endpoints.Endpoint, _ flow.Direction) (flow.Entry, error) {
				return flow.Entry{Deny: at.Name != "shop/Pod/web-1", Note: "the name is never resolved"}, nil
			},
			`"case": shop/Pod/web-2 -> api.openai.com:443/TCP must be allowed and is denied: egress denied, no policy allows it; ingress not enforced; the name is never resolved (1 of 2 flows fail) [flow-test-failed]`,
		},
		"allowed, and by whom": {
			v1alpha1.FlowCase{From: "shop/web-1", To: "shop/db", Port: 1, Expect: v1alpha1.ExpectDeny}, func(_ endpoints.Endpoint, d flow.Direction) (flow.Entry, error) {
				if d == flow.Egress {
					return flow.Entry{Policies: flow.Policies{{Namespace: "shop", Name: "a"}, {Namespace: "shop", Name: "b"}}}, nil
				}
				return flow.Entry{L7: flow.DNSFor("*")}, nil
			},
			`"case": shop/web-1 -> shop/db:1/TCP must be denied and is allowed: egress allowed by shop/a, shop/b; ingress allowed, no policy isolates it (only DNS for *); ` +
				`declared by FenceProfile/p spec.baseline.dns, Tenant/acme spec.egress[a] [flow-test-failed]`,
		},
		"allowed in some cases": {
			v1alpha1.FlowCase{From: "shop/web-1", To: "kube-apiserver", Port: 1, Expect: v1alpha1.ExpectDeny}, everywhere(flow.Entry{Maybe: true, Policies: flow.Policies{{Namespace: "shop", Name: "c"}}}),
			`"case": shop/web-1 -> kube-apiserver:1/TCP must be denied and is allowed in some cases only: egress allowed in some cases by shop/c; ingress not enforced [flow-test-failed]`,
		},
		"policies that cannot be merged": {
			v1alpha1.FlowCase{From: "shop/web-1", To: "shop/db", Port: 1}, noAnswer,
			`"case" cannot be decided: shop/web-1 -> shop/db:1/TCP: egress of shop/Pod/web-1: no answer [flow-test-undecided]`,
		},
		"endpoints that no policy selects": {
			v1alpha1.FlowCase{From: "world", To: "192.0.2.1", Port: 1}, everywhere(flow.Entry{}),
			`"case" cannot be decided: world -> 192.0.2.1:1/TCP: neither the source nor the destination is a pod or node of this cluster, so no policy decides it [flow-test-undecided]`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, result := run(t, c.c, c.at)
			findings := reach.FlowTestFindings(result)
			if len(findings) != 1 {
				t.Fatalf("%d findings: %v", len(findings), findings)
			}
			if diff := cmp.Diff("error: spec.cases[0]: "+c.want, findings[0].String()); diff != "" {
				t.Error("(-want +got)\n", diff)
			}
		})
	}
}
