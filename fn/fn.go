// Package fn is the function: Tenants and a profile in, policies out.
package fn

import (
	"errors"
	"fmt"
	"io"

	"sigs.k8s.io/kustomize/kyaml/fn/framework"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/plan"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/render"
	"github.com/tenantfence/tenantfence/internal/resolve"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// ErrRefused says that findings stopped the run: nothing was changed.
var ErrRefused = errors.New("nothing was changed")

// Execute runs the function on a ResourceList, as kustomize and kpt do. What was
// found goes to stderr, a line each, because not every host shows results.
func Execute(in io.Reader, out, stderr io.Writer) error {
	return resource.Execute(in, out, func(rl *framework.ResourceList) error {
		items, findings, err := Process(rl.FunctionConfig, rl.Items)
		rl.Results = resource.Results(findings)
		if werr := output.Text(stderr, findings); werr != nil {
			return werr
		}
		if err != nil {
			return err
		}
		rl.Items = items
		return nil
	})
}

// Process fences a build: it returns the items with the policies that the Tenants
// among them need, and what there is to say. On an error the items are not to be
// used.
func Process(config *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, policy.Findings, error) {
	in, index, findings := Read(config, items)
	if in == nil {
		return refuse(findings)
	}
	fence, said := resolve.Resolve(in, index)
	if findings = append(findings, said...); findings.HasError() {
		return refuse(findings)
	}
	policies := plan.Plan(fence)
	objects, err := render.Render(fence, policies)
	if err != nil {
		return nil, findings.Sort(), err
	}
	merged, said := merge.Merge(fence.Name, in.Fence.Spec.Stages, items, objects)
	if findings = append(findings, said...); findings.HasError() {
		return refuse(findings)
	}
	written, err := write(merged)
	return written, findings.Sort(), err
}

func refuse(findings policy.Findings) ([]*yaml.RNode, policy.Findings, error) {
	sorted := findings.Sort()
	errs := 0
	for _, f := range sorted {
		if f.Severity == policy.Error {
			errs++
		}
	}
	plural := "s"
	if errs == 1 {
		plural = ""
	}
	return nil, sorted, fmt.Errorf("%d error%s: %w", errs, plural, ErrRefused)
}
