package kustomize

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/hasher"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/resid"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/parallel"
)

// idAnnotation identifies the items of a function for kustomize. A function may detect by it that
// kustomize runs it.
const idAnnotation = "kustomize.config.k8s.io/id"

// stream has the items of a build while the fences run.
type stream struct {
	items []*item
}

type item struct {
	*resource.Resource
	// hash is the hash that kustomize appended to the name.
	hash string
}

// newStream removes the hashes from names, because kustomize appends them after the transformers.
func newStream(resources []*resource.Resource) (*stream, error) {
	s := &stream{}
	for _, r := range resources {
		i := &item{Resource: r}
		if err := i.stripHash(); err != nil {
			return nil, fmt.Errorf("hash %s: %w", describe(r), err)
		}
		s.items = append(s.items, i)
	}
	return s, nil
}

// stripHash removes the hash from a name. It computes the hash to recognize it.
func (i *item) stripHash() error {
	name := i.GetName()
	dash := strings.LastIndex(name, "-")
	if k := i.GetKind(); k != "ConfigMap" && k != "Secret" || dash < 0 {
		return nil
	}
	plain := i.DeepCopy()
	if err := plain.SetName(name[:dash]); err != nil {
		return err
	}
	hash, err := plain.Hash(&hasher.Hasher{})
	if err != nil {
		return err
	}
	if hash == name[dash+1:] {
		i.Resource, i.hash = plain, hash
	}
	return nil
}

// restoreHashes appends the hashes to names again. References already contain the old hash, so
// a change of the data is an error.
func (s *stream) restoreHashes() error {
	for _, i := range s.items {
		if i.hash == "" {
			continue
		}
		hash, err := i.Hash(&hasher.Hasher{})
		if err != nil {
			return fmt.Errorf("hash %s: %w", describe(i.Resource), err)
		}
		if hash != i.hash {
			return fmt.Errorf("the function changed the data of %s, but its name contains the hash of the data", describe(i.Resource))
		}
		if err := i.SetName(i.GetName() + "-" + hash); err != nil {
			return fmt.Errorf("rename %s: %w", describe(i.Resource), err)
		}
	}
	return nil
}

func (s *stream) nodes() []*yaml.RNode {
	nodes := make([]*yaml.RNode, len(s.items))
	for i := range s.items {
		nodes[i] = &s.items[i].RNode
	}
	return nodes
}

// apply runs the function and stores its result in kustomize's order: existing items keep their
// place, and new items follow.
func (s *stream) apply(fn Function, fence *resource.Resource) error {
	config, err := functionConfig(fence)
	if err != nil {
		return err
	}
	in, err := s.functionInput(config)
	if err != nil {
		return err
	}
	index := map[resid.ResId]int{}
	for i := range s.items {
		index[identity(s.items[i].Resource)] = i
	}
	out, err := fn(config, in)
	if err != nil {
		return fmt.Errorf("run %s: %w", describe(fence), err)
	}
	next := slices.Repeat([]*item{nil}, len(s.items))
	for _, n := range out {
		r, err := functionOutput(n)
		if err != nil {
			return fmt.Errorf("run %s: %w", describe(fence), err)
		}
		id := identity(r)
		i, known := index[id]
		switch {
		case !known:
			index[id] = len(next)
			next = append(next, &item{Resource: r})
		case next[i] != nil:
			return fmt.Errorf("run %s: the function returned %s twice", describe(fence), describe(r))
		default:
			next[i] = &item{Resource: r, hash: s.items[i].hash}
		}
	}
	s.items = slices.DeleteFunc(next, func(i *item) bool { return i == nil })
	return nil
}

// functionInput returns the items in the form in which kustomize passes them to a function. If
// the build has no items, it returns the config.
func (s *stream) functionInput(config *yaml.RNode) ([]*yaml.RNode, error) {
	if len(s.items) == 0 {
		return []*yaml.RNode{config.Copy()}, nil
	}
	in, errs := make([]*yaml.RNode, len(s.items)), make([]error, len(s.items))
	parallel.For(len(s.items), func(i int) { in[i], errs[i] = s.items[i].functionInput() })
	return in, cmp.Or(errs...)
}

func (i *item) functionInput() (*yaml.RNode, error) {
	n, err := normalize(i.Resource)
	if err != nil {
		return nil, err
	}
	id, err := yaml.Marshal(i.CurId())
	if err != nil {
		return nil, fmt.Errorf("identify %s: %w", describe(i.Resource), err)
	}
	if err := n.PipeE(yaml.SetAnnotation(idAnnotation, string(id))); err != nil {
		return nil, fmt.Errorf("identify %s: %w", describe(i.Resource), err)
	}
	return n, nil
}

func functionOutput(n *yaml.RNode) (*resource.Resource, error) {
	if _, err := n.GetValidatedMetadata(); err != nil {
		return nil, fmt.Errorf("the function returned an item that is not a resource: %w", err)
	}
	r := &resource.Resource{RNode: *n}
	annotations := r.GetAnnotations()
	delete(annotations, idAnnotation)
	return r, r.SetAnnotations(annotations)
}

// identity is equal for resources that kustomize treats as the same.
func identity(r *resource.Resource) resid.ResId {
	id := r.CurId()
	id.Namespace = id.EffectiveNamespace()
	return id
}
