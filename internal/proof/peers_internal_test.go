package proof

import (
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/peers"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// TestPeersAreThoseOfTheEngine reads each policy of the golden cases by itself, with the engine and without it. The selectors
// that the engine parsed match in no namespace in which neither the subject nor a peer may be.
func TestPeersAreThoseOfTheEngine(t *testing.T) {
	t.Parallel()
	limited := 0
	for i, dir := range goldenCases(t) {
		if testing.Short() && i%8 != 0 {
			continue
		}
		p, ok := proofOfCase(t, dir)
		if !ok || p.Fence.Cluster.CNI == v1alpha1.CNIKubernetes {
			continue
		}
		labels := reach.Endpoints{Index: p.index, Fence: p.Fence}.Namespaces()
		for _, n := range p.items {
			if !isEnforced(p.Fence, n) || n.GetKind() == resource.KindCIDRGroup {
				continue
			}
			program, err := newProgram(p.Fence, p.index, withGroups(p.items, n), engineInput{})
			if err != nil {
				continue
			}
			may := peers.OfPolicy(n)
			may.Add(peers.Named(resource.NamespaceOf(n)))
			if resource.NamespaceOf(n) == "" {
				subjects, _ := peers.SubjectsOf(n)
				may.Add(subjects)
			}
			set := peers.NewBuild(labels).Set(may)
			if set != nil {
				limited++
			}
			for _, s := range program.Selections().Pods {
				for _, ns := range namespacesOfSelection(s, labels) {
					if !set.Has(ns) {
						t.Errorf("%s: %s: the engine selects pods in namespace %q, and its peers are in %v", filepath.Base(dir), resource.RefOf(n), ns, set)
					}
				}
			}
		}
	}
	if !testing.Short() && limited < 1000 {
		t.Errorf("only %d policies have peers in some namespaces alone", limited)
	}
}

// withGroups is a policy with the groups of networks that it may refer to.
func withGroups(items []*yaml.RNode, policy *yaml.RNode) []*yaml.RNode {
	out := []*yaml.RNode{policy}
	for _, n := range items {
		if n.GetKind() == resource.KindCIDRGroup {
			out = append(out, n)
		}
	}
	return out
}

// namespacesOfSelection are the namespaces that a parsed selector matches: existing ones, and those that it names.
func namespacesOfSelection(s endpoints.Selection, labels map[string]map[string]string) []string {
	var required []endpoints.Requirement
	var out []string
	for _, r := range s.Requirements {
		if r.Trait != endpoints.NamespaceLabel {
			continue
		}
		required = append(required, r)
		if r.Key == corev1.LabelMetadataName && r.Operator == metav1.LabelSelectorOpIn {
			out = append(out, r.Values...)
		}
	}
	if len(s.Requirements) == 0 {
		// The first selection of a program is none of a policy.
		return nil
	}
	for ns, of := range labels {
		if endpoints.MeetsAll(required, ns, of) {
			out = append(out, ns)
		}
	}
	return out
}
