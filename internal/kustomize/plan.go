package kustomize

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"
)

// plan is an exact build: the kustomization that kustomize builds, and the fences.
type plan struct {
	build *build
	// kustomization is the root without its fences and its order.
	kustomization types.Kustomization
	// generators run before kustomize, chain after it.
	generators, chain []*resource.Resource
}

// plan returns the plan of an exact build, or the reason why only a fallback is possible.
func (b *build) plan() (*plan, string) {
	for _, check := range []func() string{b.stepsAfterFences, b.duplicateFences, b.fencesInInnerLayers, b.stepsAfterFenceComponents, b.transformersAfterFence, b.otherGenerators} {
		if reason := check(); reason != "" {
			return nil, reason
		}
	}
	p := &plan{build: b, kustomization: b.root.kustomization}
	k := &p.kustomization
	k.SortOptions = nil
	// The origins name files in findings. They are not printed.
	k.BuildMetadata = []string{types.OriginAnnotations}
	k.Components, k.Transformers = nil, nil
	for i, c := range b.root.components {
		if c != nil && isFenceOnly(c) {
			p.chain = append(p.chain, fencesOf(c.transformers)...)
		} else {
			k.Components = append(k.Components, b.root.kustomization.Components[i])
		}
	}
	for _, e := range b.root.transformers {
		if len(e.fences) == 0 {
			k.Transformers = append(k.Transformers, e.text)
		}
	}
	p.chain = append(p.chain, fencesOf(b.root.transformers)...)
	if p.generators = fencesOf(b.root.generators); len(p.generators) > 0 {
		k.Generators = nil
	}
	return p, ""
}

func fencesOf(entries []entry) []*resource.Resource {
	var out []*resource.Resource
	for _, e := range entries {
		out = append(out, e.fences...)
	}
	return out
}

// stepsAfterFences returns a step that kustomize runs on the whole build after the last
// transformer. A fence must run before it.
func (b *build) stepsAfterFences() string {
	if k := b.root.kustomization; len(k.BuildMetadata) > 0 {
		return b.root.displayPath + ": buildMetadata records every transformer"
	} else if len(k.Validators) > 0 {
		return b.root.displayPath + ": validators run after the fence"
	}
	for _, l := range b.layers {
		k := l.kustomization
		switch {
		case len(k.Vars) > 0:
			return l.displayPath + ": vars are resolved after the fence"
		case len(k.Configurations) > 0:
			return l.displayPath + ": configurations may change name references after the fence"
		case len(k.Crds) > 0:
			return l.displayPath + ": crds may change name references after the fence"
		}
	}
	return ""
}

// duplicateFences returns a fence that a list contains twice. kustomize fails for it.
func (b *build) duplicateFences() string {
	for _, l := range b.layers {
		for _, list := range [][]entry{l.transformers, l.generators} {
			seen := map[resid.ResId]bool{}
			for _, f := range fencesOf(list) {
				if seen[f.CurId()] {
					return fmt.Sprintf("%s: %s is listed twice", l.displayPath, describe(f))
				}
				seen[f.CurId()] = true
			}
		}
	}
	return ""
}

// fencesInInnerLayers returns a fence that is neither in the root nor in one of its fence
// Components.
func (b *build) fencesInInnerLayers() string {
	for _, l := range b.layers[1:] {
		if len(l.fences()) == 0 {
			continue
		}
		if !slices.Contains(b.root.components, l) || l.listed != 1 || !isFenceOnly(l) || b.root.dir.HasPrefix(l.dir) {
			return l.fences()[0].where + ": the fence is in an inner layer"
		}
	}
	return ""
}

// isFenceOnly reports whether a layer is a Component that only runs fences.
func isFenceOnly(l *layer) bool {
	k := l.kustomization
	if k.Kind != types.ComponentKind || len(k.EnforceFields()) > 0 || len(l.transformers) == 0 {
		return false
	}
	k.MetaData, k.Transformers = nil, nil
	return len(Fields(k)) == 0 && !slices.ContainsFunc(l.transformers, func(e entry) bool { return !e.isFenceOnly() })
}

// stepsAfterFenceComponents returns a step that the root runs after its first fence Component.
func (b *build) stepsAfterFenceComponents() string {
	first := slices.IndexFunc(b.root.components, func(c *layer) bool { return c != nil && isFenceOnly(c) })
	if first < 0 {
		return ""
	}
	names := b.root.kustomization.Components
	for i, c := range b.root.components[first:] {
		if filepath.IsAbs(names[first+i]) || c == nil || !isFenceOnly(c) {
			return fmt.Sprintf("%s: components[%d] runs after the fence in %s", b.root.displayPath, first+i, names[first])
		}
	}
	for _, e := range b.root.transformers {
		if !e.isFenceOnly() {
			return fmt.Sprintf("%s runs after the fence in %s", e.where, names[first])
		}
	}
	if fields := Fields(transformingFields(b.root.kustomization)); len(fields) > 0 {
		return fmt.Sprintf("%s: kustomize applies %s after the fence in %s", b.root.displayPath, strings.Join(fields, ", "), names[first])
	}
	return ""
}

// transformingFields returns a kustomization with only the fields that transform resources.
func transformingFields(k types.Kustomization) types.Kustomization {
	k.MetaData, k.OpenAPI, k.SortOptions = nil, nil, nil
	k.Resources, k.Bases, k.Components = nil, nil, nil
	k.ConfigMapGenerator, k.SecretGenerator, k.GeneratorOptions = nil, nil, nil
	k.HelmGlobals, k.HelmCharts, k.HelmChartInflationGenerator = nil, nil, nil
	k.Generators, k.Transformers = nil, nil
	return k
}

// transformersAfterFence returns a transformer of the root that runs after its first fence.
func (b *build) transformersAfterFence() string {
	fenceEntry := ""
	for _, e := range b.root.transformers {
		switch {
		case len(e.fences) > 0 && !e.isFenceOnly():
			return e.where + ": contains other transformers in addition to the fence"
		case len(e.fences) > 0:
			fenceEntry = e.where
		case fenceEntry != "":
			return fmt.Sprintf("%s runs after the fence in %s", e.where, fenceEntry)
		}
	}
	return ""
}

// otherGenerators returns another generator of the root if a fence is a generator. The output of
// a fence is the last of the resources, and kustomize adds generated resources after these.
func (b *build) otherGenerators() string {
	if len(fencesOf(b.root.generators)) == 0 {
		return ""
	}
	for _, e := range b.root.generators {
		if !e.isFenceOnly() {
			return e.where + ": contains a generator in addition to the fence"
		}
	}
	k := b.root.kustomization
	if len(k.ConfigMapGenerator)+len(k.SecretGenerator)+len(k.HelmCharts)+len(k.HelmChartInflationGenerator) > 0 {
		return b.root.displayPath + ": has a generator in addition to the fence"
	}
	return ""
}

func (e entry) isFenceOnly() bool { return len(e.fences) > 0 && len(e.others) == 0 }

// Fields returns the fields that a kustomization sets, sorted.
func Fields(k types.Kustomization) []string {
	k.TypeMeta = types.TypeMeta{}
	content, err := json.Marshal(k)
	if err != nil {
		return []string{err.Error()}
	}
	var set map[string]any
	if err := json.Unmarshal(content, &set); err != nil {
		return []string{err.Error()}
	}
	return slices.Sorted(maps.Keys(set))
}
