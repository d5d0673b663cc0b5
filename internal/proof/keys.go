package proof

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"maps"
	"slices"

	"github.com/davecgh/go-spew/spew"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/parallel"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// keys are the keys of units: hashes of all that their results depend on. These are the items, pods and labels of the
// namespaces that they need, the tenants and grants of these, and all that is not of one namespace.
type keys struct {
	// neighbours are those for each agent.
	neighbours []*neighbours
	owners     map[string]*policy.Owner
	// common is the hash of what every unit depends on.
	common []byte
	// namespaces are the hashes of what is in each namespace. tenants and grants are those of each tenant and grant, and
	// grantsOf has the grants of each namespace.
	namespaces map[string][]byte
	tenants    map[string][]byte
	grants     [][]byte
	grantsOf   map[string][]int
}

func (p proof) keys(all []*neighbours, settings []otherSetting) *keys {
	out := &keys{neighbours: all, owners: map[string]*policy.Owner{}, namespaces: map[string][]byte{}, tenants: map[string][]byte{}, grantsOf: map[string][]int{}}
	items := slices.Concat(p.items, p.local)
	digests := make([][]byte, len(items))
	parallel.For(len(items), func(i int) {
		digest := resource.Digest(items[i])
		digests[i] = digest[:]
	})
	in := map[string]hash.Hash{}
	of := func(ns string) hash.Hash {
		if in[ns] == nil {
			in[ns] = sha256.New()
			writeAll(in[ns], ns, all[0].labels[ns])
		}
		return in[ns]
	}
	for i, n := range items {
		if resource.Group(n) == v1alpha1.Group {
			// The fence has what it declares.
			continue
		}
		// Which items are generated matters to checks of hand-written policies, and local ones do not reach the cluster.
		writeAll(of(namespaceOf(n)), digests[i], p.own[n], i < len(p.items))
	}
	for _, w := range p.index.Workloads {
		writeAll(of(w.Ref.Namespace), w.Ref.Kind, w.Ref.Name, w.HostNetwork, w.Labels, w.AllLabels, w.ServiceAccount, w.Ports)
	}
	common := of("")
	p.addCommon(common, settings)
	for i, g := range p.Fence.Grants {
		out.grants = append(out.grants, hashOf(g))
		namespaces := namespacesOf(g)
		for _, ns := range namespaces {
			out.grantsOf[ns] = append(out.grantsOf[ns], i)
		}
		if len(namespaces) == 0 {
			writeAll(common, out.grants[i])
		}
	}
	for _, o := range p.Fence.Owners() {
		if o.IsNodes() {
			writeAll(common, hashOf(o))
			continue
		}
		out.owners[o.Name], out.tenants[o.Name] = o, hashOf(o)
	}
	for ns, h := range in {
		out.namespaces[ns] = h.Sum(nil)
	}
	out.common = out.namespaces[""]
	return out
}

// addCommon adds what is not of one namespace: the fence, what the engine knows of the cluster, and other settings with
// which the proof is repeated.
func (p proof) addCommon(h hash.Hash, settings []otherSetting) {
	fence := *p.Fence.WithOwners()
	fence.Grants, fence.Flows, fence.Unfenced = nil, nil, nil
	spec := p.in.Fence.Spec
	spec.Tenants = nil
	ends := reach.Endpoints{Index: p.index, Fence: p.Fence}
	pods := ends.Pods()
	writeAll(h, hashOf(fence), hashOf(spec), hashOf(p.in.Profile.Spec), hashOf(settings), inMesh(p.Fence, p.items), p.in.Mesh(), hashOf(p.leftOut), fmt.Sprint(ends.APIServer(), ends.Nodes()),
		engine.ConflictingPorts(p.Fence.Agent, pods), endpoints.FirstPorts(pods), hashOf(ends.UndecidedOperatorPolicies()), p.index.WithoutResources)
}

// of returns the key of a unit.
func (k *keys) of(u unit) [sha256.Size]byte {
	h := sha256.New()
	writeAll(h, k.common, u.tenants)
	own := endpoints.NamespaceSet{}
	for _, tenant := range u.tenants {
		for _, ns := range k.owners[tenant].Namespaces {
			own[ns] = true
		}
	}
	needed := endpoints.NamespaceSet{}
	for _, b := range k.neighbours {
		writeAll(h, b.distinctions.Of(b.selecting(own)), b.undecided)
		of := b.neededBy(own)
		if of == nil {
			of = b.namespaces
			writeAll(h, "all")
		}
		maps.Copy(needed, of)
	}
	tenants, grants := map[string]bool{}, map[int]bool{}
	for _, ns := range slices.Sorted(maps.Keys(needed)) {
		writeAll(h, ns, k.namespaces[ns])
		for _, t := range k.neighbours[0].fence.TenantsIn(ns) {
			tenants[t.Name] = true
		}
		for _, i := range k.grantsOf[ns] {
			grants[i] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(tenants)) {
		writeAll(h, k.tenants[name])
	}
	for _, i := range slices.Sorted(maps.Keys(grants)) {
		if !slices.ContainsFunc(namespacesOf(k.neighbours[0].fence.Grants[i]), func(ns string) bool { return !needed[ns] }) {
			writeAll(h, k.grants[i])
		}
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// namespacesOf are the namespaces that a grant names.
func namespacesOf(g policy.Grant) []string {
	var out []string
	for _, p := range []policy.Peer{g.From, g.To} {
		if p.Kind == policy.Pods && p.Namespace != "" {
			out = append(out, p.Namespace)
		}
	}
	return out
}

// dump writes values with quoted texts and their lengths, maps in the order of their keys, and no addresses.
var dump = spew.ConfigState{SortKeys: true, SpewKeys: true, DisableMethods: true, DisablePointerAddresses: true, DisableCapacities: true}

// hashOf is a hash of a value with all of its fields, also those that are not exported.
func hashOf(v any) []byte {
	sum := sha256.Sum256([]byte(dump.Sdump(v)))
	return sum[:]
}

// writeAll writes values, so that no two lists of values are alike. Maps are in the order of their keys.
func writeAll(h hash.Hash, all ...any) {
	for _, v := range all {
		_, _ = fmt.Fprintf(h, "%T %#v\n", v, v) // A hash returns no error.
	}
}
