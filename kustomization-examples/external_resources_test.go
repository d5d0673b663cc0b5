package examples_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/external"
	"github.com/tenantfence/tenantfence/internal/kustomize"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// TestImportedExternalResources imports the external resources of each system, as one
// ExternalResources. The generated policies, FlowTests and findings stay, except for the resource of a
// finding.
func TestImportedExternalResources(t *testing.T) {
	t.Parallel()
	skipInShort(t, "builds and proves each system twice")
	for _, dir := range []string{"soctalk", "soctalk-calico", "soctalk-both", "soctalk-cluster", "layered-tenants", "policy-guide", "cluster-rollout", "platform-services/full"} {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			config, items := functionInput(t, dir, func([]*yaml.RNode) {})
			one, err := fn.Process(config.Copy(), copied(items), fn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			other, err := fn.Process(config.Copy(), withImported(t, items), fn.Options{})
			if err != nil {
				t.Fatalf("%v: %v", err, other.Findings)
			}
			if d := cmp.Diff(applied(t, one.Items), applied(t, other.Items)); d != "" {
				t.Errorf("the output differs:\n%s", d)
			}
			if d := cmp.Diff(messagesOf(one.Findings), messagesOf(other.Findings)); d != "" {
				t.Errorf("the findings differ:\n%s", d)
			}
		})
	}
}

// functionInput is what the last function of an example receives, after an edit of what each function receives.
func functionInput(t *testing.T, dir string, edit func(items []*yaml.RNode)) (config *yaml.RNode, items []*yaml.RNode) {
	t.Helper()
	_, err := kustomize.Build(filesys.MakeFsOnDisk(), dir, kustomize.Options{
		Function: func(c *yaml.RNode, in []*yaml.RNode) ([]*yaml.RNode, error) {
			edit(in)
			config, items = c.Copy(), copied(in)
			r, err := fn.Process(c, in, fn.Options{SkipProof: true})
			return r.Items, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return config, items
}

// withImported replaces the external resources by what an import of them writes, in addition to the
// resources that import leaves out.
func withImported(t *testing.T, items []*yaml.RNode) []*yaml.RNode {
	t.Helper()
	var local, rest []*yaml.RNode
	for _, n := range items {
		switch {
		case resource.Group(n) == v1alpha1.Group && n.GetKind() == v1alpha1.KindExternalResources:
			local = append(local, declared(t, n)...)
		case resource.Group(n) != v1alpha1.Group && resource.IsLocalConfig(n):
			local = append(local, n)
		default:
			rest = append(rest, n)
		}
	}
	if len(local) == 0 {
		t.Fatal("the example has no external resources")
	}
	imported := external.Import(local, nil)
	for _, f := range imported.Findings {
		if f.Check == report.ImportInexact && f.Resource.Kind != "Namespace" {
			t.Errorf("not exact: %s", f)
		}
	}
	for _, n := range local {
		if f := slices.IndexFunc(imported.Findings, func(f report.Finding) bool { return f.Check == report.ImportLeftOut && f.Resource.Kind == n.GetKind() }); f >= 0 {
			rest = append(rest, n)
		}
	}
	data, err := external.YAML("cluster", imported.Spec)
	if err != nil {
		t.Fatal(err)
	}
	node, err := yaml.Parse(string(data))
	if err != nil {
		t.Fatal(err)
	}
	return append(copied(rest), node)
}

// declared are the resources that an ExternalResources declares.
func declared(t *testing.T, n *yaml.RNode) []*yaml.RNode {
	t.Helper()
	e, errs := v1alpha1.Decode[v1alpha1.ExternalResources](n, nil)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	x, findings := resource.NewExternal([]resource.ExternalResources{{Ref: resource.RefOf(n), Spec: e.Spec}}, nil, nil)
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	return x.Items
}

// applied is what reaches the cluster, sorted.
func applied(t *testing.T, items []*yaml.RNode) string {
	t.Helper()
	var out []string
	for _, n := range items {
		if resource.Group(n) == v1alpha1.Group || resource.IsLocalConfig(n) {
			continue
		}
		c := n.Copy()
		resource.ClearSource(c)
		text, err := kio.StringAll([]*yaml.RNode{c})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return strings.Join(out, "---\n")
}

// messagesOf are findings without their resources.
func messagesOf(findings report.Findings) []string {
	var out []string
	for _, f := range findings {
		out = append(out, strings.Join(append([]string{string(f.Severity), f.Check.Name, f.Message}, f.Details...), " "))
	}
	slices.Sort(out)
	return out
}
