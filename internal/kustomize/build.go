package kustomize

import (
	"errors"
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Function runs a functionConfig on the items of a build. It returns all items that
// shall remain: what it leaves out is deleted.
type Function func(config *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, error)

// Options say how to build.
type Options struct {
	// Function is run for each TenantFence of an exact build.
	Function Function
	// Executable is the path of this program, which is run for each TenantFence in a
	// fallback. Empty: layouts that need one are refused.
	Executable string
	// Arguments are those with which Executable is run. Omitted: none.
	Arguments []string
	// Seen is the value by which Executable marks what it was given, on each resource of
	// this project's kinds. It must not be predictable. Omitted: what is
	// local-config counts as given.
	Seen string
	// Finished receives all items of an exact build before they are written, including
	// those that are not written. Omitted: no call.
	Finished func(items []*yaml.RNode)
	// EnableHelm allows helmCharts, as kustomize's --enable-helm does.
	EnableHelm bool
	// Fallback is told why a build is not done in this process. Omitted: nobody is.
	Fallback func(reason string)
}

// ErrFunction says that the function refused the build in a fallback. It has said why
// on stderr; kustomize passes on no more than that.
var ErrFunction = errors.New("the fence refused it")

// NoFenceError says that a build lists no TenantFence, so that nothing would be
// fenced.
type NoFenceError struct {
	// Dir is the directory as the caller named it.
	Dir string
	// Unread are the remote entries, in which a TenantFence may be listed.
	Unread []string
}

func (e *NoFenceError) Error() string {
	msg := fmt.Sprintf("%s: no TenantFence is listed, so nothing would be fenced: add `transformers: [fence.yaml]` to the kustomization,"+
		" where fence.yaml is a TenantFence with the annotation config.kubernetes.io/function", e.Dir)
	for _, u := range e.Unread {
		msg += "\n" + u + " is remote and was not read: keep what lists a TenantFence beside the kustomization"
	}
	return msg
}

// Build builds the kustomization in dir as `kustomize build --enable-alpha-plugins
// --enable-exec dir` would. Without any TenantFence the error is a *NoFenceError; where a
// Tenant, profile or FlowTest is outside of every fence, it is an *UnseenError; where
// kustomize stops on malformed resources, a *MalformedError names those that its files hold.
// A file whose YAML aliases cannot be expanded is a *MalformedError, too.
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
		// kustomize itself may reach the function, which names what is malformed.
		reason = err.Error()
	}
	if opts.Fallback != nil {
		opts.Fallback(reason)
	}
	return b.buildWithKustomize(reason)
}
