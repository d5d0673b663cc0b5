package kustomize

import (
	"maps"
	"slices"

	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/resid"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// referrers are the kinds in which kustomize reads names of other resources by default, and referred are
// the kinds of these resources. kustomize does not export its table.
var (
	referrers = setOf("APIService", "ClusterRole", "ClusterRoleBinding", "CronJob", "DaemonSet", "Deployment", "HorizontalPodAutoscaler",
		"Ingress", "Job", "MutatingWebhookConfiguration", "Node", "PersistentVolume", "PersistentVolumeClaim", "Pod", "PodTemplate",
		"ReplicaSet", "ReplicationController", "Role", "RoleBinding", "ServiceAccount", "StatefulSet", "StorageClass",
		"ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration")
	referred = setOf("ClusterRole", "ConfigMap", "Deployment", "IngressClass", "PersistentVolume", "PersistentVolumeClaim", "PriorityClass",
		"ReplicaSet", "ReplicationController", "Role", "Secret", "Service", "ServiceAccount", "StatefulSet", "StorageClass", "ValidatingAdmissionPolicy")
)

// knativeServing is the group whose Services refer to Secrets.
const knativeServing = "serving.knative.dev"

func setOf(texts ...string) map[string]bool {
	out := map[string]bool{}
	for _, t := range texts {
		out[t] = true
	}
	return out
}

func refersToNames(r *resource.Resource) bool {
	gvk := r.GetGvk()
	return referrers[gvk.Kind] || gvk.Kind == "Service" && gvk.Group == knativeServing
}

// reference is a name that a resource of a namespace may use, or may have had. The namespace of
// cluster-scoped resources is resid.TotallyNotANamespace.
type reference struct{ name, namespace string }

const (
	// everywhere is the namespace of references that are looked for in all namespaces.
	everywhere = ""
	// everyName is the former name of a resource that may have had any.
	everyName = ""
	// someName is a name in a resource that may have been any.
	someName = "\x00"
)

// joinReferences joins the groups between which kustomize may change names, and has it build each of the
// results again. kustomize matches a field with the former names of the resources in the same namespace,
// and of cluster-scoped ones.
func (a *accumulation) joinReferences() error {
	targets := map[reference][]int{}
	for i, g := range a.groups {
		for target := range g.targets() {
			targets[target] = append(targets[target], i)
		}
	}
	if len(targets) == 0 {
		return nil
	}
	competing, chunksOf := a.competing(), a.chunksOf()
	sets := newDisjointSets(len(a.groups))
	join := func(i, j int) {
		sets.join(i, j)
		for _, k := range slices.Concat(chunksOf[a.groups[i].parts[0].whole], chunksOf[a.groups[j].parts[0].whole]) {
			sets.join(i, k)
		}
	}
	for i, g := range a.groups {
		for use := range g.uses() {
			matching := slices.Concat(targets[use], targets[reference{everyName, use.namespace}])
			if len(matching) > 0 {
				matching = append(matching, competing[use]...)
			}
			for _, j := range matching {
				join(i, j)
			}
		}
	}
	for _, members := range sets.members() {
		if err := a.rebuild(members); err != nil {
			return err
		}
	}
	return nil
}

// competing has the groups with a resource of a name, as resources of each namespace and cluster-scoped ones look for
// it. kustomize keeps a name that has several meanings, if one of them is still right.
func (a *accumulation) competing() map[reference][]int {
	out := map[reference][]int{}
	for i, g := range a.groups {
		for _, r := range g.resources {
			if !referred[r.GetKind()] {
				continue
			}
			for _, namespace := range []string{r.CurId().EffectiveNamespace(), everywhere} {
				for _, name := range []string{r.GetName(), someName} {
					key := reference{name, namespace}
					if all := out[key]; len(all) == 0 || all[len(all)-1] != i {
						out[key] = append(all, i)
					}
				}
			}
		}
	}
	return out
}

// rebuild has kustomize build groups together, and distributes the resources.
func (a *accumulation) rebuild(members []int) error {
	if len(members) < 2 {
		return nil
	}
	var parts []*part
	count := 0
	for _, i := range members {
		parts = append(parts, a.groups[i].parts...)
		count += len(a.groups[i].resources)
	}
	resources, err := a.runPruned(wholeFiles(parts), nil)
	if err != nil {
		return err
	}
	if len(resources) != count {
		return errInexact
	}
	for _, i := range members {
		n := len(a.groups[i].resources)
		a.groups[i].resources, resources = resources[:n:n], resources[n:]
	}
	return nil
}

// targets are the names that the resources of a group may have had, as resources of each namespace and
// cluster-scoped ones look for them.
func (g *group) targets() map[reference]bool {
	out := map[reference]bool{}
	if g.names.class == keepsNames {
		return out
	}
	former := g.names.former
	if g.names.class == anyName {
		former = map[string]bool{everyName: true}
	}
	for namespace := range namespacesOf(g.resources, func(r *resource.Resource) bool { return g.names.class == anyName || referred[r.GetKind()] }) {
		for name := range former {
			out[reference{name, namespace}] = true
			out[reference{name, everywhere}] = true
		}
		out[reference{someName, namespace}], out[reference{someName, everywhere}] = true, true
	}
	return out
}

// namespacesOf returns the namespaces of the resources that a function selects.
func namespacesOf(resources []*resource.Resource, selected func(*resource.Resource) bool) map[string]bool {
	out := map[string]bool{}
	for _, r := range resources {
		if selected(r) && r.GetKind() != "Namespace" {
			out[r.CurId().EffectiveNamespace()] = true
		}
	}
	return out
}

// uses are the names in the resources of a group, and the namespaces in which kustomize looks for them.
// If the group changes names, its resources already contain the new ones, so that its former names count,
// too.
func (g *group) uses() map[reference]bool {
	out := map[reference]bool{}
	namespaces := map[string]bool{}
	for _, r := range g.resources {
		if g.isRead || g.names.class != anyName && !refersToNames(r) || r.GetKind() == "Namespace" {
			continue
		}
		names := map[string]bool{}
		addScalars(names, r.YNode())
		for _, namespace := range g.lookupNamespaces(r) {
			namespaces[namespace] = true
			for name := range names {
				out[reference{name, namespace}] = true
			}
		}
	}
	former := g.names.former
	if g.names.class == anyName {
		former = map[string]bool{someName: true}
	}
	for namespace := range namespaces {
		for name := range former {
			out[reference{name, namespace}] = true
		}
	}
	return out
}

// lookupNamespaces returns the namespaces in which kustomize looks for the names in a resource.
func (g *group) lookupNamespaces(r *resource.Resource) []string {
	namespace := r.CurId().EffectiveNamespace()
	isBinding := r.GetKind() == "RoleBinding"
	if namespace == resid.TotallyNotANamespace || isBinding && g.names.class != keepsNames {
		return []string{everywhere}
	}
	out := []string{namespace, resid.TotallyNotANamespace}
	if !isBinding {
		return out
	}
	// A RoleBinding refers to ServiceAccounts in the namespaces of its subjects.
	subjects, err := r.Pipe(yaml.Lookup("subjects"))
	if err != nil || subjects == nil {
		return out
	}
	names := map[string]bool{}
	addScalars(names, subjects.YNode())
	return append(out, slices.Sorted(maps.Keys(names))...)
}

// addScalars adds all scalars below a node.
func addScalars(to map[string]bool, n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.Value != "" {
		to[n.Value] = true
	}
	for i, c := range n.Content {
		if n.Kind != yaml.MappingNode || i%2 == 1 {
			addScalars(to, c)
		}
	}
}

// disjointSets are sets of numbers that are joined.
type disjointSets []int

func newDisjointSets(n int) disjointSets {
	d := make(disjointSets, n)
	for i := range d {
		d[i] = i
	}
	return d
}

func (d disjointSets) find(i int) int {
	for d[i] != i {
		d[i] = d[d[i]]
		i = d[i]
	}
	return i
}

// join makes one set of two. The smallest number represents it.
func (d disjointSets) join(i, j int) {
	i, j = d.find(i), d.find(j)
	d[max(i, j)] = min(i, j)
}

// members returns the sets, and their numbers, in order.
func (d disjointSets) members() [][]int {
	out := make([][]int, len(d))
	for i := range d {
		set := d.find(i)
		out[set] = append(out[set], i)
	}
	return out
}
