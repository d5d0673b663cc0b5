package draft

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// ProfileName is the name of the profile that a draft has.
const ProfileName = "platform"

func (w *writer) writeProfile() {
	p := &w.Profile
	p.TypeMeta, p.Name = typeMeta(v1alpha1.KindFenceProfile), ProfileName
	w.ProfileComments = map[string][]string{}
	w.writeCluster(&p.Spec)
	p.Spec.Enforcement = v1alpha1.AllowOnly
	w.build.chose("enforcement: AllowOnly, so the fence denies nothing")
	w.comment("spec.enforcement", "AllowOnly denies nothing. Enforce denies everything that no flow allows.")
	p.Spec.Tenants.NamespacePattern = w.build.pattern
	for _, t := range w.build.tenants {
		if !t.byPattern {
			if p.Spec.Tenants.Claims == nil {
				p.Spec.Tenants.Claims = map[string][]string{}
			}
			p.Spec.Tenants.Claims[t.name] = []string{t.namespace}
		}
	}
	for _, e := range w.build.excluded {
		p.Spec.ExcludedNamespaces = append(p.Spec.ExcludedNamespaces, v1alpha1.ExcludedNamespace{Name: e.name, Reason: e.reason})
	}
	p.Spec.Baseline.DNS = w.build.dns()
	w.writeLimits(&p.Spec)
	w.writeUndecidedKinds(&p.Spec)
}

func (w *writer) comment(path, text string) {
	w.ProfileComments[path] = append(w.ProfileComments[path], text)
}

// narrowEntities are entities that each Tenant may use only if it needs them itself.
var narrowEntities = []v1alpha1.Entity{
	v1alpha1.EntityAll, v1alpha1.EntityCluster, v1alpha1.EntityWorld, v1alpha1.EntityHost, v1alpha1.EntityRemoteNode,
}

// writeLimits writes the limits that the Tenants need. Those about nodes and the world are for single
// Tenants.
func (w *writer) writeLimits(spec *v1alpha1.FenceProfileSpec) {
	all := needs{fqdns: map[string]bool{}, cidrs: map[string]bool{}, namespaces: map[string]bool{}, entities: map[v1alpha1.Entity]bool{}}
	for _, n := range w.needs {
		maps.Copy(all.fqdns, n.fqdns)
		maps.Copy(all.cidrs, n.cidrs)
		maps.Copy(all.namespaces, n.namespaces)
		for e := range n.entities {
			if !slices.Contains(narrowEntities, e) {
				all.entities[e] = true
			}
		}
	}
	spec.Limits = v1alpha1.Limits{
		FQDNs: slices.Sorted(maps.Keys(all.fqdns)), CIDRs: slices.Sorted(maps.Keys(all.cidrs)),
		Namespaces: slices.Sorted(maps.Keys(all.namespaces)), Entities: slices.Sorted(maps.Keys(all.entities)),
	}
	w.comment("spec.limits", "What Tenants may declare at most: what their flows need today.")
	for _, t := range w.build.tenants {
		n := w.needs[t.name]
		var l v1alpha1.Limits
		if slices.ContainsFunc(narrowEntities, func(e v1alpha1.Entity) bool { return n.entities[e] }) {
			entities := maps.Clone(n.entities)
			maps.Copy(entities, all.entities)
			l.Entities = slices.Sorted(maps.Keys(entities))
		}
		if n.hostNetwork {
			allowed := true
			l.HostNetwork = &allowed
		}
		if len(l.Entities) > 0 || n.hostNetwork {
			addOverride(spec, t.name, l)
		}
	}
}

// addOverride adds a Tenant to the override with the same limits.
func addOverride(spec *v1alpha1.FenceProfileSpec, tenant string, l v1alpha1.Limits) {
	for i := range spec.Overrides {
		if o := &spec.Overrides[i]; reflect.DeepEqual(*o.Limits, l) {
			o.Tenants = append(o.Tenants, tenant)
			return
		}
	}
	spec.Overrides = append(spec.Overrides, v1alpha1.Override{Tenants: []string{tenant}, Limits: &l})
}

// writeUndecidedKinds accepts the kinds of the build that affect traffic and are not decided. Without them
// the build fails.
func (w *writer) writeUndecidedKinds(spec *v1alpha1.FenceProfileSpec) {
	pods := w.build.index.MakesPods()
	seen := map[string]bool{}
	for _, n := range w.build.items {
		group, kind, c := resource.Group(n), n.GetKind(), resource.CoverageOf(n)
		if group == "" && kind == "Service" && n.GetAnnotations()["service.cilium.io/lb-l7"] == "enabled" {
			group, kind = "cilium.io", "CiliumEnvoyConfig"
			c = resource.Coverage{Class: resource.NotDecided, Reason: "makes a proxy decide where connections to a Service go"}
		}
		if c.Class != resource.NotDecided || pods[resource.ID(n)] || group == resource.AdministratorGroup || seen[group+"/"+kind] {
			continue
		}
		seen[group+"/"+kind] = true
		spec.UndecidedKinds = append(spec.UndecidedKinds, v1alpha1.UndecidedKind{Group: group, Kind: kind, Reason: "accepted by tenantfence init, to be reviewed: it " + c.Reason})
		w.build.review(describe(resource.RefOf(n)), fmt.Sprintf("%s: undecidedKinds of the profile accepts every %s, so the proof ASSUMES that it does not change what is allowed", c.Reason, kind))
	}
	w.acceptOperatorPolicies(spec)
	slices.SortFunc(spec.UndecidedKinds, func(x, y v1alpha1.UndecidedKind) int {
		return strings.Compare(x.Group+"/"+x.Kind, y.Group+"/"+y.Kind)
	})
}

// acceptOperatorPolicies accepts the kinds from which operators create NetworkPolicies.
func (w *writer) acceptOperatorPolicies(spec *v1alpha1.FenceProfileSpec) {
	for _, in := range w.build.index.Inferred {
		group, _, _ := strings.Cut(in.Resource.APIVersion, "/")
		for _, p := range in.Policies {
			if p.Allows() == "" {
				continue
			}
			k := v1alpha1.UndecidedKind{Group: group, Kind: in.Resource.Kind, Reason: "accepted by tenantfence init, to be reviewed: " + in.Operator.Operator + " creates a NetworkPolicy from it"}
			if !slices.Contains(spec.UndecidedKinds, k) {
				spec.UndecidedKinds = append(spec.UndecidedKinds, k)
			}
			w.build.review(describe(in.Resource), fmt.Sprintf("%s creates the NetworkPolicy %s from it, which allows %s: undecidedKinds of the profile accepts every %s, so the proof ASSUMES that it allows only declared flows: set %s", in.Operator.Operator, p.Name, p.Allows(), in.Resource.Kind, p.SwitchOff))
		}
	}
}
