package resolve

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/report"
)

// reportPeers reports, for each peer, the tenants that it excludes, or the number of pairs that it allows.
func (r *agreePass) reportPeers() {
	for _, p := range r.order {
		switch f := p.flow; {
		case r.childrenUnclear(p):
		case f.fromProfile && (f.mesh || !p.group.includesAllTenants()):
			r.reportWithoutConsent(p)
		case !f.isCounted(p.group):
			r.reportMissingConsents(p)
		case len(p.allowed) == 0 && !p.consentUnknown:
			r.reportUnused(p)
		default:
			r.reportConsents(p)
		}
	}
}

// reportWithoutConsent counts the pairs that a flow of the profile allows without consent.
func (r *agreePass) reportWithoutConsent(p *multiTenantPeer) {
	switch f := p.flow; {
	case len(p.allowed) > 0 || f.mesh:
		r.report(report.Info, report.FlowsWithoutConsent, f.ref, p.path, "allows the flow for %s without consent of the other Tenant: check that this is intended", pairs(len(p.allowed)))
	case p.group == childTenants:
		r.reportNoChildren(p)
	}
}

// reportConsents counts the tenants that consent. If none does, the reason is an error already.
func (r *agreePass) reportConsents(p *multiTenantPeer) {
	f, check, members := p.flow, report.AnyTenantConsents, "other Tenants"
	if p.group == childTenants {
		check, members = report.ChildrenConsents, "children"
	}
	names, byProfile := p.allowedOf(p.byProfile), ""
	if len(names) > 0 {
		byProfile = "; the profile declares it for " + strings.Join(names, ", ")
	}
	switch {
	case len(p.allowed) == 0:
	case f.fromProfile:
		r.report(report.Info, check, f.ref, p.path, "allows the flow for %s (of %d) in which the other Tenant declares %s%s%s", pairs(len(p.allowed)), len(p.pairs), oppositeSide(f), p.partialText(), byProfile)
	case len(names) == len(p.allowed):
		r.report(report.Info, check, f.ref, p.path, "the profile declares %s for %d of %d %s with such pods: %s%s", oppositeSide(f), len(p.allowed), len(p.pairs), members, strings.Join(p.allowed, ", "), p.partialText())
	default:
		r.report(report.Info, check, f.ref, p.path, "%d of %d %s with such pods declare %s: %s%s%s", len(p.allowed), len(p.pairs), members, oppositeSide(f), strings.Join(p.allowed, ", "), p.partialText(), byProfile)
	}
}

// allowedOf names the other tenants of those pairs that the peer allows.
func (p *multiTenantPeer) allowedOf(pairs map[[2]string]bool) []string {
	var names []string
	for pair, is := range pairs {
		if is && p.pairs[pair] {
			names = append(names, pair[1])
		}
	}
	return endpoints.SortedUnique(names)
}

// partialText names the tenants that declare a part.
func (p *multiTenantPeer) partialText() string {
	names := p.allowedOf(p.partial)
	if len(names) == 0 {
		return ""
	}
	return "; only a part of it: " + strings.Join(names, ", ")
}

func pairs(n int) string {
	if n == 1 {
		return "1 pair of Tenants"
	}
	return fmt.Sprintf("%d pairs of Tenants", n)
}

// reportUnused reports that no tenant takes part.
func (r *agreePass) reportUnused(p *multiTenantPeer) {
	if p.group == childTenants && len(p.pairs) == 0 {
		r.reportNoChildren(p)
		return
	}
	policies := "so this peer is in no policy"
	if p.others {
		policies = "so the flow excludes all of them"
	}
	mesh := ""
	if p.flow.fromProfile {
		mesh = "; to allow it for all Tenants without their consent, set fullMesh: true"
	}
	if len(p.pairs) == 0 {
		if !p.others {
			r.warnNoPods(p.flow, p.path)
		}
		return
	}
	l, check, who := p.missingConsents[0], report.AnyTenantUnused, "other Tenant"
	if l.mistaken != nil && refusesServicePort(r.findings, l.mistaken.ref, l.mistaken.path.Child("ports").String()) {
		return
	}
	if p.group == childTenants {
		check, who = report.ChildrenUnused, "child"
	}
	r.warn(check, p.flow.ref, p.path, "no %s declares %s, %s: for Tenant %q, for instance, %s%s", who, oppositeSide(p.flow), policies, l.tenant, l.fix, mesh)
}

// reportMissingConsents names the tenants that the peer excludes, together if they lack the same. If
// it excludes all, that is an error.
func (r *agreePass) reportMissingConsents(p *multiTenantPeer) {
	severity := report.Warning
	if !p.others && len(p.allowed) == 0 && !p.consentUnknown {
		severity = report.Error
	}
	for len(p.missingConsents) > 0 {
		first := p.missingConsents[0]
		same := func(l missingConsent) bool {
			return l.text == first.text && l.fix == first.fix && l.denies == first.denies && l.partial == first.partial && l.included == first.included
		}
		var names []string
		for _, l := range p.missingConsents {
			if same(l) {
				names = append(names, l.tenant)
			}
		}
		p.missingConsents = slices.DeleteFunc(p.missingConsents, same)
		severity := severity
		if first.included != "" {
			severity = report.Error
		}
		r.report(severity, report.ConsentMissing, p.flow.ref, p.path, "%s", first.desc(names, p.group, severity))
	}
}

// desc is the message for all tenants that lack the same.
func (l missingConsent) desc(names []string, group tenantGroup, severity report.Severity) string {
	who, has, not, them, its := "Tenant", "has", "does not", "it", "its"
	if len(names) > 1 {
		who, has, not, them, its = "Tenants", "have", "do not", "them", "their"
	}
	out := who + " " + quoteSome(names) + " "
	if have := map[tenantGroup]string{sharedNamespace: "some of these pods", namespacesByLabel: "namespaces with these labels"}[group]; have != "" {
		out += has + " " + have + " and "
	}
	out += not + " " + l.text
	fix := l.fix
	switch {
	case l.included != "":
		out += ", and the peer includes " + its + " pods (" + l.included + ")"
		fix = "narrow pods of the peer, or " + fix
	case severity == report.Error:
	case l.denies:
		out += ", so its policies deny the flow"
	case l.partial:
		out += ", so the flow excludes all pods of " + its + " namespaces"
	default:
		out += ", so the flow excludes " + them
	}
	if len(names) > 1 {
		fix = strings.Replace(fix, "add to its ", "add to each ", 1)
	}
	return out + ": " + fix
}

// childrenUnclear reports whether contradicting entries may give the tenant of a peer further children.
func (r *agreePass) childrenUnclear(p *multiTenantPeer) bool {
	if p.group != childTenants {
		return false
	}
	for _, parents := range r.relation.unclear {
		if p.flow.fromProfile || slices.Contains(parents, p.flow.tenant.Name) {
			return true
		}
	}
	return false
}

// reportNoChildren reports a peer for children that includes none. A parent without children is
// complete: the peer includes them once they exist.
func (r *agreePass) reportNoChildren(p *multiTenantPeer) {
	parent := p.flow.tenant.Name
	unread := slices.ContainsFunc(slices.Collect(maps.Keys(r.unread)), func(name string) bool {
		return slices.ContainsFunc(r.relation.parentsOf(name), func(i int) bool { return r.relation.entries[i].Parent == parent })
	})
	switch {
	// A flow of the profile applies only to parents with children.
	case p.flow.fromProfile || len(r.relation.children[parent]) > 0:
		r.warn(report.ChildrenUnused, p.flow.ref, p.path, "no child has such pods in the build, so this peer is in no policy: correct the labels, remove the peer, or declare the pods as external resources "+externalKind)
	case unread || r.index.Partial:
	default:
		r.report(report.Info, report.ChildrenUnused, p.flow.ref, p.path, "the build has no child of %s (%s), so this peer is in no policy until one exists", describeTenant(p.flow.tenant), quoteSome(r.declaredChildren(parent)))
	}
}

// declaredChildren are the declared names of a parent's children.
func (r *agreePass) declaredChildren(parent string) []string {
	var names []string
	for _, c := range r.relation.entries {
		if c.Parent == parent {
			names = append(names, c.Names...)
		}
	}
	return names
}
