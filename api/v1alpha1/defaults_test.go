package v1alpha1

import (
	"path/filepath"
	"reflect"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

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
