package resource

import (
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/kio"
)

// TestOperatorsByGroup checks that every kind of every file is found by its group, and nothing else.
func TestOperatorsByGroup(t *testing.T) {
	t.Parallel()
	groups := map[string]int{}
	for _, f := range operators().files {
		o, err := f()
		if err != nil {
			t.Fatal(err)
		}
		own := map[string]bool{}
		for _, k := range o.Kinds {
			if !slices.ContainsFunc(operators().byGroup[k.Group], func(f operatorFile) bool { found, _ := f(); return found == o }) {
				t.Errorf("%s: %s.%s is not found by its group", o.Operator, k.Kind, k.Group)
			}
			own[k.Group] = true
		}
		for group := range own {
			groups[group]++
		}
	}
	for group, files := range operators().byGroup {
		if len(files) != groups[group] {
			t.Errorf("group %q has %d files, and %d of them have one of its kinds", group, len(files), groups[group])
		}
	}
}

// A file that cannot be read is an error for the resources that need it.
func TestOperatorError(t *testing.T) {
	t.Parallel()
	if _, err := readOperator("a.yaml", []byte("kind: A\n"), nil)(); err == nil || !strings.Contains(err.Error(), "a.yaml") {
		t.Errorf("an unknown field: error %v", err)
	}
}

// TestEmbeddedDataError adds a file that cannot be read. It is an error for a build with a resource of its group.
func TestEmbeddedDataError(t *testing.T) {
	items, err := kio.FromBytes([]byte("apiVersion: broken.example/v1\nkind: A\nmetadata: {name: a}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := embeddedDataError(items); err != nil {
		t.Fatal(err)
	}
	byGroup := operators().byGroup
	byGroup["broken.example"] = []operatorFile{readOperator("broken.yaml", []byte("kind: A\n"), nil)}
	defer delete(byGroup, "broken.example")
	if err := embeddedDataError(items); err == nil || !strings.Contains(err.Error(), "broken.yaml") {
		t.Errorf("error %v, want one about broken.yaml", err)
	}
}
