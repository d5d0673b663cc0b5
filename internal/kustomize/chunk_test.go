package kustomize

import "testing"

// TestUnionsOfNames builds layers that change names as a union, with a part for each document, and compares them with
// kustomize.
func TestUnionsOfNames(t *testing.T) {
	t.Parallel()
	pod := func(namespace, configMap string) string {
		return "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: " + namespace + "}\nspec: {containers: [{name: c, image: c, envFrom: [{configMapRef: {name: " + configMap + "}}]}]}\n"
	}
	const text = "apiVersion: v1\nkind: Pod\n"
	const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: p-x, annotations: {config.kubernetes.io/local-config: 'true'}}\n"
	for name, files := range map[string]map[string]string{
		// kustomize keeps a name that is also the name of a resource that keeps it.
		"a name of two resources": {
			"kustomization.yaml":   "resources: [map.yaml, other.yaml, role.yaml, a]\n",
			"other.yaml":           "apiVersion: v1\nkind: Secret\nmetadata: {name: y2}\n",
			"map.yaml":             configMap,
			"role.yaml":            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: x}\nrules: [{resourceNames: [p-x]}]\n",
			"a/map.yaml":           "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: ConfigMap, metadata: {name: p-x, namespace: two}}]\n",
			"a/kustomization.yaml": "resources: [map.yaml]\nnamespace: n2\ntransformers: ['{apiVersion: builtin, kind: PrefixTransformer, metadata: {name: t}, prefix: q-, fieldSpecs: [{path: metadata/name}]}']\n",
		},
		// Two layers change names in different documents of one file.
		"two layers and one file": {
			"kustomization.yaml":   "resources: [pods.yaml, a, b]\n",
			"pods.yaml":            "# pods\n" + pod("one", "m1") + "---\n# none\n---\r\n" + pod("two", "m2") + "---\n" + pod("three", "m3"),
			"a/kustomization.yaml": "namespace: one\nconfigMapGenerator: [{name: m1, literals: [a=b]}]\n",
			"b/kustomization.yaml": "namespace: two\nconfigMapGenerator: [{name: m2, literals: [a=b]}]\n",
		},
		"a text of several lines before a separator": {
			"kustomization.yaml": "resources: [pods.yaml]\n",
			"pods.yaml":          text + "metadata: {name: a}\nspec:\n  nodeName: |+\n    a\n\n---\n" + text + "metadata: {name: b}\nspec:\n  nodeName: |\n    a",
		},
	} {
		fsys := memory(t, files)
		want, err := accumulated(fsys, 0, (*accumulation).whole)
		if err != nil {
			t.Fatal(err)
		}
		got, err := accumulated(fsys, 1, (*accumulation).union)
		if err != nil || got != want {
			t.Errorf("%s: %v\n%s", name, err, difference(t, want, got))
		}
	}
}

// TestListsAreNotDivided checks that a file with a list is one part: kustomize puts the items of lists last.
func TestListsAreNotDivided(t *testing.T) {
	t.Parallel()
	p := &part{}
	if all := chunks(p, []byte("kind: List\n---\nkind: Pod\n"), 1); len(all) != 1 || all[0] != p {
		t.Errorf("the file is divided into %d parts", len(all))
	}
}
