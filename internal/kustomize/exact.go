package kustomize

import (
	"bytes"
	"fmt"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	tenantfence "github.com/tenantfence/tenantfence/internal/resource"
)

// generatedFile contains the output of fences that are generators. It exists only in the overlay.
const generatedFile = ".tenantfence-generated.yaml"

// run builds with the fences in this process.
func (p *plan) run() ([]byte, error) {
	root, opts := p.build.root, p.build.opts
	o, r := newOverlay(p.build.fsys), newRecords(p.build.fsys, root.dir)
	o.read, o.parsed = r.add, r.addParsed
	if err := p.generate(o); err != nil {
		return nil, err
	}
	resources, err := accumulate(o, root.dir, root.path, p.kustomization, opts)
	if err != nil {
		return nil, r.explain(fmt.Errorf("build %s: %w", p.build.dir, err))
	}
	s, err := newStream(resources)
	if err != nil {
		return nil, err
	}
	if err := r.recordSources(s.items); err != nil {
		return nil, err
	}
	for _, config := range p.chain {
		if err := s.apply(opts.Function, config); err != nil {
			return nil, err
		}
	}
	if err := p.build.checkOutsideFence(p.chain, s); err != nil {
		return nil, err
	}
	if err := s.restoreHashes(); err != nil {
		return nil, err
	}
	if opts.Finished != nil {
		opts.Finished(s.nodes())
	}
	return p.build.write(s.nodes())
}

// generate runs the fences that are generators, and adds their output to the resources of the
// root.
func (p *plan) generate(o *overlay) error {
	var out bytes.Buffer
	for _, g := range p.generators {
		config, err := functionConfig(g)
		if err != nil {
			return err
		}
		// kustomize passes only its own config to a generator.
		nodes, err := p.build.opts.Function(config, []*yaml.RNode{config.Copy()})
		if err != nil {
			return fmt.Errorf("run %s: %w", describe(g), err)
		}
		for _, n := range nodes {
			tenantfence.ClearSource(n)
			content, err := asYAML(&resource.Resource{RNode: *n})
			if err != nil {
				return fmt.Errorf("run %s: %w", describe(g), err)
			}
			fmt.Fprintf(&out, "---\n%s", content)
		}
	}
	if out.Len() == 0 {
		return nil
	}
	k := &p.kustomization
	// bases are read after resources.
	last := &k.Resources
	if len(k.Bases) > 0 {
		last = &k.Bases
	}
	*last = append(append([]string{}, *last...), generatedFile)
	o.files[p.build.root.dir.Join(generatedFile)] = out.Bytes()
	return nil
}

// functionConfig returns a config in the form in which kustomize passes it to the function.
func functionConfig(c *resource.Resource) (*yaml.RNode, error) {
	config, err := normalize(c)
	if err != nil {
		return nil, err
	}
	return config, config.PipeE(yaml.SetAnnotation(konfig.IgnoredByKustomizeAnnotation, "true"))
}

// normalize returns a copy of a resource as kustomize writes it for a function. It is converted
// through JSON, which drops comments, anchors and other notations of a number.
func normalize(r *resource.Resource) (*yaml.RNode, error) {
	content, err := asYAML(r)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", describe(r), err)
	}
	node, err := yaml.Parse(string(content))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", describe(r), err)
	}
	return node, nil
}
