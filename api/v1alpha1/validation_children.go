package v1alpha1

import "k8s.io/apimachinery/pkg/util/validation/field"

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
