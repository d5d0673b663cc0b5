package draft

import (
	"cmp"
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

// commonEntities are entities that all Tenants may use, if several need them.
var commonEntities = []v1alpha1.Entity{v1alpha1.EntityKubeAPIServer, v1alpha1.EntityIngress}

// writeLimits writes the limits that the Tenants need: for all Tenants only names, and commonEntities, that several
// need. An override replaces a limit, so it has the common ones too.
func (w *writer) writeLimits(spec *v1alpha1.FenceProfileSpec) {
	fqdns, entities := map[string]int{}, map[v1alpha1.Entity]int{}
	for _, n := range w.needs {
		for name := range n.fqdns {
			fqdns[name]++
		}
		for e := range n.entities {
			entities[e]++
		}
	}
	const several = 2
	maps.DeleteFunc(fqdns, func(_ string, users int) bool { return users < several })
	maps.DeleteFunc(entities, func(e v1alpha1.Entity, users int) bool {
		return users < several || !slices.Contains(commonEntities, e)
	})
	spec.Limits = v1alpha1.Limits{FQDNs: slices.Sorted(maps.Keys(fqdns)), Entities: slices.Sorted(maps.Keys(entities))}
	w.comment("spec.limits", "What every Tenant may declare at most: what the flows of several need today.")
	w.comment("spec.overrides", "What single Tenants may declare. A list replaces the one in limits.")
	for _, t := range w.build.tenants {
		n := w.needs[t.name]
		l := v1alpha1.Limits{
			FQDNs: own(n.fqdns, fqdns), Entities: own(n.entities, entities),
			CIDRs: slices.Sorted(maps.Keys(n.cidrs)), Namespaces: slices.Sorted(maps.Keys(n.namespaces)),
		}
		if n.hostNetwork {
			allowed := true
			l.HostNetwork = &allowed
		}
		if !reflect.DeepEqual(l, v1alpha1.Limits{}) {
			addOverride(spec, t.name, l)
		}
	}
}

// own is a limit of one Tenant, or nil if the common one has all that it needs.
func own[T cmp.Ordered](needed map[T]bool, common map[T]int) []T {
	all := maps.Clone(needed)
	for value := range common {
		all[value] = true
	}
	if len(all) == len(common) {
		return nil
	}
	return slices.Sorted(maps.Keys(all))
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
