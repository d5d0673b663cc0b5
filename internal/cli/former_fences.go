package cli

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/kustomize"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// rejectFormerFences runs the fences of one build with a function. It refuses a fence whose former names
// contain an earlier fence of the build, because it would delete the policies of that fence.
func rejectFormerFences(function kustomize.Function) kustomize.Function {
	ran := map[string]bool{}
	return func(config *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, error) {
		// The function reports what is invalid in its configuration.
		if f, errs := v1alpha1.DecodeFence(config); len(errs) == 0 {
			for i, name := range f.Spec.FormerNames {
				if ran[name] && name != f.Name {
					return nil, &refusedError{err: fn.ErrRefused, findings: report.Findings{report.New(report.FormerFenceActive, report.Error, resource.RefOf(config), fmt.Sprintf("spec.formerNames[%d]", i), "fence %q runs in this build, too, so this fence would delete its policies: remove the name or that fence", name)}}
				}
			}
			ran[f.Name] = true
		}
		return function(config, items)
	}
}
