// Package merge puts the desired policies among the items of a build: it replaces
// those of the same fence and of the stages that are run, removes those no longer
// wanted, and leaves everything else as it is.
package merge

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Merge returns the items with the desired policies among them. A policy of
// somebody else that has the name of a desired one is refused.
func Merge(fence string, stages []v1alpha1.Stage, items, desired []*yaml.RNode) ([]*yaml.RNode, policy.Findings) {
	wanted := map[identity]*yaml.RNode{}
	for _, n := range desired {
		if slices.Contains(stages, stageOf(n)) {
			wanted[identityOf(n)] = n
		}
	}
	var findings policy.Findings
	out := make([]*yaml.RNode, 0, len(items)+len(wanted))
	for _, n := range items {
		id := identityOf(n)
		mine := isPolicy(id) && n.GetLabels()[resource.LabelFence] == fence
		want, ok := wanted[id]
		switch {
		case mine && ok:
			keepHostAnnotations(n, want)
			out = append(out, want)
			delete(wanted, id)
		case mine && slices.Contains(stages, stageOf(n)):
		case ok:
			findings = append(findings, foreign(n))
			out = append(out, n)
		default:
			out = append(out, n)
		}
	}
	return append(out, remaining(desired, wanted)...), findings
}

// remaining are the desired policies that are still wanted.
func remaining(desired []*yaml.RNode, wanted map[identity]*yaml.RNode) []*yaml.RNode {
	return slices.DeleteFunc(slices.Clone(desired), func(n *yaml.RNode) bool { return wanted[identityOf(n)] != n })
}

type identity struct{ group, kind, namespace, name string }

func identityOf(n *yaml.RNode) identity {
	return identity{resource.Group(n), n.GetKind(), n.GetNamespace(), n.GetName()}
}

// isPolicy says whether a resource is of a kind that is generated: nothing else is
// replaced or removed, whatever labels it bears.
func isPolicy(id identity) bool {
	return id.group == "cilium.io" && id.kind == "CiliumNetworkPolicy"
}

func stageOf(n *yaml.RNode) v1alpha1.Stage {
	return v1alpha1.Stage(n.GetLabels()[resource.LabelStage])
}

func foreign(n *yaml.RNode) policy.Finding {
	owner := "is not of this fence"
	if f := n.GetLabels()[resource.LabelFence]; f != "" {
		owner = "belongs to fence " + f
	}
	return policy.Finding{
		Check: "policy-exists", Severity: policy.Error, Resource: resource.RefOf(n),
		Message: "has the name of a policy that must be generated, and " + owner + ": rename or remove it",
	}
}
