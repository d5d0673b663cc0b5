package v1alpha1

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/internal/strict"
)

// Validate returns the errors in the FenceProfile.
func (p *FenceProfile) Validate() field.ErrorList {
	errs := validateResourceName(p.Name, field.NewPath("metadata", "name"))
	return append(errs, p.Spec.validate(field.NewPath("spec"))...)
}

func (s *FenceProfileSpec) validate(at *field.Path) field.ErrorList {
	errs := s.Cluster.validate(at.Child("cluster"))
	errs = append(errs, s.validateForm(at)...)
	errs = append(errs, s.Tenants.validate(at.Child("tenants"))...)
	errs = append(errs, s.validateExcluded(at)...)
	errs = append(errs, s.validateShared(at.Child("sharedNamespaces"))...)
	errs = append(errs, s.Baseline.validate(at.Child("baseline"))...)
	errs = append(errs, s.validateEgressPoints(at.Child("egressPoints"))...)
	errs = append(errs, optional(s.EdgeProxy, at.Child("edgeProxy"), (*EdgeProxyPods).validate)...)
	errs = append(errs, s.validateClusterHostnames(at.Child("clusterHostnames"))...)
	errs = append(errs, validateFlows(s.AllTenants.Ingress, s.AllTenants.Egress, unique{}, at.Child("allTenants"))...)
	errs = append(errs, s.AllTenants.validateFullMesh(at.Child("allTenants"))...)
	errs = append(errs, s.validateRelations(at.Child("allTenants"))...)
	errs = append(errs, s.validateVias(at.Child("allTenants", "egress"))...)
	errs = append(errs, s.validateNodes(at.Child("nodes"))...)
	errs = append(errs, validateUndecidedKinds(s.UndecidedKinds, at.Child("undecidedKinds"))...)
	errs = append(errs, validateForbiddenPaths(s.ForbiddenPaths, at.Child("forbiddenPaths"))...)
	errs = append(errs, s.ProofBudget.validate(at.Child("proofBudget"))...)
	errs = append(errs, s.validateLimits(&s.Limits, at.Child("limits"))...)
	return append(errs, s.validateOverrides(at.Child("overrides"))...)
}

func (b ProofBudget) validate(at *field.Path) field.ErrorList {
	if n := b.Representatives; n < 0 || n > MaxRepresentatives {
		return field.ErrorList{field.Invalid(at.Child("representatives"), n, fmt.Sprintf("must be from 1 to %d", MaxRepresentatives))}
	}
	return nil
}

// namespaceName is the label of every namespace with its name.
const namespaceName = "kubernetes.io/metadata.name"

func (r *TenantRules) validate(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	pattern := r.NamespacePattern
	switch {
	case strings.Count(pattern, namePlaceholder) != 1:
		errs = append(errs, field.Invalid(at.Child("namespacePattern"), pattern, "must contain "+namePlaceholder+" exactly once, or tenants would share a namespace: write tenant-"+namePlaceholder))
	case len(validation.IsDNS1123Label(strings.Replace(pattern, namePlaceholder, "a", 1))) > 0:
		errs = append(errs, field.Invalid(at.Child("namespacePattern"), pattern, "must yield names of namespaces: "+dnsLabel))
	}
	for _, tenant := range sortedKeys(r.Claims) {
		at := at.Child("claims").Key(tenant)
		errs = append(errs, validateName(tenant, at)...)
		errs = append(errs, validateNames(r.Claims[tenant], at)...)
	}
	errs = append(errs, validateAllowedPaths(r.AllowedPaths, at.Child("allowedPaths"))...)
	errs = append(errs, validateChildren(r.Children, at.Child("children"))...)
	labels := at.Child("namespaceLabels")
	if _, ok := r.NamespaceLabels[namespaceName]; ok {
		errs = append(errs, field.Forbidden(labels.Key(namespaceName), "is set by Kubernetes: remove it"))
	}
	return append(errs, withoutExpressions(metav1validation.ValidateLabels(r.NamespaceLabels, labels))...)
}

func (s *FenceProfileSpec) validateExcluded(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	excluded := unique{}
	for i, e := range s.ExcludedNamespaces {
		at := at.Child("excludedNamespaces").Index(i)
		errs = append(errs, validateName(e.Name, at.Child("name"))...)
		errs = append(errs, excluded.item(e.Name, at.Child("name"))...)
		errs = append(errs, errorIf(strings.TrimSpace(e.Reason) == "", field.Required(at.Child("reason"), "state it, because it is reported to a Tenant that claims the namespace"))...)
	}
	for _, tenant := range sortedKeys(s.Tenants.Claims) {
		for i, namespace := range s.Tenants.Claims[tenant] {
			if excluded[namespace] {
				errs = append(errs, field.Invalid(at.Child("tenants", "claims").Key(tenant).Index(i), namespace,
					"is one of excludedNamespaces, which no Tenant may claim: remove it here or there"))
			}
		}
	}
	return errs
}

func (s *FenceProfileSpec) validateShared(at *field.Path) field.ErrorList {
	errs := validateNames(s.SharedNamespaces, at)
	for i, ns := range s.SharedNamespaces {
		errs = append(errs, errorIf(slices.ContainsFunc(s.ExcludedNamespaces, func(e ExcludedNamespace) bool { return e.Name == ns }), field.Invalid(at.Index(i), ns, "is one of excludedNamespaces, which no Tenant may claim: remove it here or there"))...)
	}
	return errs
}

func (s *FenceProfileSpec) validateEgressPoints(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := unique{}
	for i, p := range s.EgressPoints {
		at := at.Index(i)
		errs = append(errs, validateName(p.Name, at.Child("name"))...)
		errs = append(errs, seen.name(p.Name, at.Child("name"))...)
		errs = append(errs, validateName(p.Namespace, at.Child("namespace"))...)
		errs = append(errs, validateSelector(p.Pods, at.Child("pods"))...)
	}
	return errs
}

func (p *EdgeProxyPods) validate(at *field.Path) field.ErrorList {
	errs := validateName(p.Namespace, at.Child("namespace"))
	errs = append(errs, validateSelector(p.Pods, at.Child("pods"))...)
	errs = append(errs, validatePorts(p.Ports, at.Child("ports"))...)
	return append(errs, validateCIDRs(p.CIDRs, at.Child("cidrs"))...)
}

func (s *FenceProfileSpec) validateOverrides(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, o := range s.Overrides {
		at := at.Index(i)
		errs = append(errs, validateItems(o.Tenants, at.Child("tenants"), validateGlob)...)
		errs = append(errs, errorIf(o.Limits == nil && o.Enforcement == "", field.Required(at, "an override without limits and enforcement has no effect: set one of them, or remove the override"))...)
		errs = append(errs, optional(o.Limits, at.Child("limits"), s.validateLimits)...)
	}
	return errs
}

// validateGlob validates a tenant's name, or a pattern of names.
func validateGlob(glob string, at *field.Path) field.ErrorList {
	return errorIf(len(validation.IsDNS1123Label(strings.ReplaceAll(glob, "*", "a"))) > 0, field.Invalid(at, glob, "must be a tenant's name, or a pattern of lower-case letters, digits, - and *, as in gold-*"))
}

func (s *FenceProfileSpec) validateLimits(l *Limits, at *field.Path) field.ErrorList {
	errs := validateFQDNs(l.FQDNs, anyName, at.Child("fqdns"))
	errs = append(errs, validateCIDRs(l.CIDRs, at.Child("cidrs"))...)
	errs = append(errs, validatePorts(l.Ports, at.Child("ports"))...)
	errs = append(errs, validateICMPTypes(l.ICMP, at.Child("icmp"))...)
	errs = append(errs, validateNames(l.Namespaces, at.Child("namespaces"))...)
	errs = append(errs, validateSecrets(l.Secrets, at.Child("secrets"))...)
	for i, point := range l.EgressPoints {
		errs = append(errs, s.validateEgressPointName(point, at.Child("egressPoints").Index(i))...)
	}
	return errs
}

func (s *FenceProfileSpec) validateVias(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, f := range s.AllTenants.Egress {
		errs = append(errs, optional(f.Via, at.Index(i).Child("via"), s.validateEgressPointName)...)
	}
	return errs
}

// validateEgressPointName refuses a name that is none of the profile's egressPoints.
func (s *FenceProfileSpec) validateEgressPointName(name string, at *field.Path) field.ErrorList {
	if slices.ContainsFunc(s.EgressPoints, func(p EgressPoint) bool { return p.Name == name }) {
		return nil
	}
	var names []string
	for _, p := range s.EgressPoints {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	return field.ErrorList{field.Invalid(at, name, "is not one of the profile's egressPoints ("+strict.DidYouMean(name, names)+"): correct it, or add the egress point")}
}

func (b *Baseline) validate(at *field.Path) field.ErrorList {
	errs := b.DNS.validate(at.Child("dns"))
	errs = append(errs, optional(b.APIServer, at.Child("apiServer"), (*APIServer).validate)...)
	return append(errs, optional(b.Monitoring, at.Child("monitoring"), (*Monitoring).validate)...)
}

func (d *DNS) validate(at *field.Path) field.ErrorList {
	errs := validateName(d.Namespace, at.Child("namespace"))
	errs = append(errs, validateSelector(d.Pods, at.Child("pods"))...)
	errs = append(errs, validatePortNumber(d.Port, at.Child("port"))...)
	return append(errs, validateFQDNs(d.Names, anyName, at.Child("names"))...)
}

func (a *APIServer) validate(at *field.Path) field.ErrorList {
	return validatePortNumbers(a.Ports, at.Child("ports"))
}

func validatePortNumbers(ports []int32, at *field.Path) field.ErrorList {
	return validateItems(ports, at, validatePortNumber)
}

func (m *Monitoring) validate(at *field.Path) field.ErrorList {
	errs := validateName(m.Namespace, at.Child("namespace"))
	errs = append(errs, validateSelector(m.Pods, at.Child("pods"))...)
	return append(errs, validatePorts(m.Ports, at.Child("ports"))...)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// validateChildren validates names. Which Tenants have several parents depends on the build.
func validateChildren(children []ChildTenants, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := map[string]unique{}
	for i, c := range children {
		at := at.Index(i)
		if seen[c.Parent] == nil {
			seen[c.Parent] = unique{}
		}
		errs = append(errs, validateName(c.Parent, at.Child("parent"))...)
		for j, glob := range c.Names {
			at := at.Child("names").Index(j)
			errs = append(errs, validateGlob(glob, at)...)
			errs = append(errs, seen[c.Parent].item(glob, at)...)
			errs = append(errs, errorIf(glob == c.Parent, field.Invalid(at, glob, "is the parent itself, and no Tenant is its own child: remove it"))...)
		}
	}
	return errs
}

// validateRelations refuses the peers children and parent in allTenants if no Tenant can have any.
func (s *FenceProfileSpec) validateRelations(at *field.Path) field.ErrorList {
	if len(s.Tenants.Children) > 0 {
		return nil
	}
	var errs field.ErrorList
	refuse := func(peers []Peer, at *field.Path) {
		for i, p := range peers {
			for _, kind := range p.kinds() {
				errs = append(errs, errorIf(kind == "children" || kind == "parent", field.Forbidden(at.Index(i).Child(kind), "has no effect, because the profile has no tenants.children: add them there, or remove the peer"))...)
			}
		}
	}
	for i, f := range s.AllTenants.Ingress {
		refuse(f.From, at.Child("ingress").Index(i).Child("from"))
	}
	for i, f := range s.AllTenants.Egress {
		refuse(f.To, at.Child("egress").Index(i).Child("to"))
	}
	return errs
}

func validateForbiddenPaths(paths []ForbiddenPath, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, p := range paths {
		at := at.Index(i)
		errs = append(errs, errorIf(p.From == "", field.Required(at.Child("from"), "write an endpoint as in a FlowTest, a Tenant or a namespace"))...)
		errs = append(errs, errorIf(p.To == "", field.Required(at.Child("to"), "write an endpoint as in a FlowTest, a Tenant or a namespace"))...)
		errs = append(errs, errorIf(p.WithinHops < 0, field.Invalid(at.Child("withinHops"), p.WithinHops, "must be at least 1; omitted means any number"))...)
	}
	return errs
}

func validateUndecidedKinds(kinds []UndecidedKind, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := unique{}
	for i, k := range kinds {
		at := at.Index(i)
		errs = append(errs, errorIf(k.Group != "" && len(validation.IsDNS1123Subdomain(k.Group)) > 0, field.Invalid(at.Child("group"), k.Group, "must be an API group without a version, such as security.istio.io"))...)
		errs = append(errs, errorIf(!kindName.MatchString(k.Kind), field.Invalid(at.Child("kind"), k.Kind, "must be one kind, such as AuthorizationPolicy: list each kind, because patterns would accept kinds of later releases"))...)
		errs = append(errs, seen.item(k.Group+"/"+k.Kind, at)...)
		errs = append(errs, errorIf(strings.TrimSpace(k.Reason) == "", field.Required(at.Child("reason"), "state why the kind does not change what is proved, because reports print it"))...)
	}
	return errs
}
