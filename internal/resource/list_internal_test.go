package resource

import (
	"slices"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Flow style, which kyaml has to write, does not make kyaml write everything: its memory grows with the square
// of the list.
func TestFlowStyleIsWrittenApart(t *testing.T) {
	t.Parallel()
	policy := yaml.MustParse("{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: a}}")
	rw := &kio.ByteReadWriter{
		WrappingAPIVersion: "config.kubernetes.io/v1", WrappingKind: kio.ResourceListKind,
		FunctionConfig: yaml.MustParse("{kind: TenantFence}"), Results: yaml.MustParse("[{message: 'a: b'}]"),
	}
	got, err := writeBlocks(rw, []*yaml.RNode{policy}, nil)
	const want = `apiVersion: config.kubernetes.io/v1
kind: ResourceList
items:
- {apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: a}}
functionConfig: {kind: TenantFence}
results: [{message: 'a: b'}]
`
	if err != nil || string(slices.Concat(got...)) != want {
		t.Errorf("got %v\n%s\nwant\n%s", err, got, want)
	}
}
