package proof

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/convert"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Conversion is the input of Convert.
type Conversion struct {
	// Files are YAML texts. The name of standard input is empty.
	Files []File
	// Inputs are additional resources for the proof: workloads and Namespaces.
	Inputs []*yaml.RNode
	// Namespace is the namespace of resources that set none. Omitted: "default", as for kubectl.
	Namespace string
	Progress  report.Progress
	// Debug receives each step. Omitted: none.
	Debug generate.Debug
}

// File is a YAML text.
type File struct {
	Name string
	Data []byte
}

// Converted is the result of a conversion.
type Converted struct {
	// Texts are the converted files, in the order of the input.
	Texts []convert.Text
	// Changes are the policies that were converted.
	Changes report.Changes
	// Compared counts the compared pods and peers. Each policy is compared by itself.
	Compared reach.Equivalence
	Findings report.Findings
}

// Convert converts the NetworkPolicies in files into CiliumNetworkPolicies, and proves that Cilium
// decides each as before. After findings that are errors no file may be written. With an error the files
// cannot be read.
func Convert(c Conversion) (Converted, error) {
	var out Converted
	var others []*yaml.RNode
	var policies []convert.Policy
	for _, f := range c.Files {
		t, err := convert.Convert(f.Name, f.Data)
		if err != nil {
			return out, err
		}
		out.Texts = append(out.Texts, t)
		out.Findings = append(out.Findings, t.Findings...)
		others = append(others, t.Others...)
		policies = append(policies, t.Policies...)
	}
	var malformed report.Findings
	c.Inputs, malformed = resource.Readable(c.Inputs)
	out.Findings = append(out.Findings, malformed...)
	for _, p := range policies {
		ref := p.Ref
		ref.APIVersion, ref.Kind = p.After.GetApiVersion(), p.After.GetKind()
		out.Changes = append(out.Changes, report.Change{Action: report.Configured, Ref: ref})
	}
	c.Debug.Report("read", func() string {
		return fmt.Sprintf("%s with %s, %s", report.Count(len(c.Files), "file"), report.Count(len(policies), "policy"), report.Count(len(others)+len(c.Inputs), "other resource"))
	})
	s := newEquivalenceProof(c, policies, others)
	if err := s.prove(); err != nil {
		return out, err
	}
	out.Compared = s.compared
	c.Debug.Report("compare", func() string {
		return fmt.Sprintf("%s, %s, %s", report.Count(s.compared.Pods, "pod"), report.Count(s.compared.Peers, "peer"), report.Count(s.compared.Openings, "opening"))
	})
	out.Findings = append(out.Findings, s.findings...).Sort()
	return out, nil
}

// equivalenceProof proves that converted policies decide as before.
type equivalenceProof struct {
	policies  []convert.Policy
	others    []*yaml.RNode
	namespace string
	index     *resource.Index
	progress  report.Progress
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
		if resource.Group(n) == v1alpha1.Group && n.GetKind() != v1alpha1.KindExternalResources {
			continue
		}
		n = s.withNamespace(n)
		// A resource in a file and in the inputs counts once.
		if id := resource.ID(n); !seen[id] {
			seen[id] = true
			items = append(items, n)
		}
	}
	_, index, _, found := generate.ReadWithoutFence(items)
	s.index = index
	for _, f := range found {
		f.Severity = report.Warning
		s.findings = append(s.findings, f)
	}
	return s
}

// withNamespace is a copy of a resource with a namespace. A namespace has no effect on a cluster-scoped
// resource.
func (s *equivalenceProof) withNamespace(n *yaml.RNode) *yaml.RNode {
	c := n.Copy()
	if c.GetNamespace() == "" && c.GetKind() != "Namespace" {
		// It fails only for values that are not mappings, and resources are mappings.
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
			s.report(report.PolicyNameTaken, p, "cannot be converted: a CiliumNetworkPolicy has the same name: rename one of them")
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

// proveOne compares a policy with its conversion, without other policies, which could hide a
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
	known := reach.Endpoints{Index: s.index, Fence: &policy.Fence{}}
	one, err := engine.Read(engine.Options{Agent: cilium.AllFeatures()}, []json.RawMessage{before})
	if err != nil {
		return s.rejected(p, "is not a valid NetworkPolicy: correct it", err)
	}
	if err := engine.Validate(after); err != nil {
		return s.rejected(p, "is not converted, because Cilium rejects the CiliumNetworkPolicy", flow.RejectedError{{Err: err}})
	}
	other, err := engine.Read(engine.Options{Agent: cilium.AllFeatures()}, []json.RawMessage{after})
	if err != nil {
		return s.rejected(p, "is not converted, because Cilium rejects the CiliumNetworkPolicy", err)
	}
	subject := reach.Proof{Fence: &policy.Fence{}, Endpoints: known, Pods: namedPortsPod(before)}
	views, err := subject.Compile(nil, reach.WithRepresentatives, one, other)
	var budget endpoints.BudgetError
	if errors.As(err, &budget) {
		s.report(report.ProofBudgetExceeded, p, "is not converted: its selectors need %d representative pods, and the limit of a comparison is %d: narrow the selectors", budget.Needed, budget.Limit)
		return nil
	}
	if err != nil {
		return err
	}
	subject.View = views[0]
	equivalence, err := subject.Equivalence(views[1])
	if err != nil {
		return err
	}
	s.compared.Pods += equivalence.Pods
	s.compared.Peers += equivalence.Peers
	s.compared.Openings += equivalence.Openings
	for _, d := range equivalence.Differences {
		s.report(report.ConversionDiffers, p, "is not converted: as a CiliumNetworkPolicy it %s: this is a bug in tenantfence: please report it", d)
	}
	return nil
}

// rejected reports that Cilium rejects a policy. It returns any other error.
func (s *equivalenceProof) rejected(p convert.Policy, what string, err error) error {
	var rejected flow.RejectedError
	if !errors.As(err, &rejected) {
		return err
	}
	for _, r := range rejected {
		s.report(report.PolicyRejected, p, "%s: %v", what, r.Err)
	}
	return nil
}

// firstNamedPort is the number of the first port that has a name. Policies rarely contain it.
const firstNamedPort = 50001

// namedPortsPod is a pod with a different number for each port name in a policy. Two names with one number
// could not be distinguished.
func namedPortsPod(doc []byte) []endpoints.Endpoint {
	var np networkingv1.NetworkPolicy
	if err := json.Unmarshal(doc, &np); err != nil {
		// The engine reports the error.
		return nil
	}
	var all []networkingv1.NetworkPolicyPort
	for _, r := range np.Spec.Ingress {
		all = append(all, r.Ports...)
	}
	for _, r := range np.Spec.Egress {
		all = append(all, r.Ports...)
	}
	pod := endpoints.Endpoint{
		Kind: endpoints.PodEndpoint, Name: "a pod with every port", Representative: true,
		Namespace: np.Namespace, Labels: map[string]string{v1alpha1.Group + "/ports": "every"}, ServiceAccount: "default",
	}
	for _, p := range all {
		if p.Port == nil || p.Port.StrVal == "" {
			continue
		}
		named := endpoints.NamedPort{Name: p.Port.StrVal, Port: uint16(firstNamedPort + len(pod.Ports)), Protocol: v1alpha1.TCP}
		if p.Protocol != nil {
			named.Protocol = v1alpha1.Protocol(*p.Protocol)
		}
		if !slices.ContainsFunc(pod.Ports, func(have endpoints.NamedPort) bool { return have.Name == named.Name && have.Protocol == named.Protocol }) {
			pod.Ports = append(pod.Ports, named)
		}
	}
	return []endpoints.Endpoint{pod}
}
