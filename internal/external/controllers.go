package external

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// chain is the result of following the controllers of a workload.
type chain struct {
	// key is the workload that the result has, and root the last controller in the input. If the
	// controller of root is missing from the input, key is that controller.
	key     groupKey
	root    *yaml.RNode
	missing bool
}

// isOwn reports whether a workload has no controller.
func (c chain) isOwn(n *yaml.RNode) bool { return c.root == n && !c.missing }

// represents reports whether the input has a controller with the template of a ReplicaSet or Job.
func (c chain) represents(n *yaml.RNode) bool {
	return !c.missing && c.root != n && n.GetKind() != "Pod"
}

// controllerOf follows the controllers of a workload.
func (i *importer) controllerOf(n *yaml.RNode) (chain, error) {
	for depth := 0; ; depth++ {
		in, err := i.controlled(n)
		if err != nil {
			return chain{}, err
		}
		owner := controllerRef(in.Metadata.OwnerReferences)
		// The kubelet owns static pods by its Node.
		if owner == nil || owner.Kind == "Node" || depth > len(i.objects) {
			return chain{key: groupKey{namespace: n.GetNamespace(), kind: workloadKind(n), name: n.GetName()}, root: n}, nil
		}
		id := resource.IDOf(report.Ref{APIVersion: owner.APIVersion, Kind: owner.Kind, Namespace: n.GetNamespace(), Name: owner.Name})
		if next := i.objects[id]; next != nil && workloadKind(next) != "" {
			n = next
			continue
		}
		return chain{key: missingController(n, id), root: n, missing: true}, nil
	}
}

func controllerRef(owners []metav1.OwnerReference) *metav1.OwnerReference {
	for i, o := range owners {
		if o.Controller != nil && *o.Controller {
			return &owners[i]
		}
	}
	return nil
}

// templateHash is the label with the last part of a ReplicaSet's name.
const templateHash = "pod-template-hash"

// missingController returns the workload of a controller that the input lacks.
func missingController(n *yaml.RNode, id report.Ref) groupKey {
	key := groupKey{namespace: id.Namespace, kind: v1alpha1.WorkloadKind(id.Kind), name: id.Name}
	if !resource.IsWorkload(id) {
		key.kind, key.controller = v1alpha1.WorkloadPod, id.Kind
		return key
	}
	if name, ok := strings.CutSuffix(id.Name, "-"+n.GetLabels()[templateHash]); ok && id.Kind == "ReplicaSet" && n.GetLabels()[templateHash] != "" {
		key.kind, key.name = v1alpha1.WorkloadDeployment, name
	}
	return key
}
