package reach

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/netpol"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// alikePods generates a build in which many pods are alike, with policies and declared flows that need not fit.
type alikePods struct{ *rand.Rand }

func pick[T any](r alikePods, of ...T) T { return of[r.IntN(len(of))] }

func (r alikePods) labels() string {
	return pick(r, "{app: a}", "{app: a}", "{app: a, tier: x}", "{app: b}", "{app: b, tier: y}", "{}")
}

func (r alikePods) index(t *testing.T) *resource.Index {
	t.Helper()
	var b strings.Builder
	for _, ns := range []string{"acme", "beta", "shop"} {
		fmt.Fprintf(&b, "---\n{apiVersion: v1, kind: Namespace, metadata: {name: %s, labels: {team: %s}}}\n", ns, pick(r, "red", "blue"))
		for i := range 3 + r.IntN(4) {
			ports := pick(r, "[]", "[{name: http, containerPort: 8080}]", "[{name: http, containerPort: 8080}]", "[{name: http, containerPort: 8081}]")
			fmt.Fprintf(&b, "---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: w%d, namespace: %s}, spec: {template: {metadata: {labels: %s}, spec: {containers: [{name: c, ports: %s}]}}}}\n", i, ns, r.labels(), ports)
		}
	}
	items, err := kio.FromBytes([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	index, findings := resource.NewIndex(items)
	if findings.HasError() {
		t.Fatal(findings)
	}
	return index
}

func (r alikePods) policies() []json.RawMessage {
	selector := func() string {
		return pick(r, `{}`, `{"matchLabels": {"app": "a"}}`, `{"matchLabels": {"app": "b"}}`, `{"matchLabels": {"tier": "x"}}`)
	}
	peer := func() string {
		return fmt.Sprintf(`{"podSelector": %s, "namespaceSelector": %s}`, selector(), pick(r, `{"matchLabels": {"kubernetes.io/metadata.name": "beta"}}`, `{"matchLabels": {"kubernetes.io/metadata.name": "acme"}}`, `{"matchLabels": {"team": "red"}}`, `{}`))
	}
	ports := func() string {
		return pick(r, `{"port": 8080}`, `{"port": "http"}`, `{"port": 9000, "endPort": 9010}`, `{"protocol": "UDP"}`)
	}
	var out []json.RawMessage
	for _, ns := range []string{"acme", "beta"} {
		for i := range 2 + r.IntN(3) {
			out = append(out, json.RawMessage(fmt.Sprintf(`{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"namespace": %q, "name": "p%d"},
				"spec": {"podSelector": %s, "policyTypes": ["Ingress", "Egress"], "ingress": [{"from": [%s], "ports": [%s]}], "egress": [{"to": [%s, %s], "ports": [%s]}]}}`,
				ns, i, selector(), peer(), ports(), peer(), peer(), ports())))
		}
	}
	return out
}

func (r alikePods) fence() *policy.Fence {
	f := &policy.Fence{Name: "platform", Cluster: v1alpha1.Cluster{CNI: v1alpha1.CNIKubernetes}, Policies: v1alpha1.PoliciesKubernetes}
	f.Baseline.DNS.Namespace, f.Baseline.DNS.Port = "shop", 53
	peer := func() policy.Peer {
		pods := pick(r, endpoints.Selector{}, app("a"), app("b"), endpoints.Selector{MatchLabels: map[string]string{"tier": "x"}})
		return pick(r, policy.Peer{Kind: policy.Pods, Namespace: "acme", Pods: pods}, policy.Peer{Kind: policy.Pods, Namespace: "beta", Pods: pods}, policy.Peer{Kind: policy.Pods, NamespaceLabels: map[string]string{"team": "red"}, Pods: pods})
	}
	for i := range 3 + r.IntN(5) {
		one := &policy.Declaration{Owner: "acme", Reason: report.Reason{Kind: "Tenant", Name: "acme", Field: fmt.Sprintf("spec.egress[%d]", i)}}
		ports := pick(r, []flow.Port{{Port: 8080, Protocol: v1alpha1.TCP}}, []flow.Port{{Name: "http", Protocol: v1alpha1.TCP}}, []flow.Port{{Port: 9005, End: 9010, Protocol: v1alpha1.TCP}}, nil)
		f.Grants = append(f.Grants, policy.Grant{From: peer(), To: peer(), Ports: ports, Source: one})
	}
	return f.WithOwners(
		&policy.Owner{Name: "acme", Namespaces: []string{"acme"}, Enforcement: v1alpha1.Enforce},
		&policy.Owner{Name: "beta", Namespaces: []string{"beta"}, Enforcement: v1alpha1.AllowOnly},
	)
}

func (r alikePods) proof(t *testing.T) Proof {
	t.Helper()
	f, index := r.fence(), r.index(t)
	p := Proof{Fence: f, Endpoints: Endpoints{Index: index, Fence: f}, Policies: map[flow.PolicyID]*resource.Policy{}}
	program, err := netpol.Read(netpol.Options{PodCIDRs: []string{"10.0.0.0/16"}, NodeCIDRs: []string{"172.20.0.0/24"}}, r.policies())
	if err != nil {
		t.Fatal(err)
	}
	views, err := p.Compile(nil, WithRepresentatives, program)
	if err != nil {
		t.Fatal(err)
	}
	p.View = views[0]
	return p
}

// searchEachPair is search.search without classes: each peer of each pod is decided by itself.
func (s *search) searchEachPair(t *testing.T, pod endpoints.Endpoint, d flow.Direction) {
	t.Helper()
	v := s.expectation.viewOf(pod, d)
	openings, err := s.View.Openings(pod, d)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range openings {
		if len(o.Policies) == 0 {
			s.leaks.leakOf(v, flow.Opening{}, "").subjects.add(pod.Name)
			continue
		}
		for peer := range o.Peers.All() {
			for _, rest := range v.undeclared(o, *peer) {
				s.add(v, rest, *peer)
			}
		}
	}
}

func texts(all report.Findings) []string {
	var out []string
	for _, f := range all {
		out = append(out, f.String()+"\n"+strings.Join(f.Details, "\n"))
	}
	return out
}

// TestClassesDecideAsPairs compares the findings and counts of the proof, which decides classes of pods, with
// those of each pair by itself.
func TestClassesDecideAsPairs(t *testing.T) {
	t.Parallel()
	pairs, alike := 0, 0
	for seed := range uint64(80) {
		p := alikePods{rand.New(rand.NewPCG(seed, 2))}.proof(t)
		by, each := p.newSearch(), p.newSearch()
		for _, pod := range p.fenced(p.View.Set.Known()) {
			for _, d := range flow.Directions() {
				if err := by.search(pod, d); err != nil {
					t.Fatal(err)
				}
				each.searchEachPair(t, pod, d)
			}
		}
		if diff := cmp.Diff(texts(each.findings()), texts(by.findings())); diff != "" {
			t.Fatalf("seed %d: findings of pairs and of classes: %s", seed, diff)
		}
		want, got := countsOf(each), countsOf(by)
		if !slices.Equal(want, got) {
			t.Fatalf("seed %d: %v pairs, and %v by classes", seed, want, got)
		}
		pairs += len(want)
		for key := range maps.Values(by.classes.decided) {
			alike += len(key)
		}
		checkDeclared(t, seed, p)
	}
	if pairs < 200 || alike < 200 {
		t.Errorf("%d leaks in %d classes: too few to compare", pairs, alike)
	}
}

func countsOf(s *search) []int {
	var out []int
	for _, l := range s.leaks.list {
		out = append(out, l.count)
	}
	return out
}

// checkDeclared compares what becomes of each declared flow with decisions about each pair and port.
func checkDeclared(t *testing.T, seed uint64, p Proof) {
	t.Helper()
	counted, _ := p.DeclaredFlows()
	got := map[string]string{}
	for state, all := range map[string][]report.Reason{"denied": counted.Denied, "partly": counted.PartlyAllowed, "undecided": counted.Undecided, "without effect": counted.WithoutEffect} {
		for _, r := range all {
			got[r.Field] = state
		}
	}
	outcomes := map[string]*outcome{}
	d := &declaredFlows{search: p.newSearch(), endpoints: newKnownEndpoints(p.View.Set.Known())}
	x := NewExpectation(p.Fence)
	for at, all := range x.at {
		for _, w := range all {
			if w.Owner == nil || !p.Fence.GeneratesPolicies(w.Owner.Enforcement) {
				continue
			}
			if outcomes[w.Reason.Field] == nil {
				outcomes[w.Reason.Field] = &outcome{}
			}
			own := w.Owner.PeerIn(at.namespace)
			own.Pods = w.Subject
			d.decideEachPair(t, outcomes[w.Reason.Field], flowSide{Expected: w, direction: at.direction, handles: p.Fence.Handles}, d.peerEndpoints(own), d.peerEndpoints(w.Peer))
		}
	}
	for field, o := range outcomes {
		want := ""
		switch {
		case o.Denied && o.Allowed:
			want = "partly"
		case o.Denied:
			want = "denied"
		case !o.Allowed:
			want = "undecided"
		}
		if got[field] != want {
			t.Errorf("seed %d: %s is %q, and pairs decide %q", seed, field, got[field], want)
		}
	}
}

// decideEachPair decides every pair and port.
func (d *declaredFlows) decideEachPair(t *testing.T, o *outcome, c flowSide, own, peers []endpoints.Endpoint) {
	t.Helper()
	for _, a := range own {
		for _, b := range peers {
			from, to := c.fromTo(a, b)
			if v, err := d.View.Decide(flow.Flow{From: from, To: to}); err == nil && len(c.Ports) == 0 && v.Decision() == flow.Depends {
				// Some ports are allowed at each side, be they others.
				o.Allowed = true
			}
			for _, r := range c.ranges(to) {
				for _, port := range []uint16{r.First, 8080, 8081, 9000, 9005, 9010, r.Last} {
					if port < r.First || port > r.Last {
						continue
					}
					v, err := d.View.Decide(flow.Flow{From: from, To: to, Protocol: r.Protocol, Port: port})
					if err != nil {
						t.Fatal(err)
					}
					o.Allowed = o.Allowed || v.Decision() == flow.Allowed
					o.Denied = o.Denied || v.Decision() != flow.Allowed
				}
			}
		}
	}
}
