package fn

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/internal/report"

	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/convert"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// equivalenceProof proves that converted policies do what they did.
type equivalenceProof struct {
	policies  []convert.Policy
	others    []*yaml.RNode
	namespace string
	index     *resource.Index
	progress  policy.Progress
	compared  reach.Equivalence
	findings  report.Findings
}

func newEquivalenceProof(c Conversion, policies []convert.Policy, others []*yaml.RNode) *equivalenceProof {
	s := &equivalenceProof{policies: policies, others: others, namespace: c.Namespace, progress: c.Progress}
	if s.namespace == "" {
		s.namespace = "default"
	}
	var items []*yaml.RNode
	seen := map[report.Ref]bool{}
	for _, n := range slices.Concat(others, c.Inputs) {
		n = s.withNamespace(n)
		// What is told twice is known.
		if id := resource.ID(n); !seen[id] {
			seen[id] = true
			items = append(items, n)
		}
	}
	var unread report.Findings
	s.index, unread = resource.NewIndex(items)
	for _, f := range unread {
		f.Severity = report.Warning
		s.findings = append(s.findings, f)
	}
	return s
}

// withNamespace is a copy of a resource with a namespace. One that is of the whole cluster is not
// harmed.
func (s *equivalenceProof) withNamespace(n *yaml.RNode) *yaml.RNode {
	c := n.Copy()
	if c.GetNamespace() == "" && c.GetKind() != "Namespace" {
		// It fails only for what is no mapping, which no resource is.
		_ = c.SetNamespace(s.namespace)
	}
	return c
}

func (s *equivalenceProof) prove() error {
	usedNames := map[report.Ref]bool{}
	for _, n := range s.others {
		usedNames[resource.ID(s.withNamespace(n))] = true
	}
	for i, p := range s.policies {
		s.progress.Report("comparing policies", i, len(s.policies))
		if usedNames[resource.ID(s.withNamespace(p.After))] {
			s.report(report.PolicyNameTaken, p, "cannot have this name, since there is a CiliumNetworkPolicy of it already: rename one of the two")
			continue
		}
		if err := s.proveOne(p); err != nil {
			return fmt.Errorf("compare %s: %w", p.Ref, err)
		}
	}
	return nil
}

func (s *equivalenceProof) report(check *report.Check, p convert.Policy, format string, args ...any) {
	s.findings = append(s.findings, report.New(check, report.Error, p.Ref, "", format, args...))
}

// proveOne compares one policy with what it became, each alone, so that no other hides a
// difference.
func (s *equivalenceProof) proveOne(p convert.Policy) error {
	before, err := s.withNamespace(p.Before).MarshalJSON()
	if err != nil {
		return err
	}
	after, err := s.withNamespace(p.After).MarshalJSON()
	if err != nil {
		return err
	}
	endpoints := reach.Endpoints{Index: s.index, Fence: &policy.Fence{}}
	pods := append(endpoints.Pods(), namedPortsPod(before)...)
	one, err := engine.New(engine.Options{Agent: policy.AllFeatures()}, []json.RawMessage{before}, pods)
	if err != nil {
		return s.rejected(p, "is no NetworkPolicy that Kubernetes takes: correct it", err)
	}
	if err := engine.Validate(after); err != nil {
		return s.rejected(p, "would be rejected as a CiliumNetworkPolicy, and is not converted", policy.RejectedError{{Err: err}})
	}
	other, err := engine.New(engine.Options{Agent: policy.AllFeatures()}, []json.RawMessage{after}, pods)
	if err != nil {
		return s.rejected(p, "would be rejected as a CiliumNetworkPolicy, and is not converted", err)
	}
	equivalence, err := reach.Proof{Engine: one, Fence: &policy.Fence{}, Endpoints: endpoints}.Equivalence(other)
	var budget policy.BudgetError
	if errors.As(err, &budget) {
		s.report(report.ProofBudgetExceeded, p, "is not converted, since its selectors need %d representative pods, and the budget of a comparison is %d: narrow the selectors", budget.Needed, budget.Limit)
		return nil
	}
	if err != nil {
		return err
	}
	s.compared.Pods += equivalence.Pods
	s.compared.Peers += equivalence.Peers
	s.compared.Openings += equivalence.Openings
	for _, d := range equivalence.Differences {
		s.report(report.ConversionDiffers, p, "is not converted, since as a CiliumNetworkPolicy it %s: this is a mistake of tenantfence's, please report it", d)
	}
	return nil
}

// rejected says that Cilium does not take a policy. Any other error stays one.
func (s *equivalenceProof) rejected(p convert.Policy, what string, err error) error {
	var rejected policy.RejectedError
	if !errors.As(err, &rejected) {
		return err
	}
	for _, r := range rejected {
		s.report(report.PolicyRejected, p, "%s: %v", what, r.Err)
	}
	return nil
}

// firstNamedPort is the number of the first port that has a name: policies hardly say it.
const firstNamedPort = 50001

// namedPortsPod is a pod that numbers each port that a policy names in its own way: two names
// for one number are not told apart.
func namedPortsPod(doc []byte) []policy.Endpoint {
	var np networkingv1.NetworkPolicy
	if err := json.Unmarshal(doc, &np); err != nil {
		// The engine says so.
		return nil
	}
	var all []networkingv1.NetworkPolicyPort
	for _, r := range np.Spec.Ingress {
		all = append(all, r.Ports...)
	}
	for _, r := range np.Spec.Egress {
		all = append(all, r.Ports...)
	}
	pod := policy.Endpoint{
		Kind: policy.PodEndpoint, Name: "a pod with every port", Representative: true,
		Namespace: np.Namespace, Labels: map[string]string{v1alpha1.Group + "/ports": "every"}, ServiceAccount: "default",
	}
	for _, p := range all {
		if p.Port == nil || p.Port.StrVal == "" {
			continue
		}
		named := policy.NamedPort{Name: p.Port.StrVal, Port: uint16(firstNamedPort + len(pod.Ports)), Protocol: v1alpha1.TCP}
		if p.Protocol != nil {
			named.Protocol = v1alpha1.Protocol(*p.Protocol)
		}
		if !slices.ContainsFunc(pod.Ports, func(have policy.NamedPort) bool { return have.Name == named.Name && have.Protocol == named.Protocol }) {
			pod.Ports = append(pod.Ports, named)
		}
	}
	return []policy.Endpoint{pod}
}
