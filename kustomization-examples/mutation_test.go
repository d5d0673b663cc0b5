package examples_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/flow/flowtest"
	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/netpol"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resolve"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// TestEveryPolicyIsNeeded removes each generated policy of each example and expects a changed
// decision. Allow policies are decided as if every tenant were enforced, default-deny policies
// as they are.
func TestEveryPolicyIsNeeded(t *testing.T) {
	t.Parallel()
	skipInShort(t, "removes each policy of every example in turn")
	for _, dir := range append(examples(t), "kpt") {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			for _, m := range newMutants(t, dir) {
				m.allAreNeeded(t)
			}
		})
	}
}

// TestDuplicatePolicyIsNotNeeded adds a copy of each policy: removing one of them changes no
// decision.
func TestDuplicatePolicyIsNotNeeded(t *testing.T) {
	t.Parallel()
	m := newMutants(t, "quickstart")[0]
	for _, n := range m.policies {
		duplicate := n.Copy()
		if err := duplicate.SetName("duplicate"); err != nil {
			t.Fatal(err)
		}
		extended := *m
		extended.policies = append(slices.Clone(m.policies), duplicate)
		if n.GetLabels()[resource.LabelStage] != string(v1alpha1.StageDefaultDeny) && extended.isNeeded(t, n) {
			t.Errorf("%s is needed, want no effect with a duplicate", n.GetName())
		}
	}
}

// mutant is an example whose policies are removed one at a time.
type mutant struct {
	policies  []*yaml.RNode
	fence     *policy.Fence
	endpoints reach.Endpoints
	tests     []resource.FlowTest
	// recorded is the number of declared flows.
	recorded int
	// only is the single isolated namespace, or empty for all.
	only string
}

func (m *mutant) allAreNeeded(t *testing.T) {
	t.Helper()
	if len(m.policies) == 0 || m.recorded == 0 {
		t.Fatal("the example has no policy or no declared flow")
	}
	for _, n := range m.policies {
		around := m.around(n)
		needed := around.isNeeded
		if n.GetLabels()[resource.LabelStage] == string(v1alpha1.StageDefaultDeny) {
			needed = around.isolates
		}
		if !needed(t, n) {
			t.Errorf("removing %s %s/%s changes no decision", n.GetKind(), n.GetNamespace(), n.GetName())
		}
	}
}

// around excludes the policies of other namespaces, which decide nothing in the namespace of n.
// Other namespaces are then not isolated, except by cluster-wide policies. The default-deny of
// nodes repeats their allows, so it is excluded as well: the allows are needed before that stage.
func (m *mutant) around(n *yaml.RNode) *mutant {
	if n.GetLabels()[resource.LabelFamily] == string(policy.Host) {
		out := *m
		out.policies = slices.DeleteFunc(slices.Clone(m.policies), func(p *yaml.RNode) bool { return p.GetName() == n.GetName()+".default-deny" })
		return &out
	}
	if slices.ContainsFunc(m.policies, func(p *yaml.RNode) bool { return p.GetNamespace() == "" }) {
		return m
	}
	out := *m
	out.only = n.GetNamespace()
	out.policies = slices.DeleteFunc(slices.Clone(m.policies), func(p *yaml.RNode) bool { return p.GetNamespace() != out.only })
	return &out
}

// newMutants returns the forms of an example's policies, each with its own enforcer.
func newMutants(t *testing.T, dir string) []*mutant {
	t.Helper()
	var b build
	if dir == "kpt" {
		_, b = renderPackage(t, copyExample(t, dir))
	} else {
		b = buildExample(t, dir)
	}
	in, index, findings := generate.Read(b.config, b.items)
	if findings.HasError() {
		t.Fatal(findings)
	}
	fence, networkPolicyForm, _ := resolve.Resolve(in, index)
	all := []*mutant{{fence: fence}}
	if fence.Policies == v1alpha1.PoliciesBoth {
		all = append(all, &mutant{fence: networkPolicyForm})
	}
	for _, m := range all {
		m.tests = in.FlowTests
		m.endpoints = reach.Endpoints{Index: index, Fence: m.fence}
		for _, n := range b.items {
			isNetworkPolicyForm := len(all) > 1 && m.fence.Policies == v1alpha1.PoliciesKubernetes
			included := len(all) == 1 || isNetworkPolicyForm == (n.GetKind() == resource.KindKubernetes)
			if included && n.GetLabels()[resource.LabelManagedBy] == resource.ManagedBy && !resource.IsEgressNames(n) {
				m.policies = append(m.policies, n)
			}
		}
		m.record(t)
	}
	return all
}

// record stores the number of declared flows, which must all be allowed.
func (m *mutant) record(t *testing.T) {
	t.Helper()
	declared, findings := m.declared(t, nil)
	if findings.HasError() {
		t.Fatal(findings)
	}
	m.recorded = declared.Total()
}

// declared decides the declared flows without one policy.
func (m *mutant) declared(t *testing.T, without *yaml.RNode) (report.DeclaredFlows, report.Findings) {
	t.Helper()
	subject := reach.Proof{Fence: m.fence, Endpoints: m.endpoints}
	views, err := subject.Compile(nil, reach.WithRepresentatives, m.engine(t, without, m.defaultDeny(t)...).Program())
	if err != nil {
		t.Fatal(err)
	}
	subject.View = views[0]
	return subject.DeclaredFlows()
}

// engine enforces all policies except one, and additional ones.
func (m *mutant) engine(t *testing.T, without *yaml.RNode, docs ...json.RawMessage) *flowtest.Engine {
	t.Helper()
	kept := slices.DeleteFunc(slices.Clone(m.policies), func(n *yaml.RNode) bool { return n == without })
	docs = append(docs, documents(t, kept)...)
	e, err := enforcer(m.fence.Cluster, docs, m.endpoints.Pods())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// defaultDeny returns policies that isolate every tenant and all nodes, as if they were enforced.
func (m *mutant) defaultDeny(t *testing.T) []json.RawMessage {
	t.Helper()
	var docs []json.RawMessage
	for _, tenant := range m.fence.Tenants() {
		for _, ns := range tenant.Namespaces {
			if m.only != "" && m.only != ns {
				continue
			}
			docs = append(docs, json.RawMessage(`{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"test-default-deny.`+tenant.Name+`","namespace":"`+ns+`"},"spec":{"podSelector":`+endpoints.JSONKey(tenant.Selector)+`,"policyTypes":["Ingress","Egress"]}}`))
		}
	}
	for _, n := range m.fence.Nodes() {
		spec := map[string]any{"nodeSelector": n.Selector}
		for _, d := range n.DefaultDeny {
			spec[string(d)] = []any{map[string]any{}}
		}
		data, err := json.Marshal(map[string]any{"apiVersion": "cilium.io/v2", "kind": resource.KindClusterwide, "metadata": map[string]any{"name": "default-deny-" + n.Name}, "spec": spec})
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, data)
	}
	return docs
}

func enforcer(c v1alpha1.Cluster, policies []json.RawMessage, pods []endpoints.Endpoint) (*flowtest.Engine, error) {
	if c.CNI == v1alpha1.CNIKubernetes {
		options := netpol.Options{PodCIDRs: c.PodCIDRs, ServiceCIDRs: c.ServiceCIDRs, NodeCIDRs: c.NodeCIDRs}
		if c.APIServer != nil {
			options.APIServer = c.APIServer.CIDRs
		}
		p, err := netpol.Read(options, policies)
		return flowtest.New(p, err, pods)
	}
	p, err := engine.Read(engine.Options{ClusterName: c.Name, Agent: cilium.AllFeatures()}, policies)
	return flowtest.New(p, err, pods)
}

// isNeeded reports whether a declared flow is denied without an allow policy.
func (m *mutant) isNeeded(t *testing.T, n *yaml.RNode) bool {
	t.Helper()
	_, findings := m.declared(t, n)
	return slices.ContainsFunc(findings, func(f report.Finding) bool { return f.Check == report.DeclaredFlowDenied })
}

// isolates reports whether only the default-deny isolates an endpoint that it selects, in each of
// its directions: a pod of the tenant or of an unclaimed namespace, or a node. If allow policies
// isolate as well, only the default-deny is enforced.
func (m *mutant) isolates(t *testing.T, n *yaml.RNode) bool {
	t.Helper()
	if !m.fence.Additive() {
		alone := *m
		alone.policies = []*yaml.RNode{n}
		m = &alone
	}
	selected, directions := m.selectedBy(n)
	nodes := entity(v1alpha1.EntityRemoteNode)
	for _, d := range directions {
		f := flow.Flow{From: selected, To: nodes, Port: 9}
		if d == flow.Ingress {
			f = flow.Flow{From: nodes, To: selected, Port: 9}
		}
		var decided []string
		for _, e := range []*flowtest.Engine{m.engine(t, nil), m.engine(t, n)} {
			v, err := e.Decide(f)
			if err != nil {
				t.Fatal(err)
			}
			decided = append(decided, string(v.Decision()))
		}
		if strings.Join(decided, " ") != "denied allowed" {
			t.Logf("%s is %v", f, decided)
			return false
		}
	}
	return true
}

// selectedBy returns an endpoint that a default-deny selects, and its directions.
func (m *mutant) selectedBy(n *yaml.RNode) (endpoints.Endpoint, []flow.Direction) {
	for _, node := range m.fence.Nodes() {
		if n.GetLabels()[resource.LabelNode] == node.Name {
			return endpoints.RepresentativeNode(endpoints.ExampleLabels(node.Selector)), node.DefaultDeny
		}
	}
	pod := endpoints.Endpoint{Kind: endpoints.PodEndpoint, Name: "a pod", Namespace: n.GetNamespace()}
	for _, tenant := range m.fence.Tenants() {
		if tenant.Name == n.GetLabels()[resource.LabelTenant] {
			pod.Labels = tenant.Selector.MatchLabels
		}
	}
	if n.GetKind() == resource.KindClusterwide {
		pod.Namespace = "later"
	}
	return pod, []flow.Direction{flow.Egress, flow.Ingress}
}
