package external

import (
	"cmp"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
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
	// parent is the direct controller, nil if the input lacks it.
	parent *yaml.RNode
}

// isOwn reports whether a workload has no controller.
func (c chain) isOwn(n *yaml.RNode) bool { return c.root == n && !c.missing }

// represents reports whether the input has a controller with the template of a ReplicaSet or Job.
func (c chain) represents(n *yaml.RNode) bool {
	return !c.missing && c.root != n && n.GetKind() != "Pod"
}

// controllerOf follows the controllers of a workload.
func (i *importer) controllerOf(n *yaml.RNode) (chain, error) {
	var parent *yaml.RNode
	for depth := 0; ; depth++ {
		in, err := i.controlled(n)
		if err != nil {
			return chain{}, err
		}
		owner := controllerRef(in.Metadata.OwnerReferences)
		// The kubelet owns static pods by its Node.
		if owner == nil || owner.Kind == "Node" || depth > len(i.objects) {
			return chain{key: groupKey{namespace: n.GetNamespace(), kind: workloadKind(n), name: n.GetName()}, root: n, parent: parent}, nil
		}
		id := resource.IDOf(report.Ref{APIVersion: owner.APIVersion, Kind: owner.Kind, Namespace: n.GetNamespace(), Name: owner.Name})
		if next := i.objects[id]; next != nil && workloadKind(next) != "" {
			n, parent = next, cmp.Or(parent, next)
			continue
		}
		return chain{key: missingController(n, id), root: n, missing: true, parent: parent}, nil
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

// isOfTemplate reports whether the input shows that a pod is made from the present template of its
// workload, so that a difference between them comes from a webhook, and not from an older template.
func (i *importer) isOfTemplate(pod *yaml.RNode, owner chain) bool {
	if pod.GetKind() != "Pod" || owner.parent == nil || owner.missing {
		return false
	}
	if owner.parent != owner.root {
		return i.sameTemplate(owner)
	}
	labels, root := pod.GetLabels(), owner.root
	switch root.GetKind() {
	case "Job":
		// Its template cannot change.
		return true
	case "StatefulSet":
		revision := i.decoded[root].Status.UpdateRevision
		return revision != "" && labels["controller-revision-hash"] == revision
	case "DaemonSet":
		generation := root.GetAnnotations()["deprecated.daemonset.template.generation"]
		return generation != "" && labels["pod-template-generation"] == generation
	}
	return false
}

// sameTemplate reports whether the ReplicaSet or Job of a pod has the template of its controller.
func (i *importer) sameTemplate(owner chain) bool {
	if same, ok := i.sameTemplates[owner.parent]; ok {
		return same
	}
	one, err := templateOf(owner.parent, owner.key.kind)
	other, otherErr := templateOf(owner.root, owner.key.kind)
	same := err == nil && otherErr == nil && endpoints.JSONKey(one.content) == endpoints.JSONKey(other.content)
	i.sameTemplates[owner.parent] = same
	return same
}

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
