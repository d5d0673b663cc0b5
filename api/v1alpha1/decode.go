package v1alpha1

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Kinds are the kinds of this group, in the order in which a reader meets them.
func Kinds() []string {
	return []string{KindTenant, KindFenceProfile, KindTenantFence, KindFlowTest}
}

// Object is a pointer to one of the kinds.
type Object[T any] interface {
	*T
	// SetDefaults fills in what is omitted and does not depend on other resources.
	SetDefaults()
	// Validate finds what is wrong within the resource.
	Validate() field.ErrorList

	kind() string
}

func (*Tenant) kind() string       { return KindTenant }
func (*FenceProfile) kind() string { return KindFenceProfile }
func (*TenantFence) kind() string  { return KindTenantFence }
func (*FlowTest) kind() string     { return KindFlowTest }

// Decode reads one resource, Decode[Tenant](node): strictly, with its defaults, and
// valid, and with the value of a variable in place of each ${NAME}. It reports all that is
// wrong at once, sorted by field, and returns nil where anything is.
func Decode[T any, P Object[T]](n *yaml.RNode, variables map[string]string) (*T, field.ErrorList) {
	out := P(new(T))
	n, s := substitute(n, variables)
	doc, errs := document(n, out.kind())
	if len(errs) > 0 {
		return nil, errs
	}
	schema, err := schemas[out.kind()]()
	if err != nil {
		return nil, field.ErrorList{rootError(field.ErrorTypeInternal, err.Error())}
	}
	var r reader
	r.markReported(s.errs)
	value := r.object(doc, schema, nil)
	errs = slices.Concat(s.errs, r.errs)
	errs = append(errs, r.dropReported(checkSchema(schema, value))...)
	if err := fill(out, value); err != nil {
		return nil, append(errs, rootError(field.ErrorTypeInvalid, err.Error()))
	}
	out.SetDefaults()
	r.markReported(errs)
	errs = append(errs, r.dropReported(out.Validate())...)
	if len(errs) > 0 {
		s.addOrigins(errs)
		sortErrors(errs)
		return nil, errs
	}
	return out, nil
}

// document is the mapping that n holds, if it says that it is of the kind.
func document(n *yaml.RNode, kind string) (*yaml.Node, field.ErrorList) {
	if n == nil || n.YNode() == nil || n.YNode().Kind != yaml.MappingNode {
		return nil, field.ErrorList{rootError(field.ErrorTypeInvalid, "must be a map: a resource with apiVersion, kind and metadata")}
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
	written, has := text(doc, "kind")
	switch {
	case !has:
		errs = append(errs, field.Required(field.NewPath("kind"), "write "+kind))
	case !slices.Contains(Kinds(), written):
		errs = append(errs, field.NotSupported(field.NewPath("kind"), written, Kinds()))
	case written != kind:
		errs = append(errs, field.Invalid(field.NewPath("kind"), written, "a "+kind+" is expected here"))
	}
	return doc, errs
}

// text is the value of a top-level field, if it is a scalar.
func text(doc *yaml.Node, key string) (string, bool) {
	value := child(doc, key)
	if value == nil || value.Kind != yaml.ScalarNode || isNull(value) {
		return "", false
	}
	return value.Value, true
}

// child is what stands under a key of a mapping, or nil.
func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; n != nil && n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// fill writes what was read into out. JSON is how the types spell their fields.
func fill(out any, value map[string]any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, out)
}

// markReported remembers the fields that errors speak of.
func (r *reader) markReported(errs field.ErrorList) {
	for _, e := range errs {
		r.reported = append(r.reported, e.Field)
	}
}

// dropReported drops errors about a field that is known to be wrong or misspelt, about what
// is in it, and about what it is in: they would only mislead.
func (r *reader) dropReported(errs field.ErrorList) field.ErrorList {
	return slices.DeleteFunc(errs, func(e *field.Error) bool {
		return slices.Contains(r.suggested, e.Field) || slices.ContainsFunc(r.reported, func(reported string) bool { return isAtOrBelow(e.Field, reported) || isAtOrBelow(reported, e.Field) })
	})
}

// isAtOrBelow says whether the field at path is the one at outer, or in it.
func isAtOrBelow(path, outer string) bool {
	rest, ok := strings.CutPrefix(path, outer)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

func rootError(t field.ErrorType, detail string) *field.Error {
	return &field.Error{Type: t, BadValue: field.OmitValueType{}, Detail: detail}
}

func sortErrors(errs field.ErrorList) {
	slices.SortStableFunc(errs, func(a, b *field.Error) int {
		return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Detail, b.Detail))
	})
}
