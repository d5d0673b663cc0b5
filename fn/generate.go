package fn

import (
	"fmt"
	"io"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/fn/framework"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Generate is Process without its proof, for those who will verify what comes out.
func Generate(config *yaml.RNode, items []*yaml.RNode) (Result, error) {
	unproved := config.Copy()
	if err := unproved.PipeE(yaml.LookupCreate(yaml.MappingNode, "spec"), yaml.SetField("proof", yaml.NewStringRNode(string(v1alpha1.ProofNone)))); err != nil {
		return Result{}, fmt.Errorf("set the proof aside: %w", err)
	}
	rest := slices.DeleteFunc(slices.Clone(items), isFlowTest)
	r, err := Process(unproved, rest)
	if err != nil {
		return r, err
	}
	tests, err := write(slices.DeleteFunc(slices.Clone(items), func(n *yaml.RNode) bool { return !isFlowTest(n) }))
	r.Items = append(r.Items, tests...)
	return r, err
}

// ExecuteGenerate is Execute without its proof, and without a word where all is well.
func ExecuteGenerate(in io.Reader, out, stderr io.Writer) error {
	return resource.Execute(in, out, func(rl *framework.ResourceList) error {
		r, err := Generate(rl.FunctionConfig, rl.Items)
		if err == nil {
			rl.Items = r.Items
			return nil
		}
		if werr := Report(stderr, r, err, output.Sum); werr != nil {
			return werr
		}
		return err
	})
}

func isFlowTest(n *yaml.RNode) bool {
	return resource.Group(n) == v1alpha1.Group && n.GetKind() == v1alpha1.KindFlowTest
}
