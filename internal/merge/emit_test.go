package merge_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// ofTenant adds the label of a tenant to a policy of the fence.
func ofTenant(tenant string, n *yaml.RNode) *yaml.RNode {
	// It never fails for a mapping.
	_ = n.PipeE(yaml.SetLabel("tenantfence.dev/tenant", tenant))
	return n
}

// TestEmit runs with emit for tenant acme. The desired policies are "a" of acme and "b" of beta.
func TestEmit(t *testing.T) {
	t.Parallel()
	policy := func(name, tenant, word string) *yaml.RNode {
		return ofTenant(tenant, cnp(name, "mine", allow, word))
	}
	desired := []*yaml.RNode{policy("a", "acme", "new"), policy("b", "beta", "new")}
	for name, c := range map[string]struct {
		existing                    []*yaml.RNode
		stages                      []v1alpha1.Stage
		want, changes, checksWanted []string
	}{
		"creates the policies of acme": {
			want: []string{"a new"}, changes: []string{"created a"},
		},
		"keeps a policy of beta that does not change": {
			existing: []*yaml.RNode{policy("b", "beta", "new")}, want: []string{"b new", "a new"}, changes: []string{"created a"},
		},
		"configures a policy of acme": {
			existing: []*yaml.RNode{policy("a", "acme", "old")}, want: []string{"a new"}, changes: []string{"configured a"},
		},
		"deletes a policy of acme": {
			existing: []*yaml.RNode{policy("old", "acme", "old")}, want: []string{"a new"}, changes: []string{"created a", "deleted old"},
		},
		"rejects a policy of beta that would change": {
			existing: []*yaml.RNode{policy("b", "beta", "old")}, checksWanted: []string{"emit-policy-differs"},
		},
		"rejects a hand-written policy with the name of one of beta": {
			existing: []*yaml.RNode{cnp("b", "", "", "new")}, checksWanted: []string{"emit-policy-differs"},
		},
		"rejects a policy of beta that is not desired": {
			existing: []*yaml.RNode{policy("old", "beta", "old")}, checksWanted: []string{"emit-policy-orphaned"},
		},
		"rejects a policy of an unknown tenant": {
			existing: []*yaml.RNode{policy("old", "gamma", "old")}, checksWanted: []string{"emit-policy-orphaned"},
		},
		"rejects a policy of no tenant": {
			existing: []*yaml.RNode{cnp("old", "mine", allow, "old")}, checksWanted: []string{"emit-policy-orphaned"},
		},
		"keeps an external resource": {
			existing: []*yaml.RNode{annotated(policy("old", "gamma", "old"), "config.kubernetes.io/local-config", "true")},
			want:     []string{"old old", "a new"}, changes: []string{"created a"},
		},
		"keeps policies of other fences": {
			existing: []*yaml.RNode{ofTenant("beta", cnp("old", "other", allow, "old"))},
			want:     []string{"old old", "a new"}, changes: []string{"created a"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(allow)
			o.Emit = []string{"acme"}
			got, findings := mergeAll(o, c.existing, desired)
			if diff := cmp.Diff(c.checksWanted, checks(findings)); diff != "" {
				t.Fatal(diff)
			}
			if c.checksWanted != nil {
				return
			}
			if !slices.Equal(words(got.Items), c.want) {
				t.Errorf("got %q, want %q", words(got.Items), c.want)
			}
			if diff := cmp.Diff(c.changes, done(got.Changes)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
