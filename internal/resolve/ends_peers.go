package resolve

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// resolvePeer resolves a peer. found is false if the flow is optional and the peer is not in the
// build. For other flows, it refuses a missing peer.
func (r *endsPass) resolvePeer(f *declaredFlow, p v1alpha1.Peer, at *field.Path) (resolvedPeers []resolvedPeer, found bool) {
	switch {
	case p.Tenant != "":
		return r.resolveNamedTenant(f, p.Tenant, p, at, at.Child("tenant"))
	case p.AnyTenant:
		return r.resolveAnyTenantPeer(f, p, at), true
	case p.Children:
		return r.resolveChildrenPeer(f, p, at)
	case p.Parent:
		return r.resolveParentPeer(f, p, at)
	case p.Namespace != "":
		return r.resolveNamespacePeer(f, p, at)
	case p.NamespaceLabels != nil:
		return r.resolveLabelPeer(f, p, at)
	case p.Service != "":
		return r.resolveServicePeer(f, p.Service, at.Child("service"))
	case len(p.Entities) > 0:
		return r.resolveEntityPeer(f, p, at), true
	case len(p.CIDRs) > 0:
		r.checkCIDRLimits(f, p.CIDRs, p.Except, at.Child("cidrs"))
		return []resolvedPeer{{peer: policy.Peer{Kind: policy.CIDRs, CIDRs: p.CIDRs, Except: p.Except}, path: at}}, true
	case len(p.FQDNs) > 0:
		fqdns := at.Child("fqdns")
		r.checkFQDNLimits(f, p.FQDNs, fqdns)
		return r.resolveNames(f, flowNames{names: p.FQDNs, ports: f.ports, path: at, at: fqdns.Index})
	default:
		return r.podsOfTenant(f, f.tenant, p, at, f.tenant.Namespaces)
	}
}

// resolveEntityPeer resolves entities. It replaces world-ipv4 and world-ipv6 by networks: agents know
// these entities, and the custom resource does not.
func (r *endsPass) resolveEntityPeer(f *declaredFlow, p v1alpha1.Peer, at *field.Path) []resolvedPeer {
	r.checkEntityLimits(f, p.Entities, at.Child("entities"))
	entities, cidrs := policy.Peer{Kind: policy.Entities}, policy.Peer{Kind: policy.CIDRs}
	for _, e := range p.Entities {
		switch e {
		case v1alpha1.EntityWorldIPv4:
			cidrs.CIDRs = append(cidrs.CIDRs, "0.0.0.0/0")
		case v1alpha1.EntityWorldIPv6:
			cidrs.CIDRs = append(cidrs.CIDRs, "::/0")
		default:
			entities.Entities = append(entities.Entities, e)
		}
	}
	var out []resolvedPeer
	if len(entities.Entities) > 0 {
		out = append(out, resolvedPeer{peer: entities, path: at})
	}
	if len(cidrs.CIDRs) > 0 {
		out = append(out, resolvedPeer{peer: cidrs, path: at})
	}
	return out
}

// resolveNamedTenant resolves the pods of the Tenant that a field of the peer names.
func (r *endsPass) resolveNamedTenant(f *declaredFlow, name string, p v1alpha1.Peer, at, named *field.Path) ([]resolvedPeer, bool) {
	t := r.byName[name]
	if t == nil && r.unread[name] {
		return nil, true
	}
	if t == nil {
		return nil, r.refuseMissing(f, named, "Tenant %q is not in the build: %s", name, correction(name, r.tenantNames(), "add the Tenant"+orRemovePeer))
	}
	return r.podsOfTenant(f, t, p, at, t.Namespaces)
}

// podsOfTenant are a tenant's pods in some of its namespaces. Pods of another tenant need its consent,
// unless the profile declares the flow.
func (r *endsPass) podsOfTenant(f *declaredFlow, t *tenant, p v1alpha1.Peer, at *field.Path, namespaces []string) ([]resolvedPeer, bool) {
	pods := endpoints.SelectorOf(p.Pods)
	peers := r.podPeers(t, namespaces, pods)
	if len(peers) > 0 || len(namespaces) == 0 {
		return f.peersOfTenant(peers, t, singleTenant, at), true
	}
	why := r.podsNotFound(namespaces, pods, orRemovePeer)
	if i := slices.IndexFunc(namespaces, func(ns string) bool { return r.holderOf(ns) == t && r.isPartial(ns) && r.selectsUnclaimed(ns, pods) }); i >= 0 {
		why = fmt.Sprintf("selects pods that spec.pods of Tenant %q does not select: add namespace: %s to the peer", t.Name, namespaces[i])
	}
	return nil, r.refuseMissing(f, at.Child("pods"), "%s", why)
}

func (r *endsPass) resolveAnyTenantPeer(f *declaredFlow, p v1alpha1.Peer, at *field.Path) []resolvedPeer {
	if !isTrue(f.limits().AnyTenant) && !r.withinLimits(f, report.AnyTenantOutsideLimits, at.Child("anyTenant"), "every tenant at once", "anyTenant") {
		return nil
	}
	var out []resolvedPeer
	for _, t := range r.tenants {
		if t == f.tenant {
			continue
		}
		out = append(out, f.peersOfTenant(r.podPeers(t, t.Namespaces, endpoints.SelectorOf(p.Pods)), t, anyTenant, at)...)
	}
	return out
}

func (r *endsPass) resolveNamespacePeer(f *declaredFlow, p v1alpha1.Peer, at *field.Path) ([]resolvedPeer, bool) {
	if r.unreadNamespaces[p.Namespace] {
		return nil, true
	}
	missing := !r.index.WithoutResources && r.index.Namespaces[p.Namespace] == nil
	if fenced := r.fencedPartAlone(f, p, at); len(fenced) > 0 {
		return fenced, true
	}
	if (!missing || r.index.Partial) && !r.checkNamespaceLimit(f, p.Namespace, endpoints.SelectorOf(p.Pods), at.Child("namespace")) {
		return nil, true
	}
	if missing {
		return nil, r.refuseMissing(f, at.Child("namespace"), "namespace %q is not in the build: %s", p.Namespace, correction(p.Namespace, r.namespaceNames(), declareExternal("the Namespace")+orRemovePeer))
	}
	if t := r.owner[p.Namespace]; t != nil {
		return r.podsOfTenant(f, t, p, at, []string{p.Namespace})
	}
	resolvedPeers := r.peersInNamespace(f, p.Namespace, endpoints.SelectorOf(p.Pods), sharedNamespace, at)
	if len(resolvedPeers) == 0 {
		return nil, r.refuseMissing(f, at.Child("pods"), "%s", r.podsNotFound([]string{p.Namespace}, endpoints.SelectorOf(p.Pods), orRemovePeer))
	}
	return resolvedPeers, true
}

// refuseMissing refuses a peer that is not in the build, unless the flow is optional. It reports
// whether the flow is resolved further.
func (r *endsPass) refuseMissing(f *declaredFlow, at *field.Path, format string, args ...any) bool {
	if f.optional {
		return false
	}
	if r.index.Partial {
		return true
	}
	r.refuse(report.PeerNotInBuild, f.ref, at, format, args...)
	return true
}

// resolveChildrenPeer resolves the children of a flow's tenant, if the profile declares any.
func (r *endsPass) resolveChildrenPeer(f *declaredFlow, p v1alpha1.Peer, at *field.Path) ([]resolvedPeer, bool) {
	if r.relation.firstEntry(f.tenant.Name) < 0 {
		return nil, r.refuseUndeclared(f, at.Child("children"), "the profile declares no children of Tenant %q: add {parent: %[1]s, names: [...]} to tenants.children of the profile, or remove the peer", f.tenant.Name)
	}
	var out []resolvedPeer
	for _, t := range r.relation.children[f.tenant.Name] {
		out = append(out, f.peersOfTenant(r.podPeers(t, t.Namespaces, endpoints.SelectorOf(p.Pods)), t, childTenants, at)...)
	}
	return out, true
}

// resolveParentPeer resolves the parent of a flow's tenant as if the flow named it. A flow of the
// profile does not require the pods of each parent.
func (r *endsPass) resolveParentPeer(f *declaredFlow, p v1alpha1.Peer, at *field.Path) ([]resolvedPeer, bool) {
	parent := r.byName[f.tenant.parent]
	switch pods := endpoints.SelectorOf(p.Pods); {
	case len(r.relation.unclear[f.tenant.Name]) > 0:
		return nil, true
	case f.tenant.parent == "":
		return nil, r.refuseUndeclared(f, at.Child("parent"), "the profile declares no parent of Tenant %q: add the name to an entry of tenants.children in the profile, or remove the peer", f.tenant.Name)
	case f.fromProfile && !f.optional && parent != nil && len(parent.Namespaces) > 0 && len(r.podPeers(parent, parent.Namespaces, pods)) == 0:
		r.warn(report.ChildrenUnused, f.ref, at.Child("pods"), "the parent of Tenant %q, Tenant %q, has no such pods in the build, so this peer is in no policy of the child: %s",
			f.tenant.Name, parent.Name, r.podsFix(parent.Namespaces, pods, ""))
		return nil, true
	}
	return r.resolveNamedTenant(f, f.tenant.parent, p, at, at.Child("parent"))
}

// refuseUndeclared refuses a peer that the profile gives no meaning for this Tenant, unless the flow is
// optional. It reports whether the flow is resolved further.
func (r *endsPass) refuseUndeclared(f *declaredFlow, at *field.Path, format string, args ...any) bool {
	if f.optional {
		return false
	}
	r.refuse(report.ChildrenUndeclared, f.ref, at, format, args...)
	return true
}
