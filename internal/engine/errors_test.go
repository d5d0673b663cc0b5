package engine_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/policy"
)

func TestRejectedPolicies(t *testing.T) {
	for desc, c := range map[string]struct{ policies, want string }{
		"a policy that Cilium rejects is named": {
			cnp("empty", "{endpointSelector: {}, ingress: [], egress: []}"),
			"parse policy CiliumNetworkPolicy acme/empty: Invalid CiliumNetworkPolicy spec: rule must have at least one of",
		},
		"the namespace-label key with a slash and a colon is rejected": {
			cnp("colon", `{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace-label:tenant": "true"}}]}]}`),
			"CiliumNetworkPolicy acme/colon",
		},
		"a bad ipBlock is no panic": {
			netpol("block", "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: nonsense}}]}]}"),
			"parse policy NetworkPolicy acme/block: spec.ingress[0].from[0].ipBlock.cidr:",
		},
		"a port out of range is not every port": {
			netpol("port", "{podSelector: {}, ingress: [{ports: [{port: 70000}]}]}"),
			"NetworkPolicy acme/port: spec.ingress[0].ports[0]: port 70000",
		},
		"an unknown operator is not no requirement": {
			netpol("op", "{podSelector: {matchExpressions: [{key: a, operator: Like, values: [b]}]}}"),
			"spec.podSelector.matchExpressions[0].operator",
		},
		"a cluster-wide policy is named without a namespace": {
			ccnp("none", "{endpointSelector: {}}"),
			"parse policy CiliumClusterwideNetworkPolicy none:",
		},
		"a policy without a namespace does not become cluster-wide": {
			"{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: lost}, spec: {endpointSelector: {}, ingress: [{}]}}",
			"CiliumNetworkPolicy lost: it has no namespace",
		},
		"another project's NetworkPolicy is not guessed at": {
			"{apiVersion: crd.projectcalico.org/v1, kind: NetworkPolicy, metadata: {namespace: acme, name: calico}}",
			`parse policy NetworkPolicy acme/calico: apiVersion "crd.projectcalico.org/v1"`,
		},
		"toServices is not taken for everything": {
			cnp("svc", `{endpointSelector: {}, egress: [{toServices: [{k8sService: {serviceName: a, namespace: b}}], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]}`),
			"acme/svc: toServices",
		},
		"nor in a cluster-wide policy": {
			ccnp("svc", `{endpointSelector: {}, egress: [{toServices: [{k8sService: {serviceName: a, namespace: b}}]}]}`),
			"CiliumClusterwideNetworkPolicy svc: toServices",
		},
		"a CIDR group is not taken for nothing": {
			cnp("group", "{endpointSelector: {}, egress: [{toCIDRSet: [{cidrGroupRef: offices}]}]}"),
			"acme/group: it refers to a CiliumCIDRGroup that is not known",
		},
		"a policy given twice is not overwritten": {
			all(cnp("twice", denyIngress), cnp("twice", denyEgress)),
			"acme/twice: it is given twice",
		},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			_, err := engine.New(engine.Options{Agent: policy.AllFeatures()}, documents(t, c.policies), nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant it to contain %q", err, c.want)
			}
		})
	}
}

func TestAllRejectedPoliciesAreNamed(t *testing.T) {
	t.Parallel()
	_, err := engine.New(engine.Options{Agent: policy.AllFeatures()}, documents(t, all(cnp("one", "{}"), cnp("good", denyIngress), netpol("two", "{podSelector: {}, policyTypes: [Sideways]}"))), nil)
	for _, want := range []string{"acme/one", "acme/two"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to name %s", err, want)
		}
	}
	if err != nil && strings.Contains(err.Error(), "acme/good") {
		t.Errorf("got %v, want no word of acme/good", err)
	}
}

func TestFlowsThatCannotBeDecided(t *testing.T) {
	e := build(t, cnp("deny", denyIngress))
	for desc, c := range map[string]struct{ flow, want string }{
		"all is not an endpoint":       {"web -> @all:80", `"all" is many endpoints`},
		"cluster is not an endpoint":   {"@cluster -> web:80", `"cluster" is many endpoints`},
		"an unknown entity":            {"web -> @moon:80", `unknown entity "moon"`},
		"a name is no source":          {"api.openai.com -> web:80", "never the source"},
		"a pattern is no name":         {"web -> *.openai.com:80", "is not a DNS name"},
		"a broken address":             {"web -> 192.0.2.300:80", "is not an IP address"},
		"a protocol that has no ports": {"db -> web:80/VRRP", `protocol "VRRP"`},
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
	if err != nil || v.Egress.Decision != policy.NotEnforced || v.Ingress.Decision != policy.Denied {
		t.Errorf("got %+v, %v", v, err)
	}
}

func TestConflictingPoliciesAreAnError(t *testing.T) {
	t.Parallel()
	rule := `{endpointSelector: {}, egress: [{toEndpoints: [{}], toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {%s}}]}]}`
	e := build(t, all(cnp("http", strings.Replace(rule, "%s", "http: [{method: GET}]", 1)), cnp("dns", strings.Replace(rule, "%s", `dns: [{matchPattern: "*"}]`, 1))))
	if v, err := e.Decide(parseFlow(t, "web -> db:80")); err == nil || !strings.Contains(err.Error(), "conflict") {
		t.Errorf("got %v, %v, want an error that says conflict", v, err)
	}
}

func TestValidate(t *testing.T) {
	for desc, c := range map[string]struct{ doc, want string }{
		"a good policy passes":               {cnp("good", `{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {app: db}}]}]}`), ""},
		"empty directions pass the schema":   {cnp("empty", "{endpointSelector: {}, ingress: [], egress: []}"), ""},
		"an empty value counts as unknown":   {cnp("empty", `{description: "", endpointSelector: {}, ingress: [{}]}`), "description"},
		"a good cluster-wide policy passes":  {ccnp("good", "{endpointSelector: {}, ingress: [{}]}"), ""},
		"a misspelt key within a selector":   {cnp("typo", "{endpointSelector: {matchLabel: {app: db}}, ingress: [{}]}"), "CiliumNetworkPolicy acme/typo"},
		"enableDefaultDeny is no bool":       {cnp("bool", "{endpointSelector: {}, enableDefaultDeny: false, ingress: [{}]}"), "enableDefaultDeny"},
		"a protocol in lower case":           {cnp("tcp", `{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", protocol: tcp}]}]}]}`), "protocol"},
		"pathRegex, which does not exist":    {cnp("path", `{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{pathRegex: "/"}]}}]}]}`), "pathRegex"},
		"a port that is a number":            {cnp("int", `{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: 80}]}]}]}`), "port"},
		"NetworkPolicy is none of its kinds": {netpol("np", "{podSelector: {}}"), `kind "NetworkPolicy"`},
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
		if _, err := engine.New(engine.Options{Agent: policy.AllFeatures()}, []json.RawMessage{json.RawMessage(doc)}, nil); err == nil {
			t.Errorf("New took %q", doc)
		}
		if err := engine.Validate([]byte(doc)); err == nil {
			t.Errorf("Validate took %q", doc)
		}
	}
}
