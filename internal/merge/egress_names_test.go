package merge_test

import (
	"slices"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

func configMap(name, fence, word string) *yaml.RNode {
	return object("v1", "ConfigMap", name, fence, allow, word)
}

// A fence owns the ConfigMap of its egress proxy, and no other ConfigMap.
func TestEgressNamesConfigMap(t *testing.T) {
	t.Parallel()
	desired := []*yaml.RNode{configMap(policy.EgressNamesConfigMap, "mine", "new")}
	for name, c := range map[string]struct {
		desired, existing      []*yaml.RNode
		stages                 []v1alpha1.Stage
		want, changes, refused []string
	}{
		"the ConfigMap is created": {
			desired, nil, []v1alpha1.Stage{allow},
			[]string{"tenantfence-egress-names new"}, []string{"created tenantfence-egress-names"}, nil,
		},
		"it is created only in stage Allow": {
			desired, nil, []v1alpha1.Stage{deny}, nil, nil, nil,
		},
		"it is configured": {
			desired, []*yaml.RNode{configMap(policy.EgressNamesConfigMap, "mine", "old")}, []v1alpha1.Stage{allow},
			[]string{"tenantfence-egress-names new"}, []string{"configured tenantfence-egress-names"}, nil,
		},
		"it is deleted with the last flow that needs it": {
			nil, []*yaml.RNode{configMap(policy.EgressNamesConfigMap, "mine", "old")}, []v1alpha1.Stage{allow},
			nil, []string{"deleted tenantfence-egress-names"}, nil,
		},
		"another ConfigMap with the same name is rejected": {
			desired, []*yaml.RNode{configMap(policy.EgressNamesConfigMap, "", "theirs")}, []v1alpha1.Stage{allow},
			nil, nil, []string{report.PolicyExists.Name},
		},
		"a ConfigMap with another name is kept, with any labels": {
			nil, []*yaml.RNode{configMap("settings", "mine", "theirs")}, []v1alpha1.Stage{allow},
			[]string{"settings theirs"}, nil, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, findings := mergeAll(options(c.stages...), c.existing, c.desired)
			if got := checks(findings); !slices.Equal(got, c.refused) {
				t.Fatalf("refused %v, want %v", got, c.refused)
			}
			if len(c.refused) > 0 {
				return
			}
			if got := words(r.Items); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if got := done(r.Changes); !slices.Equal(got, c.changes) {
				t.Errorf("changes are %v, want %v", got, c.changes)
			}
		})
	}
}
