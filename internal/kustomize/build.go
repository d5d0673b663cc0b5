package kustomize

import (
	"errors"
	"fmt"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Function runs a functionConfig on the items of a build. It returns all items to keep. Items
// that it omits are deleted.
type Function func(config *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, error)

// Options configure a build.
type Options struct {
	// Function is run for each TenantFence of an exact build.
	Function Function
	// Executable is the path of this program. In a fallback, kustomize runs it for each
	// TenantFence. Empty: layouts that require a fallback are refused.
	Executable string
	// Arguments are the arguments of Executable. Omitted: none.
	Arguments []string
	// Seen is the value with which Executable marks its input, on each resource of this
	// project's kinds. It must not be predictable. Omitted: local-config resources count as
	// marked.
	Seen string
	// Finished receives all items of an exact build before they are written, including
	// items that are not written. Omitted: no call.
	Finished func(items []*yaml.RNode)
	// Helm allows and configures helmCharts, as the flags of kustomize build do. Omitted: a build
	// with a chart is refused.
	Helm types.HelmConfig
	// LoadRestrictions limits the files that a kustomization reads. Omitted:
	// LoadRestrictionsRootOnly, files in its directory or below.
	LoadRestrictions types.LoadRestrictions
	// Fallback receives the reason why kustomize runs the functions. Omitted: no call.
	Fallback func(reason string)
}

// ErrFunction reports that the function refused the build in a fallback. The function writes
// its reasons to stderr, and kustomize returns only its exit status.
var ErrFunction = errors.New("the fence refused it")

// NoFenceError reports that a build lists no TenantFence, so nothing would be fenced.
type NoFenceError struct {
	// Dir is the directory in the form that the caller used.
	Dir string
	// Unread are the remote entries, which may list a TenantFence.
	Unread []string
}

func (e *NoFenceError) Error() string {
	msg := fmt.Sprintf("%s: no TenantFence is listed, so nothing would be fenced: add `transformers: [fence.yaml]` to the kustomization,"+
		" where fence.yaml is a TenantFence with the annotation config.kubernetes.io/function", e.Dir)
	for _, u := range e.Unread {
		msg += "\n" + u + " is remote and was not read: if it lists a TenantFence, copy it into this repository"
	}
	return msg
}

// Build builds the kustomization in dir as `kustomize build --enable-alpha-plugins
// --enable-exec dir` does. It returns these errors:
//
//   - *NoFenceError if the build has no TenantFence,
//   - *OutsideFenceError if a Tenant, profile or FlowTest is outside of every fence,
//   - *MalformedError if kustomize fails on malformed resources, or the YAML aliases of a file
//     cannot be expanded.
func Build(fsys filesys.FileSystem, dir string, opts Options) ([]byte, error) {
	if opts.Function == nil {
		return nil, errors.New("build: no function to run")
	}
	g := newGuard(fsys, dir)
	out, err := g.build(dir, opts)
	if err := g.explain(err); err != nil {
		return nil, err
	}
	return out, nil
}

func (g *guard) build(dir string, opts Options) ([]byte, error) {
	b, err := loadBuild(g, dir, opts)
	if err != nil {
		return nil, err
	}
	p, reason := b.plan()
	if reason == "" {
		out, err := p.run()
		if !errors.Is(err, errKustomizePanic) || b.opts.Executable == "" {
			return out, err
		}
		// In a fallback the function may run, and report the malformed resources.
		reason = err.Error()
	}
	if opts.Fallback != nil {
		opts.Fallback(reason)
	}
	return b.buildWithKustomize(reason)
}
