package engine_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/flow"
)

func TestRejectedPolicies(t *testing.T) {
	for desc, c := range map[string]struct{ policies, want string }{
		"the error names a policy that Cilium rejects": {
			cnp("empty", "{endpointSelector: {}, ingress: [], egress: []}"),
			"parse policy CiliumNetworkPolicy acme/empty: Invalid CiliumNetworkPolicy spec: rule must have at least one of",
		},
		"the namespace-label key with a slash and a colon is rejected": {
			cnp("colon", `{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace-label:tenant": "true"}}]}]}`),
			"CiliumNetworkPolicy acme/colon",
		},
		"an invalid ipBlock is an error and not a panic": {
			netpol("block", "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: nonsense}}]}]}"),
			"parse policy NetworkPolicy acme/block: spec.ingress[0].from[0].ipBlock.cidr:",
		},
		"a port out of range is an error": {
			netpol("port", "{podSelector: {}, ingress: [{ports: [{port: 70000}]}]}"),
			"NetworkPolicy acme/port: spec.ingress[0].ports[0].port: Invalid value: 70000",
		},
		"an unknown operator is an error": {
			netpol("op", "{podSelector: {matchExpressions: [{key: a, operator: Like, values: [b]}]}}"),
			"spec.podSelector.matchExpressions[0].operator",
		},
		"the error names a cluster-wide policy without a namespace": {
			ccnp("none", "{endpointSelector: {}}"),
			"parse policy CiliumClusterwideNetworkPolicy none:",
		},
		"a policy without a namespace is an error": {
			"{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: lost}, spec: {endpointSelector: {}, ingress: [{}]}}",
			"CiliumNetworkPolicy lost: metadata.namespace is missing",
		},
		"a NetworkPolicy of another API group is an error": {
			"{apiVersion: crd.projectcalico.org/v1, kind: NetworkPolicy, metadata: {namespace: acme, name: calico}}",
			`parse policy NetworkPolicy acme/calico: apiVersion "crd.projectcalico.org/v1"`,
		},
		"toServices is an error": {
			cnp("svc", `{endpointSelector: {}, egress: [{toServices: [{k8sService: {serviceName: a, namespace: b}}], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]}`),
			"acme/svc: toServices",
		},
		"toServices in a cluster-wide policy is an error": {
			ccnp("svc", `{endpointSelector: {}, egress: [{toServices: [{k8sService: {serviceName: a, namespace: b}}]}]}`),
			"CiliumClusterwideNetworkPolicy svc: toServices",
		},
		"an unknown CIDR group is an error": {
			cnp("group", "{endpointSelector: {}, egress: [{toCIDRSet: [{cidrGroupRef: offices}]}]}"),
			"acme/group: it refers to a CiliumCIDRGroup that is not in the build",
		},
		"a duplicate policy is an error": {
			all(cnp("twice", denyIngress), cnp("twice", denyEgress)),
			"acme/twice: another policy has the same kind, namespace and name",
		},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			_, err := newEngine(engine.Options{Agent: cilium.AllFeatures()}, documents(t, c.policies), nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant it to contain %q", err, c.want)
			}
		})
	}
}

func TestAllRejectedPoliciesAreNamed(t *testing.T) {
	t.Parallel()
	_, err := newEngine(engine.Options{Agent: cilium.AllFeatures()}, documents(t, all(cnp("one", "{}"), cnp("good", denyIngress), netpol("two", "{podSelector: {}, policyTypes: [Sideways]}"))), nil)
	for _, want := range []string{"acme/one", "acme/two"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to name %s", err, want)
		}
	}
	if err != nil && strings.Contains(err.Error(), "acme/good") {
		t.Errorf("got %v, want no mention of acme/good", err)
	}
}

func TestFlowsThatCannotBeDecided(t *testing.T) {
	e := build(t, cnp("deny", denyIngress))
	for desc, c := range map[string]struct{ flow, want string }{
		"entity all is not one endpoint":     {"web -> @all:80", `"all" includes several kinds of endpoints`},
		"entity cluster is not one endpoint": {"@cluster -> web:80", `"cluster" includes several kinds of endpoints`},
		"an entity is unknown":               {"web -> @moon:80", `unknown entity "moon"`},
		"a DNS name is not a source":         {"api.openai.com -> web:80", "cannot be the source"},
		"a pattern is not a DNS name":        {"web -> *.openai.com:80", "is not a DNS name"},
		"an address is invalid":              {"web -> 192.0.2.300:80", "is not an IP address"},
		"a protocol has no ports":            {"db -> web:80/VRRP", `protocol "VRRP"`},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			v, err := e.Decide(parseFlow(t, c.flow))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, %v\nwant an error that contains %q", v, err, c.want)
			}
		})
	}
}

func TestNonPodEndpointsAreNotDecided(t *testing.T) {
	t.Parallel()
	e := build(t, cnp("deny", denyIngress))
	v, err := e.Decide(parseFlow(t, "192.0.2.1 -> web:80"))
	if err != nil || v.Egress.Decision != flow.NotEnforced || v.Ingress.Decision != flow.Denied {
		t.Errorf("got %+v, %v", v, err)
	}
}

func TestConflictingPoliciesAreAnError(t *testing.T) {
	t.Parallel()
	rule := `{endpointSelector: {}, egress: [{toEndpoints: [{}], toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {%s}}]}]}`
	e := build(t, all(cnp("http", strings.Replace(rule, "%s", "http: [{method: GET}]", 1)), cnp("dns", strings.Replace(rule, "%s", `dns: [{matchPattern: "*"}]`, 1))))
	if v, err := e.Decide(parseFlow(t, "web -> db:80")); err == nil || !strings.Contains(err.Error(), "conflict") {
		t.Errorf("got %v, %v, want a conflict", v, err)
	}
}

func TestValidate(t *testing.T) {
	for desc, c := range map[string]struct{ doc, want string }{
		"a valid policy is accepted":              {cnp("good", `{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {app: db}}]}]}`), ""},
		"empty directions match the schema":       {cnp("empty", "{endpointSelector: {}, ingress: [], egress: []}"), ""},
		"an empty value counts as unknown":        {cnp("empty", `{description: "", endpointSelector: {}, ingress: [{}]}`), "description"},
		"a valid cluster-wide policy is accepted": {ccnp("good", "{endpointSelector: {}, ingress: [{}]}"), ""},
		"a misspelt key in a selector is refused": {cnp("typo", "{endpointSelector: {matchLabel: {app: db}}, ingress: [{}]}"), "CiliumNetworkPolicy acme/typo"},
		"a bool for enableDefaultDeny is refused": {cnp("bool", "{endpointSelector: {}, enableDefaultDeny: false, ingress: [{}]}"), "enableDefaultDeny"},
		"a protocol in lower case is refused":     {cnp("tcp", `{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", protocol: tcp}]}]}]}`), "protocol"},
		"the unknown field pathRegex is refused":  {cnp("path", `{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{pathRegex: "/"}]}}]}]}`), "pathRegex"},
		"a numeric port is refused":               {cnp("int", `{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: 80}]}]}]}`), "port"},
		"a NetworkPolicy is refused":              {netpol("np", "{podSelector: {}}"), `kind "NetworkPolicy"`},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			err := engine.Validate(documents(t, c.doc)[0])
			switch {
			case c.want == "" && err != nil:
				t.Errorf("got %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v\nwant it to contain %q", err, c.want)
			}
		})
	}
}

func TestGarbageIsAnError(t *testing.T) {
	t.Parallel()
	for _, doc := range []string{"", "[]", "null", "{", `{"kind":7}`, `{"apiVersion":"cilium.io/v2","kind":"CiliumNetworkPolicy","metadata":{"name":"a","namespace":"b"},"spec":7}`} {
		if _, err := newEngine(engine.Options{Agent: cilium.AllFeatures()}, []json.RawMessage{json.RawMessage(doc)}, nil); err == nil {
			t.Errorf("New accepted %q", doc)
		}
		if err := engine.Validate([]byte(doc)); err == nil {
			t.Errorf("Validate accepted %q", doc)
		}
	}
}
