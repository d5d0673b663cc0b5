package generate

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/parallel"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resolve"
	"github.com/tenantfence/tenantfence/internal/resource"
	"github.com/tenantfence/tenantfence/internal/strict"
)

// reader sorts the items of a build: this project's own kinds, and the rest.
type reader struct {
	in       resource.Inputs
	profiles []resource.Profile
	rest     []*yaml.RNode
	// partial reports that ExternalResources cannot be read, so that resources that the index lacks may
	// exist.
	partial bool
	// tenants are those that are decoded.
	tenants map[*yaml.RNode]decodedTenant
	// unknownGroupTenants are Tenants of other groups.
	unknownGroupTenants []report.Ref
	findings            report.Findings
}

// Read decodes this project's kinds and indexes the other items. The inputs are nil if the run cannot
// continue. After other errors it continues, so that one run reports all of them.
func Read(config *yaml.RNode, items []*yaml.RNode) (*resource.Inputs, *resource.Index, report.Findings) {
	var r reader
	known := r.readConfig(config)
	items, copies := resource.Deduplicate(items)
	r.findings = append(r.findings, copies...)
	r.decodeTenants(items)
	for _, n := range items {
		r.readItem(n)
	}
	if !known {
		return nil, nil, r.findings
	}
	applied, _, err := WithVariables(r.rest, r.in.Fence.Spec.Variables)
	if err != nil {
		r.refuse(report.ResourceUnreadable, r.in.FenceRef, "spec.variables", "%v: correct the value", err)
		applied = r.rest
	}
	index := r.index(applied)
	index.WithoutResources = r.isGenerator(items)
	r.refuseUnknownAPIGroups()
	if renamed := r.renamedReferences(config, items); len(renamed) > 0 {
		return nil, nil, append(r.findings, renamed...)
	}
	if !r.chooseProfile() {
		return nil, nil, r.findings
	}
	return &r.in, index, r.findings
}

// ReadWithoutFence decodes and indexes items without a TenantFence and a profile. It also returns the items
// of other kinds.
func ReadWithoutFence(items []*yaml.RNode) (*resource.Inputs, *resource.Index, []*yaml.RNode, report.Findings) {
	var r reader
	r.decodeTenants(items)
	for _, n := range items {
		r.readItem(n)
	}
	index := r.index(r.rest)
	return &r.in, index, r.rest, r.findings
}

// index indexes items and what the ExternalResources declare.
func (r *reader) index(items []*yaml.RNode) *resource.Index {
	external, differing := resource.NewExternal(r.in.External, items, r.addedLabels())
	index, found := resource.NewIndex(slices.Concat(items, external.Items))
	index.External, index.Partial = external, index.Partial || r.partial || len(differing) > 0
	r.findings = slices.Concat(r.findings, differing, external.Locate(found))
	return index
}

// addedLabels returns the labels that the fence adds to Namespaces of tenants. The profile is not
// chosen yet: without exactly one, the build is refused.
func (r *reader) addedLabels() map[string]string {
	if p := r.in.Fence.Spec.Profile; p != nil {
		return p.Tenants.NamespaceLabels
	}
	for _, p := range r.profiles {
		if name := r.in.Fence.Spec.ProfileName; name == "" || name == p.Ref.Name {
			return p.Spec.Tenants.NamespaceLabels
		}
	}
	return nil
}

// refuseUnknownAPIGroups refuses Tenants of another API group if the group is misspelt, or if the build has
// no other Tenants: a typing error would remove every policy.
func (r *reader) refuseUnknownAPIGroups() {
	others := len(r.in.Tenants)+len(r.in.UnreadableTenants) > 0
	for _, ref := range r.unknownGroupTenants {
		if group, _, _ := strings.Cut(ref.APIVersion, "/"); others && !misspeltGroup(group) {
			// Other projects have a kind Tenant, too.
			continue
		}
		r.refuse(report.UnknownAPIGroup, ref, "apiVersion", "%q is not %s, so this Tenant is unknown and its policies would be removed: correct it; if it belongs to another project and the fence has no more Tenants, delete the policies of the fence by hand", ref.APIVersion, v1alpha1.APIVersion)
	}
}

// misspeltGroup reports whether a group is similar to this project's.
func misspeltGroup(group string) bool {
	return strict.Nearest(group, []string{v1alpha1.Group}) != "" || strings.HasPrefix(group, "tenantfence")
}

// isGenerator reports whether the items are only the fence's configuration and, in a later run, generated
// policies: kustomize passes no other items to a generator.
func (r *reader) isGenerator(items []*yaml.RNode) bool {
	foreign := slices.ContainsFunc(r.rest, func(n *yaml.RNode) bool { return resource.FenceOf(n) != r.in.Fence.Name })
	return len(r.in.Fence.Spec.Tenants) > 0 && !foreign && len(items)-len(r.rest) <= 1
}

// renamedReferences refuses names of resources that a layer has changed. Of the findings that follow, it
// reports those about bound names, because names give rights.
func (r *reader) renamedReferences(config *yaml.RNode, items []*yaml.RNode) report.Findings {
	profiles := r.profiles
	if p := r.in.Fence.Spec.Profile; p != nil {
		profiles = append(profiles, resource.Profile{Ref: r.in.FenceRef, Path: field.NewPath("spec", "profile"), Spec: *p})
	}
	var patterns []string
	for _, p := range profiles {
		patterns = append(patterns, p.Spec.Tenants.NamespacePattern)
	}
	out := lint.RenamedReferences(config, items, patterns)
	if len(out) > 0 && len(profiles) == 1 {
		in := r.in
		in.Profile = profiles[0]
		out = append(out, resolve.AllowedPaths(&in)...)
	}
	return out
}

func (r *reader) refuse(check *report.Check, ref report.Ref, at, format string, args ...any) {
	r.findings = append(r.findings, report.New(check, report.Error, ref, at, format, args...))
}

// invalidChecks are the checks on fields of this project's kinds.
var invalidChecks = map[string]*report.Check{
	v1alpha1.KindTenant:            report.InvalidTenant,
	v1alpha1.KindExternalResources: report.InvalidExternalResources,
	v1alpha1.KindFenceProfile:      report.InvalidFenceProfile,
	v1alpha1.KindTenantFence:       report.InvalidTenantFence,
	v1alpha1.KindFlowTest:          report.InvalidFlowTest,
}

// invalid turns the errors of a resource into findings.
func (r *reader) invalid(ref report.Ref, errs field.ErrorList) {
	for _, e := range errs {
		r.refuse(invalidChecks[ref.Kind], ref, e.Field, "%s", strict.Message(e))
	}
}

func (r *reader) readConfig(config *yaml.RNode) bool {
	if config.IsNilOrEmpty() {
		r.refuse(report.FunctionConfigInvalid, report.Ref{}, "", "the functionConfig is missing: list a %s %s in transformers: or in the pipeline of the Kptfile", v1alpha1.APIVersion, v1alpha1.KindTenantFence)
		return false
	}
	r.in.FenceRef = resource.RefOf(config)
	if resource.Group(config) != v1alpha1.Group || config.GetKind() != v1alpha1.KindTenantFence {
		r.refuse(report.FunctionConfigInvalid, r.in.FenceRef, "", "the functionConfig is a %s %s: it must be a %s %s", config.GetApiVersion(), config.GetKind(), v1alpha1.APIVersion, v1alpha1.KindTenantFence)
		return false
	}
	fence, errs := v1alpha1.DecodeFence(config)
	r.invalid(r.in.FenceRef, errs)
	if len(errs) > 0 {
		// Its variables still have values, so references to them are not reported.
		r.in.Fence.Spec.Variables = v1alpha1.VariablesOf(config)
		return false
	}
	r.in.Fence = *fence
	for i, t := range fence.Spec.Tenants {
		r.in.Tenants = append(r.in.Tenants, resource.Tenant{
			Name: t.Name, Spec: t.Spec, Ref: r.in.FenceRef, Path: field.NewPath("spec", "tenants").Index(i).Child("spec"),
		})
	}
	return true
}

func (r *reader) readItem(n *yaml.RNode) {
	defer resource.AnnotatePanic(n)
	if resource.Group(n) != v1alpha1.Group {
		if n.GetKind() == v1alpha1.KindTenant {
			r.unknownGroupTenants = append(r.unknownGroupTenants, resource.RefOf(n))
		}
		r.rest = append(r.rest, n)
		return
	}
	ref := resource.RefOf(n)
	switch n.GetKind() {
	case v1alpha1.KindTenant:
		t, ok := r.tenant(n)
		if !ok {
			r.in.UnreadableTenants = append(r.in.UnreadableTenants, n.GetName())
			return
		}
		ref.Name = t.Name // n may have a variable as its name
		r.in.Tenants = append(r.in.Tenants, resource.Tenant{Name: t.Name, Spec: t.Spec, Ref: ref, Path: field.NewPath("spec"), Source: resource.SourceOf(n)})
	case v1alpha1.KindFenceProfile:
		if p, ok := decode[v1alpha1.FenceProfile](r, n); ok {
			ref.Name = p.Name
			r.profiles = append(r.profiles, resource.Profile{Ref: ref, Path: field.NewPath("spec"), Spec: p.Spec})
		}
	case v1alpha1.KindFlowTest:
		if t, ok := decode[v1alpha1.FlowTest](r, n); ok {
			ref.Name = t.Name
			r.in.FlowTests = append(r.in.FlowTests, resource.FlowTest{Ref: ref, Test: *t})
		}
	case v1alpha1.KindExternalResources:
		r.addExternal(n)
	case v1alpha1.KindTenantFence:
		// It is the configuration of another fence, or a copy of this one, which kpt passes.
	default:
		r.in.UnreadableTenants = append(r.in.UnreadableTenants, n.GetName())
		r.refuse(report.UnknownKind, ref, "kind", "kind %q does not exist in %s: use one of %s", n.GetKind(), v1alpha1.Group,
			strings.Join(v1alpha1.Kinds(), ", "))
	}
}

// addExternal adds an ExternalResources.
func (r *reader) addExternal(n *yaml.RNode) {
	e, ok := decode[v1alpha1.ExternalResources](r, n)
	if !ok {
		r.partial = true
		return
	}
	ref := resource.RefOf(n)
	ref.Name = e.Name
	r.in.External = append(r.in.External, resource.ExternalResources{Ref: ref, Spec: e.Spec})
}

// decodedTenant is a Tenant, or why it is none.
type decodedTenant struct {
	*v1alpha1.Tenant
	errs field.ErrorList
}

// decodeTenants decodes all Tenants. A build may have thousands.
func (r *reader) decodeTenants(items []*yaml.RNode) {
	all := slices.DeleteFunc(slices.Clone(items), func(n *yaml.RNode) bool { return !resource.IsTenant(n) })
	out := make([]decodedTenant, len(all))
	parallel.For(len(all), func(i int) {
		defer resource.AnnotatePanic(all[i])
		out[i].Tenant, out[i].errs = v1alpha1.Decode[v1alpha1.Tenant](all[i], r.in.Fence.Spec.Variables)
	})
	r.tenants = make(map[*yaml.RNode]decodedTenant, len(all))
	for i, n := range all {
		r.tenants[n] = out[i]
	}
}

// tenant returns a decoded Tenant, and reports whether it is valid.
func (r *reader) tenant(n *yaml.RNode) (*v1alpha1.Tenant, bool) {
	t := r.tenants[n]
	r.invalid(resource.RefOf(n), t.errs)
	return t.Tenant, len(t.errs) == 0
}

// decode reads a resource with the values of the fence's variables, and reports whether it is valid.
func decode[T any, P v1alpha1.Object[T]](r *reader, n *yaml.RNode) (*T, bool) {
	out, errs := v1alpha1.Decode[T, P](n, r.in.Fence.Spec.Variables)
	r.invalid(resource.RefOf(n), errs)
	return out, len(errs) == 0
}

// chooseProfile chooses the inline profile or the one among the items, and reports whether exactly one
// exists.
func (r *reader) chooseProfile() bool {
	spec := r.in.Fence.Spec
	invalid := slices.ContainsFunc(r.findings, func(f report.Finding) bool { return f.Resource.Kind == v1alpha1.KindFenceProfile })
	named := slices.DeleteFunc(slices.Clone(r.profiles), func(p resource.Profile) bool { return spec.ProfileName != "" && p.Ref.Name != spec.ProfileName })
	switch {
	case spec.Profile != nil && len(r.profiles) > 0:
		r.refuse(report.ProfileAmbiguous, r.in.FenceRef, "spec.profile", "the fence has an inline profile, and the items have a FenceProfile, too: remove one of them")
	case spec.Profile != nil:
		r.in.Profile = resource.Profile{Ref: r.in.FenceRef, Path: field.NewPath("spec", "profile"), Spec: *spec.Profile}
		return true
	case len(named) == 1:
		r.in.Profile = named[0]
		return true
	case len(named) > 1:
		r.refuse(report.ProfileAmbiguous, r.in.FenceRef, "spec.profileName", "the items have %d FenceProfiles: choose one with profileName, or remove the others", len(named))
	case invalid:
	case len(r.profiles) > 0:
		r.refuse(report.ProfileMissing, r.in.FenceRef, "spec.profileName", "the items have no FenceProfile %q: correct the name", spec.ProfileName)
	case len(r.in.Tenants)+len(r.in.UnreadableTenants) == 0:
		r.refuse(report.ProfileMissing, r.in.FenceRef, "", "the items have no FenceProfile and no Tenant: list them under resources: of this layer or of a layer below, and the TenantFence under transformers: (under generators: it sees no other resources)")
	default:
		r.refuse(report.ProfileMissing, r.in.FenceRef, "", "the items have Tenants and no FenceProfile: add one, or set spec.profile")
	}
	return false
}
