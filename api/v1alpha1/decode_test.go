package v1alpha1

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

func TestUnquotedScalarInStringField(t *testing.T) {
	for desc, c := range map[string]struct{ written, want string }{
		"a version that is a number loses its zero": {`1.20`, `must be a string: write "1.20" in quotes (unquoted 1.20 is the number 1.2)`},
		"a number that a host has shortened":        {`1.2`, `must be a string: write "1.2" in quotes (unquoted 1.2 is a number; if you wrote 1.20, write "1.20")`},
		"a number that keeps its spelling":          {`42`, `must be a string: write "42" in quotes (unquoted 42 is a number)`},
		"an octal number":                           {`0o17`, `must be a string: write "0o17" in quotes (unquoted 0o17 is the number 15)`},
		"a number too long to repeat":               {`1e300`, `must be a string: write "1e300" in quotes (unquoted 1e300 is a number)`},
		"infinity":                                  {`.inf`, `must be a string: write ".inf" in quotes (unquoted .inf is the number +Inf)`},
		"a boolean":                                 {`true`, `must be a string: write "true" in quotes (unquoted true is a boolean)`},
		"a number in quotes is a text":              {`"1.20"`, ``},
		"a date is a text":                          {`2024-01-01`, ``},
		"what only old parsers take for a boolean":  {`yes`, ``},
		"a tag that is not of YAML":                 {`!secret x`, `must be a string, not !secret`},
		"bytes":                                     {`!!binary YQ==`, `must be a string, not !!binary`},
		"nothing":                                   {``, `is empty: set a value, or remove the field`},
		"null":                                      {`~`, `is empty: set a value, or remove the field`},
		"a list":                                    {`[a]`, `must be a string, not a list`},
	} {
		t.Run(desc, func(t *testing.T) {
			_, errs := Decode[Tenant](tenant("id: "+c.written), nil)
			got := strings.TrimSpace(strings.TrimPrefix(lines(errs), "spec.id: Invalid value: "))
			if got != c.want {
				t.Errorf("id: %s\ngot:  %s\nwant: %s", c.written, got, c.want)
			}
		})
	}
}

// tenant returns a Tenant with the lines of a spec.
func tenant(spec ...string) *yaml.RNode {
	return yaml.MustParse("apiVersion: " + APIVersion + "\nkind: Tenant\nmetadata: {name: acme}\nspec:\n  " + strings.Join(spec, "\n  "))
}

func TestMisspelledFieldHidesFollowUpErrors(t *testing.T) {
	for desc, c := range map[string]struct{ flow, want string }{
		"a peer of a misspelt kind is not also without a kind": {
			`{name: a, to: [{fqdn: [a.example.com]}]}`,
			"spec.egress[0].to[0].fqdn: unexpected field: did you mean fqdns?\n",
		},
		"misspelt ports are not also missing": {
			`{name: a, to: [{fqdns: [a.example.com]}], prots: [{port: 443}]}`,
			"spec.egress[0].prots: unexpected field: did you mean ports?\n",
		},
		"a peer of the wrong type is not also without a kind": {
			`{name: a, to: [{tenant: 1}, beta]}`,
			"spec.egress[0].to[0].tenant: Invalid value: must be a string: write \"1\" in quotes (unquoted 1 is a number)\n" +
				"spec.egress[0].to[1]: Invalid value: must be a map, not the string \"beta\": its fields are anyTenant, children, cidrs, entities, except, fqdns, namespace, namespaceLabels, parent, pods, service, tenant\n",
		},
		"the fields next to a misspelt one are still validated": {
			`{nam: a, name: A, to: [{cidrs: [10.0.0.1/8]}]}`,
			"spec.egress[0].nam: unexpected field: did you mean name?\n" +
				"spec.egress[0].to[0].cidrs[0]: Invalid value: \"10.0.0.1/8\": has host bits, and would match all of 10.0.0.0/8: write this network, or 10.0.0.1/32 for one address\n",
		},
	} {
		t.Run(desc, func(t *testing.T) {
			if _, errs := Decode[Tenant](tenant("egress:", "- "+c.flow), nil); lines(errs) != c.want {
				t.Errorf("got:\n%swant:\n%s", lines(errs), c.want)
			}
		})
	}
}

func TestDecodeRejectsNonResources(t *testing.T) {
	for desc, n := range map[string]*yaml.RNode{
		"no node at all":     nil,
		"a node of nothing":  yaml.NewRNode(nil),
		"an empty node":      yaml.NewRNode(&yaml.Node{}),
		"a scalar":           yaml.NewStringRNode("x"),
		"an alias":           yaml.NewRNode(&yaml.Node{Kind: yaml.AliasNode}),
		"a map with no keys": yaml.MustParse("{}"),
	} {
		t.Run(desc, func(t *testing.T) {
			if out, errs := Decode[Tenant](n, nil); out != nil || len(errs) == 0 {
				t.Errorf("decoded as %v", out)
			}
		})
	}
}

func TestDecodeRejectsOtherKinds(t *testing.T) {
	_, errs := Decode[FenceProfile](tenant("{}"), nil)
	if want := "kind: Invalid value: \"Tenant\": must be FenceProfile\n"; lines(errs) != want {
		t.Errorf("got %q, want %q", lines(errs), want)
	}
}

func TestDecodeIgnoresYAMLStyle(t *testing.T) {
	for desc, content := range map[string]string{
		"JSON":           `{"kind":"Tenant","spec":{"id":"x"},"metadata":{"name":"acme"},"apiVersion":"tenantfence.dev/v1alpha1"}`,
		"with a comment": "# a Tenant\napiVersion: tenantfence.dev/v1alpha1\nkind: Tenant # it is\nmetadata:\n  name: acme\nspec:\n  id: x\n",
		"with an anchor": "apiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: &m\n  name: acme\nspec: {id: !!str x}\n",
	} {
		t.Run(desc, func(t *testing.T) {
			got, errs := Decode[Tenant](yaml.MustParse(content), nil)
			if len(errs) > 0 {
				t.Fatal(lines(errs))
			}
			if got.Name != "acme" || got.Spec.ID != "x" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestDecodeKeepsEmptyLists(t *testing.T) {
	got, errs := Decode[FenceProfile](yaml.MustParse(`
apiVersion: tenantfence.dev/v1alpha1
kind: FenceProfile
metadata: {name: default}
spec:
  cluster: {cni: Cilium, ciliumVersion: "1.20"}
  overrides:
  - tenants: ["*"]
    limits: {fqdns: []}
`), nil)
	if len(errs) > 0 {
		t.Fatal(lines(errs))
	}
	if l := got.Spec.Overrides[0].Limits; l.FQDNs == nil || l.CIDRs != nil {
		t.Errorf("an empty limit and an omitted one must differ, in an override: %+v", l)
	}
}

func decodeSample[T any, P Object[T]](t *testing.T, name string) *T {
	t.Helper()
	out, errs := Decode[T, P](readSample(t, filepath.Join("testdata", "ok", name+".yaml")), nil)
	if len(errs) > 0 {
		t.Fatal(lines(errs))
	}
	return out
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %+v, want %+v", what, got, want)
	}
}

func TestProfileDefaults(t *testing.T) {
	allowed := true
	equal(t, "spec", decodeSample[FenceProfile](t, "profile-smallest").Spec, FenceProfileSpec{
		Cluster:     Cluster{CNI: CNICilium, CiliumVersion: "1.20"},
		Policies:    PoliciesCilium,
		Scope:       ScopeNamespace,
		Enforcement: AllowOnly,
		Tenants:     TenantRules{NamespacePattern: "tenant-{name}"},
		Baseline: Baseline{
			DNS: DNS{
				Namespace: "kube-system", Port: 53, Names: []string{"*"},
				Pods: &metav1.LabelSelector{MatchLabels: map[string]string{"k8s-app": "kube-dns"}},
			},
			IntraNamespace: &allowed,
		},
	})
}

func TestProfileKeepsExplicitValues(t *testing.T) {
	spec := decodeSample[FenceProfile](t, "profile-everything").Spec
	equal(t, "enforcement", spec.Enforcement, Enforce)
	equal(t, "namespacePattern", spec.Tenants.NamespacePattern, "{name}-prod")
	equal(t, "dns.port", spec.Baseline.DNS.Port, int32(5353))
	equal(t, "intraNamespace", *spec.Baseline.IntraNamespace, false)
	equal(t, "apiServer.ports", spec.Baseline.APIServer.Ports, []int32{6443})
	equal(t, "monitoring.ports", spec.Baseline.Monitoring.Ports[0].Protocol, TCP)
	equal(t, "allTenants.ingress.ports", spec.AllTenants.Ingress[0].Ports[0].Protocol, TCP)
	equal(t, "limits.ports", spec.Limits.Ports[0].Protocol, TCP)
}

func TestAPIServerPortDefaults(t *testing.T) {
	p := FenceProfile{Spec: FenceProfileSpec{Baseline: Baseline{APIServer: &APIServer{}}}}
	p.SetDefaults()
	equal(t, "ports", p.Spec.Baseline.APIServer.Ports, []int32{443, 6443})
}

func TestTenantHasNoProfileDefaults(t *testing.T) {
	equal(t, "spec", decodeSample[Tenant](t, "tenant-smallest").Spec, TenantSpec{})
}

func TestPortProtocolDefault(t *testing.T) {
	ports := decodeSample[Tenant](t, "tenant-everything").Spec.Ingress[0].Ports
	equal(t, "omitted", ports[0].Protocol, TCP)
	equal(t, "set", ports[1].Protocol, UDP)
}

func TestSourceIPDefault(t *testing.T) {
	tenant := Tenant{Spec: TenantSpec{AgentIngress: []AgentIngress{{Mode: LoadBalancer}, {Mode: LoadBalancer, SourceIP: SourceNode}, {Mode: EdgeProxy}}}}
	tenant.SetDefaults()
	equal(t, "omitted", tenant.Spec.AgentIngress[0].SourceIP, SourceClient)
	equal(t, "set", tenant.Spec.AgentIngress[1].SourceIP, SourceNode)
	equal(t, "of an edge proxy", tenant.Spec.AgentIngress[2].SourceIP, SourceIP(""))
}

func TestFenceDefaults(t *testing.T) {
	equal(t, "omitted", decodeSample[TenantFence](t, "fence-smallest").Spec.Stages, []Stage{StageBaseline, StageAllow, StageDefaultDeny})
	equal(t, "set", decodeSample[TenantFence](t, "fence-generator").Spec.Stages, []Stage{StageBaseline, StageAllow})
	equal(t, "proof omitted", decodeSample[TenantFence](t, "fence-smallest").Spec.Proof, ProofIsolation)
	equal(t, "proof set", decodeSample[TenantFence](t, "fence-generator").Spec.Proof, ProofNone)
}

func TestInlineResourceDefaults(t *testing.T) {
	spec := decodeSample[TenantFence](t, "fence-generator").Spec
	equal(t, "profile", spec.Profile.Enforcement, AllowOnly)
	equal(t, "tenants", spec.Tenants[0].Name, "acme")
}

func TestFlowCaseProtocolDefault(t *testing.T) {
	cases := decodeSample[FlowTest](t, "flowtest").Spec.Cases
	equal(t, "omitted", cases[0].Protocol, TCP)
	equal(t, "set", cases[2].Protocol, UDP)
}

func TestFlowCaseDefaults(t *testing.T) {
	test := FlowTest{Spec: FlowTestSpec{Cases: []FlowCase{{}, {Protocol: UDP}, {ICMP: ICMPEchoRequest}, {DNS: "a.b"}, {Port: 80, HTTP: &HTTPRequest{}}, {HTTP: &HTTPRequest{Method: "POST", Path: "/v1"}}}}}
	test.SetDefaults()
	equal(t, "cases", test.Spec.Cases, []FlowCase{
		{}, {Protocol: UDP}, {ICMP: ICMPEchoRequest}, {DNS: "a.b", Port: 53},
		{Port: 80, Protocol: TCP, HTTP: &HTTPRequest{Method: "GET", Path: "/"}},
		{Protocol: TCP, HTTP: &HTTPRequest{Method: "POST", Path: "/v1"}},
	})
}

func TestKubernetesCNIDefaults(t *testing.T) {
	p := FenceProfile{Spec: FenceProfileSpec{
		Cluster:  Cluster{CNI: CNIKubernetes, APIServer: &APIServerAddresses{CIDRs: []string{"192.0.2.10/32"}}},
		Baseline: Baseline{APIServer: &APIServer{}},
	}}
	p.SetDefaults()
	equal(t, "the form", p.Spec.Policies, PoliciesKubernetes)
	equal(t, "the apiserver's ports", p.Spec.Cluster.APIServer.Ports, []int32{443, 6443})
	p.Spec.Cluster.APIServer.Ports, p.Spec.Baseline.APIServer.Ports = []int32{6443}, nil
	p.SetDefaults()
	equal(t, "the baseline's ports are the cluster's", p.Spec.Baseline.APIServer.Ports, []int32{6443})
}
