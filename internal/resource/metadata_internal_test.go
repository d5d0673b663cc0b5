package resource

import (
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// One pass reads what the functions for single fields do.
func TestHeadOf(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\n", "metadata: {namespace: b, name: a}\nkind: Pod\napiVersion: v1\n",
		"kind: A\nkind: B\nmetadata: {name: a, name: b}\nmetadata: {name: c}\n", "kind: [a]\nkind: b\nmetadata: a\napiVersion: {}\n", "a: &x {name: n}\nmetadata: *x\nkind: &k K\napiVersion: *k\n",
		"metadata:\n", "[]\n", "a\n", "{}\n",
	} {
		n := yaml.MustParse(text)
		want := head{apiVersion: apiVersionOf(n), kind: kindOf(n), namespace: valueAt(n, "metadata", "namespace"), name: nameOf(n)}
		if got := headOf(n); got != want {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
	}
	if got := headOf(nil); got != (head{}) {
		t.Errorf("got %+v", got)
	}
}
