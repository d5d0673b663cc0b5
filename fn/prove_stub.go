package fn

import (
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// prove decides what the policies among the items do.
func prove(in *resource.Inputs, index *resource.Index, fence *policy.Fence, items []*yaml.RNode) (policy.Report, error) {
	return proof{in: in, index: index, fence: fence, items: items}.run()
}

// proveByLabels decides whether the policies among the items isolate what their labels
// tell of.
func proveByLabels(_ *resource.Index, _ []*yaml.RNode) (policy.Report, error) {
	return policy.Report{}, nil
}
