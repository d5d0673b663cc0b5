package resource

import (
	"cmp"
	"encoding/json"
	"maps"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/block"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// The labels and annotations of generated policies. Object reads and writes them.
const (
	LabelManagedBy = "app.kubernetes.io/managed-by"
	LabelFence     = v1alpha1.Group + "/fence"
	LabelTenant    = v1alpha1.Group + "/tenant"
	LabelTenantID  = v1alpha1.Group + "/tenant-id"
	// LabelNode is the name of a host policy's node entry in the profile.
	LabelNode   = v1alpha1.Group + "/node"
	LabelFamily = v1alpha1.Group + "/family"
	LabelStage  = v1alpha1.Group + "/stage"

	// AnnotationFor lists the fields that declare a policy.
	AnnotationFor = v1alpha1.Group + "/for"
	// AnnotationNamespace is the intended namespace of a policy.
	AnnotationNamespace = v1alpha1.Group + "/namespace"

	ManagedBy = "tenantfence"
)

// Object is a resource with its Metadata.
type Object struct {
	*yaml.RNode
	Metadata
}

// Metadata is what a fence writes to the resources that it generates. It is no proof: any author of a
// policy can set it.
type Metadata struct {
	// Fence generated the resource. Omitted: no fence did, or the function never generates its kind.
	Fence string
	// Tenant or Node owns it. Node is an entry of the profile's nodes.
	Tenant, TenantID, Node string
	Family                 policy.Family
	Stage                  v1alpha1.Stage
	// Namespace is the intended namespace.
	Namespace string
	// Reasons are the fields that declare it.
	Reasons []string
}

// ObjectOf reads the metadata of a resource.
func ObjectOf(n *yaml.RNode) Object { return Object{RNode: n, Metadata: MetadataOf(n)} }

// MetadataOf reads the metadata of a resource.
func MetadataOf(n *yaml.RNode) Metadata {
	o := Metadata{
		Tenant: labelOf(n, LabelTenant), TenantID: labelOf(n, LabelTenantID), Node: labelOf(n, LabelNode),
		Family: policy.Family(labelOf(n, LabelFamily)), Stage: v1alpha1.Stage(labelOf(n, LabelStage)), Namespace: annotation(n, AnnotationNamespace), Fence: FenceOf(n),
	}
	for reason := range strings.Lines(annotation(n, AnnotationFor)) {
		if reason = strings.TrimSpace(reason); reason != "" {
			o.Reasons = append(o.Reasons, reason)
		}
	}
	return o
}

// ObjectsOf reads the metadata of resources.
func ObjectsOf(items []*yaml.RNode) []Object {
	out := make([]Object, 0, len(items))
	for _, n := range items {
		out = append(out, ObjectOf(n))
	}
	return out
}

// Owner returns the tenant or the nodes that own the resource, or "".
func (o Metadata) Owner() string { return cmp.Or(o.Tenant, o.Node) }

// Subject returns the selector of the pods that a policy selects.
func (o Object) Subject() endpoints.Selector {
	var read struct {
		Spec struct {
			EndpointSelector endpoints.Selector `json:"endpointSelector"`
			PodSelector      endpoints.Selector `json:"podSelector"`
		} `json:"spec"`
	}
	data, err := block.JSON(o.RNode)
	if err != nil || json.Unmarshal(data, &read) != nil {
		return endpoints.Selector{}
	}
	if o.GetKind() == KindKubernetes {
		return read.Spec.PodSelector
	}
	return read.Spec.EndpointSelector
}

// Labels returns the labels of a generated resource.
func (o Metadata) Labels() map[string]string {
	out := TenantLabels(o.Tenant, o.TenantID)
	maps.Copy(out, map[string]string{
		LabelManagedBy: ManagedBy, LabelFence: o.Fence, LabelNode: o.Node, LabelFamily: string(o.Family), LabelStage: string(o.Stage),
	})
	maps.DeleteFunc(out, func(_, value string) bool { return value == "" })
	return out
}

// TenantLabels are the labels of a tenant's policies. An empty one does not exist.
func TenantLabels(name, id string) map[string]string {
	return map[string]string{LabelTenant: name, LabelTenantID: id}
}

// Annotations returns the annotations of a generated resource.
func (o Metadata) Annotations() map[string]string {
	out := map[string]string{AnnotationFor: strings.Join(o.Reasons, "\n")}
	if o.Namespace != "" {
		out[AnnotationNamespace] = o.Namespace
	}
	return out
}

// ContentKey returns the content that a layer does not change when it renames or moves a policy.
func ContentKey(n *yaml.RNode) string {
	content, err := n.Map()
	if err != nil {
		return RefOf(n).String()
	}
	delete(content, "metadata")
	delete(content, "status")
	labels, annotations := n.GetLabels(), n.GetAnnotations()
	return endpoints.JSONKey([]any{
		content, annotations[AnnotationFor], annotations[AnnotationNamespace],
		labels[LabelFence], labels[LabelTenant], labels[LabelNode], labels[LabelFamily], labels[LabelStage],
	})
}

// IsGeneratedKind reports whether the function generates resources of an item's kind: a network
// policy, or the ConfigMap of the egress proxy.
func IsGeneratedKind(n *yaml.RNode) bool { return IsPolicy(n) || IsEgressNames(n) }

// FenceOf returns the Fence of a resource, from its label LabelFence. Only this label identifies a
// generated policy, because kustomize, Helm and Flux set the other well-known labels.
func FenceOf(n *yaml.RNode) string {
	if !IsGeneratedKind(n) {
		return ""
	}
	return labelOf(n, LabelFence)
}
