package draft

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// build is a build with what the draft has found in it so far.
type build struct {
	items []*yaml.RNode
	byID  map[report.Ref]*yaml.RNode
	index *resource.Index
	// tenants are the Tenants to write, and tenantOf has the name of each namespace's.
	tenants  []tenantName
	tenantOf map[string]string
	pattern  string
	excluded []excludedNamespace
	flows    []namedFlow
	notes    noteLists
	// pods and routed cache what podsOf and routedHosts return.
	pods   map[*resource.Workload]endpoint
	routed map[string]string
}

func newBuild(items []*yaml.RNode, index *resource.Index) *build {
	b := &build{
		index: index, pods: map[*resource.Workload]endpoint{}, notes: noteLists{review: map[string][]string{}, unseen: map[string][]string{}},
		byID: map[report.Ref]*yaml.RNode{}, tenantOf: map[string]string{},
	}
	b.items = slices.Clone(items)
	// The order of the input has no effect on the draft.
	slices.SortStableFunc(b.items, func(x, y *yaml.RNode) int {
		return strings.Compare(refKey(resource.ID(x)), refKey(resource.ID(y)))
	})
	for _, n := range b.items {
		b.byID[resource.ID(n)] = n
	}
	return b
}

func refKey(r report.Ref) string {
	return strings.Join([]string{r.Namespace, r.Kind, r.Name, r.APIVersion}, "\x00")
}

// item returns the resource of a Ref, or nil.
func (b *build) item(ref report.Ref) *yaml.RNode { return b.byID[resource.IDOf(ref)] }

// find returns the resource of a core kind, or nil.
func (b *build) find(kind, namespace, name string) *yaml.RNode {
	return b.byID[report.Ref{Kind: kind, Namespace: namespace, Name: name}]
}

// ofKind returns the resources of a kind, in any version.
func (b *build) ofKind(group string, kinds ...string) []*yaml.RNode {
	var out []*yaml.RNode
	for _, n := range b.items {
		if resource.Group(n) == group && slices.Contains(kinds, n.GetKind()) {
			out = append(out, n)
		}
	}
	return out
}

// decode reads a part of a resource. Fields of another type stay empty: the build reports them where they
// matter.
func decode[T any](part *yaml.RNode) T {
	var out T
	var content any
	if part == nil || part.YNode().Decode(&content) != nil {
		return out
	}
	if data, err := json.Marshal(content); err == nil {
		_ = json.Unmarshal(data, &out)
	}
	return out
}

// at returns the node at a path such as spec.jobs[0].template.spec, or nil.
func at(n *yaml.RNode, path string) *yaml.RNode {
	if n == nil {
		return nil
	}
	for _, part := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		if n.YNode() == nil {
			return nil
		}
		if i, err := strconv.Atoi(part); err == nil && n.YNode().Kind == yaml.SequenceNode {
			list, err := n.Elements()
			if err != nil || i >= len(list) {
				return nil
			}
			n = list[i]
			continue
		}
		if n.YNode().Kind != yaml.MappingNode || n.Field(part) == nil {
			return nil
		}
		n = n.Field(part).Value
	}
	return n
}

// describe names a resource in a note.
func describe(ref report.Ref) string {
	if ref.Namespace == "" {
		return ref.Kind + "/" + ref.Name
	}
	return ref.Namespace + "/" + ref.Kind + "/" + ref.Name
}

// short names a resource in the evidence of a flow.
func short(ref report.Ref) string { return ref.Kind + "/" + ref.Name }

// byGroup returns a resource by its group, kind and name, or nil.
func (b *build) byGroup(group, kind, namespace, name string) *yaml.RNode {
	return b.byID[report.Ref{APIVersion: group, Kind: kind, Namespace: namespace, Name: name}]
}
