package resolve

import (
	"encoding/json"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// TestEndsAreIndependent resolves the flows of each golden case at once and in random order, and
// compares findings and fences with those of Resolve.
func TestEndsAreIndependent(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob("../../testdata/[gr]*/*")
	if err != nil {
		t.Fatal(err)
	}
	resolvedCases, flows := 0, 0
	for _, dir := range cases {
		in, index := readCase(t, dir)
		if in.Profile.Path == nil {
			continue
		}
		for _, form := range []v1alpha1.PolicyForm{in.Profile.Spec.Policies, v1alpha1.PoliciesBoth} {
			in.Profile.Spec.Policies = form
			want := text(Resolve(in, index))
			claimed := claim(in, index)
			all := claimed.allFlows()
			rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			var wait sync.WaitGroup
			for _, f := range all {
				wait.Go(func() { resolveEnds(claimed.facts, f) })
			}
			wait.Wait()
			if got := text(grants(claimed)); got != want {
				t.Errorf("%s: another order of flows gives\n%s\nwant\n%s", dir, got, want)
			}
			resolvedCases, flows = resolvedCases+1, flows+len(all)
		}
	}
	if resolvedCases < 200 || flows < 500 {
		t.Errorf("%d flows of %d cases are compared", flows, resolvedCases)
	}
}

func text(fence, networkPolicyForm *policy.Fence, findings report.Findings) string {
	data, err := json.Marshal([]any{fence, networkPolicyForm, findings})
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// readCase reads the profile, the Tenants and the other resources of a golden case. The profile has no
// path if the case has none of its own, or is refused before Resolve.
func readCase(t *testing.T, dir string) (*resource.Inputs, *resource.Index) {
	t.Helper()
	items, err := kio.LocalPackageReader{PackagePath: dir, MatchFilesGlob: []string{"*.yaml"}}.Read()
	if err != nil {
		t.Fatal(err)
	}
	in := &resource.Inputs{}
	if len(resource.MalformedItems(items)) > 0 {
		return in, nil
	}
	var rest []*yaml.RNode
	for _, n := range items {
		ref, at := report.Ref{Kind: n.GetKind(), Name: n.GetName()}, field.NewPath("spec")
		switch n.GetKind() {
		case v1alpha1.KindFenceProfile:
			if profile, errs := v1alpha1.Decode[v1alpha1.FenceProfile](n, nil); len(errs) == 0 {
				in.Profile = resource.Profile{Ref: ref, Path: at, Spec: profile.Spec}
			}
		case v1alpha1.KindTenant:
			if tenant, errs := v1alpha1.Decode[v1alpha1.Tenant](n, nil); len(errs) == 0 {
				in.Tenants = append(in.Tenants, resource.Tenant{Name: n.GetName(), Ref: ref, Path: at, Spec: tenant.Spec})
			}
		default:
			rest = append(rest, n)
		}
	}
	index, _ := resource.NewIndex(rest)
	return in, index
}
