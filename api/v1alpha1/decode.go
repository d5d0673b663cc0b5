package v1alpha1

import (
	"cmp"
	"slices"

	"github.com/tenantfence/tenantfence/internal/strict"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Kinds returns the kinds of this group, in the order of the reference.
func Kinds() []string {
	return []string{KindTenant, KindFenceProfile, KindTenantFence, KindFlowTest, KindExternalResources}
}

// Object is a pointer to a resource of one of the kinds.
type Object[T any] interface {
	*T
	// SetDefaults sets the defaults that do not depend on other resources.
	SetDefaults()
	// Validate returns the errors in the resource.
	Validate() field.ErrorList

	kind() string
}

func (*Tenant) kind() string            { return KindTenant }
func (*FenceProfile) kind() string      { return KindFenceProfile }
func (*TenantFence) kind() string       { return KindTenantFence }
func (*FlowTest) kind() string          { return KindFlowTest }
func (*ExternalResources) kind() string { return KindExternalResources }

// Decode reads one resource strictly, as in Decode[Tenant](node, variables). It replaces each
// ${NAME} by the value of the variable, sets defaults and validates. It returns all errors at
// once, sorted by field, and then no resource.
func Decode[T any, P Object[T]](n *yaml.RNode, variables map[string]string) (*T, field.ErrorList) {
	out := P(new(T))
	n, s := substitute(n, variables)
	doc, errs := document(n, out.kind())
	if len(errs) > 0 {
		return nil, errs
	}
	r := strict.Reader{Replacements: ciliumFields, Errors: s.errs}
	if err := r.Read(doc, schemas()[out.kind()], out); err != nil {
		return nil, append(r.Errors, strict.RootError(field.ErrorTypeInvalid, err.Error()))
	}
	out.SetDefaults()
	r.Add(out.Validate())
	if len(r.Errors) > 0 {
		s.addOrigins(r.Errors)
		sortErrors(r.Errors)
		return nil, r.Errors
	}
	return out, nil
}

// document returns the mapping of n, with errors if it is not a resource of the kind.
func document(n *yaml.RNode, kind string) (*yaml.Node, field.ErrorList) {
	if n == nil || n.YNode() == nil || n.YNode().Kind != yaml.MappingNode {
		return nil, field.ErrorList{strict.RootError(field.ErrorTypeInvalid, "must be a map, that is a resource with apiVersion, kind and metadata")}
	}
	doc := n.YNode()
	var errs field.ErrorList
	version, has := text(doc, "apiVersion")
	switch {
	case !has:
		errs = append(errs, field.Required(field.NewPath("apiVersion"), "write "+APIVersion))
	case version != APIVersion:
		errs = append(errs, field.NotSupported(field.NewPath("apiVersion"), version, []string{APIVersion}))
	}
	found, has := text(doc, "kind")
	switch {
	case !has:
		errs = append(errs, field.Required(field.NewPath("kind"), "write "+kind))
	case !slices.Contains(Kinds(), found):
		errs = append(errs, field.NotSupported(field.NewPath("kind"), found, Kinds()))
	case found != kind:
		errs = append(errs, field.Invalid(field.NewPath("kind"), found, "must be "+kind))
	}
	return doc, errs
}

// text returns the value of a top-level field, if it is a scalar.
func text(doc *yaml.Node, key string) (string, bool) {
	value := child(doc, key)
	if value == nil || value.Kind != yaml.ScalarNode || strict.IsNull(value) {
		return "", false
	}
	return value.Value, true
}

// child returns the value of a key of a mapping, or nil.
func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; n != nil && n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func sortErrors(errs field.ErrorList) {
	slices.SortStableFunc(errs, func(a, b *field.Error) int {
		return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Detail, b.Detail))
	})
}
