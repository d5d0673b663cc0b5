package merge_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
)

// TestAdoptAsKeepsThePosition checks that a generated policy takes the file and the position of the
// hand-written policy that it replaces, and that the next run changes nothing.
func TestAdoptAsKeepsThePosition(t *testing.T) {
	t.Parallel()
	const path, legacyPath, index, legacyIndex = "internal.config.kubernetes.io/path", "config.kubernetes.io/path", "internal.config.kubernetes.io/index", "config.kubernetes.io/index"
	inFile := func(n *yaml.RNode, i string) *yaml.RNode {
		for key, value := range map[string]string{path: "old.yaml", legacyPath: "old.yaml", index: i, legacyIndex: i} {
			annotated(n, key, value)
		}
		return n
	}
	o := options(allow)
	o.Adopt = []v1alpha1.Adoption{{Name: "old", As: "egress-db"}, {Name: "older", As: "egress-db"}}
	items := []*yaml.RNode{inFile(cnp("first", "", "", "a"), "0"), inFile(cnp("old", "", "", "wide"), "1"), inFile(cnp("older", "", "", "wider"), "2"), inFile(cnp("last", "", "", "b"), "3")}
	desired := []*yaml.RNode{cnp("egress-db", "mine", allow, "narrow")}
	got, findings := mergeAll(o, items, desired)
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	var names []string
	for _, n := range got.Items {
		names = append(names, n.GetName())
	}
	if diff := cmp.Diff([]string{"first", "egress-db", "last"}, names); diff != "" {
		t.Error(diff)
	}
	have := got.Items[1].GetAnnotations()
	if have[path] != "old.yaml" || have[legacyPath] != "old.yaml" || have[index] != "1" || have[legacyIndex] != "1" {
		t.Errorf("the generated policy is in %v", have)
	}
	var adopted []string
	for _, a := range got.Adopted {
		adopted = append(adopted, a.Policy.Name+" by "+a.By.Name)
	}
	if diff := cmp.Diff([]string{"old by egress-db", "older by egress-db"}, adopted); diff != "" {
		t.Error(diff)
	}
	again, findings := mergeAll(o, got.Items, desired)
	changes := slices.DeleteFunc(again.Changes, func(c report.Change) bool { return c.Action == report.Unchanged })
	if len(findings) > 0 || len(changes) > 0 || len(again.Adopted) > 0 {
		t.Errorf("the next run changes something: %v %v %v", findings, changes, again.Adopted)
	}
}

// TestAdoptAsKeepsWhatItCannotReplace checks that no hand-written policy is removed without the
// generated one, or with an error.
func TestAdoptAsKeepsWhatItCannotReplace(t *testing.T) {
	t.Parallel()
	old := func() *yaml.RNode { return cnp("old", "", "", "wide") }
	for name, c := range map[string]struct {
		item    *yaml.RNode
		stages  []v1alpha1.Stage
		entry   v1alpha1.Adoption
		refused bool
	}{
		"its stage does not run":      {item: old(), stages: []v1alpha1.Stage{baseline}, entry: v1alpha1.Adoption{Name: "old", As: "egress-db"}},
		"another namespace":           {item: old(), stages: []v1alpha1.Stage{allow}, entry: v1alpha1.Adoption{Name: "old", As: "egress-db", Namespaces: []string{"beta"}}},
		"another kind":                {item: old(), stages: []v1alpha1.Stage{allow}, entry: v1alpha1.Adoption{Name: "old", As: "egress-db", Kind: v1alpha1.KindNetworkPolicy}},
		"no such policy is generated": {item: old(), stages: []v1alpha1.Stage{allow}, entry: v1alpha1.Adoption{Name: "old", As: "egress-cache"}, refused: true},
		"it is patched":               {item: annotated(old(), "tenantfence.dev/patch", "labels"), stages: []v1alpha1.Stage{allow}, entry: v1alpha1.Adoption{Name: "old", As: "egress-db"}, refused: true},
		"it is generated":             {item: cnp("old", "theirs", allow, "wide"), stages: []v1alpha1.Stage{allow}, entry: v1alpha1.Adoption{Name: "old", As: "egress-db"}, refused: true},
		"it is no policy":             {item: object("v1", "ConfigMap", "old", "", "", ""), stages: []v1alpha1.Stage{allow}, entry: v1alpha1.Adoption{Name: "old", As: "egress-db"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(c.stages...)
			o.Adopt = []v1alpha1.Adoption{c.entry}
			got, findings := mergeAll(o, []*yaml.RNode{c.item}, []*yaml.RNode{cnp("egress-db", "mine", allow, "narrow")})
			kept := slices.ContainsFunc(got.Items, func(n *yaml.RNode) bool { return n.GetName() == "old" })
			if !kept || len(got.Adopted) > 0 || findings.HasError() != c.refused {
				t.Errorf("kept %v, adopted %v, findings %v", kept, got.Adopted, findings)
			}
		})
	}
}
