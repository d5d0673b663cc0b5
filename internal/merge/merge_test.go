package merge_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

const (
	baseline = v1alpha1.StageBaseline
	allow    = v1alpha1.StageAllow
	deny     = v1alpha1.StageDefaultDeny
)

// options are the options of a fence with one tenant in Enforce and one in AllowOnly.
func options(stages ...v1alpha1.Stage) merge.Options {
	f := &policy.Fence{
		Name:    "mine",
		Cluster: v1alpha1.Cluster{CNI: v1alpha1.CNICilium, CiliumVersion: "1.19"},
	}
	f.Baseline.DNS = v1alpha1.DNS{Namespace: "kube-system", Port: 53, Names: []string{"*"}}
	f.Baseline.DNS.Pods = &endpoints.Selector{MatchLabels: map[string]string{"k8s-app": "kube-dns"}}
	f = f.WithOwners(
		&policy.Owner{Name: "acme", ID: "42", Namespaces: []string{"acme"}, Enforcement: v1alpha1.Enforce},
		&policy.Owner{Name: "beta", Namespaces: []string{"beta"}, Enforcement: v1alpha1.AllowOnly},
	)
	return merge.Options{Fence: f, Stages: stages, FormerNames: []string{"former"}}
}

// merged is a result with the nodes of all items.
type merged struct {
	merge.Result
	Items []*yaml.RNode
}

// mergeAll merges policies that have their nodes.
func mergeAll(o merge.Options, items, desired []*yaml.RNode) (merged, report.Findings) {
	var policies []*resource.Generated
	for _, n := range desired {
		policies = append(policies, resource.GeneratedFrom(n))
	}
	r, findings := merge.Merge(o, items, policies)
	// It never fails for policies with nodes.
	all, _ := r.Items()
	return merged{r, all}, findings
}

// object returns a resource with a name, a fence, a stage and a word.
func object(apiVersion, kind, name, fence string, stage v1alpha1.Stage, word string) *yaml.RNode {
	n := yaml.MustParse("apiVersion: " + apiVersion + "\nkind: " + kind + "\nmetadata: {namespace: acme, name: " + name + "}\nspec: {description: " + word + "}\n")
	if fence != "" {
		// It never fails for a mapping.
		_ = n.SetLabels(map[string]string{"tenantfence.dev/fence": fence, "tenantfence.dev/stage": string(stage)})
	}
	return n
}

func cnp(name, fence string, stage v1alpha1.Stage, word string) *yaml.RNode {
	return object("cilium.io/v2", "CiliumNetworkPolicy", name, fence, stage, word)
}

func annotated(n *yaml.RNode, key, value string) *yaml.RNode {
	// It never fails for a mapping.
	_ = n.PipeE(yaml.SetAnnotation(key, value))
	return n
}

func TestMerge(t *testing.T) {
	t.Parallel()
	desired := []*yaml.RNode{cnp("egress-db", "mine", allow, "new"), cnp("default-deny", "mine", deny, "new")}
	for name, c := range map[string]struct {
		existing []*yaml.RNode
		stages   []v1alpha1.Stage
		want     []string
		changes  []string
		refused  []string
	}{
		"a missing policy is created": {
			nil, []v1alpha1.Stage{allow, deny},
			[]string{"egress-db new", "default-deny new"}, []string{"created default-deny", "created egress-db"}, nil,
		},
		"a policy of a stage that does not run is not created": {
			nil, []v1alpha1.Stage{deny}, []string{"default-deny new"}, []string{"created default-deny"}, nil,
		},
		"a policy that differs is configured in place": {
			[]*yaml.RNode{cnp("egress-db", "mine", allow, "old"), cnp("by-hand", "", "", "theirs")}, []v1alpha1.Stage{allow},
			[]string{"egress-db new", "by-hand theirs"}, []string{"configured egress-db"}, nil,
		},
		"an equal policy is unchanged": {
			[]*yaml.RNode{cnp("egress-db", "mine", allow, "new")}, []v1alpha1.Stage{allow}, []string{"egress-db new"}, []string{"unchanged egress-db"}, nil,
		},
		"a policy with another stage label is configured": {
			[]*yaml.RNode{cnp("egress-db", "mine", "Former", "old")}, []v1alpha1.Stage{allow}, []string{"egress-db new"}, []string{"configured egress-db"}, nil,
		},
		"a policy that is no longer desired is deleted": {
			[]*yaml.RNode{cnp("egress-former", "mine", allow, "old"), cnp("egress-db", "mine", allow, "new")}, []v1alpha1.Stage{allow},
			[]string{"egress-db new"}, []string{"unchanged egress-db", "deleted egress-former"}, nil,
		},
		"a policy of a stage that does not run is not deleted": {
			[]*yaml.RNode{cnp("former-deny", "mine", deny, "old"), cnp("default-deny", "mine", deny, "old")}, []v1alpha1.Stage{baseline},
			[]string{"former-deny old", "default-deny old"}, nil, nil,
		},
		"a desired policy of a stage that does not run is not deleted": {
			[]*yaml.RNode{cnp("default-deny", "mine", allow, "old")}, []v1alpha1.Stage{allow},
			[]string{"default-deny old", "egress-db new"}, []string{"created egress-db"}, nil,
		},
		"a policy of another fence is not deleted": {
			[]*yaml.RNode{cnp("egress-former", "other", allow, "theirs")}, []v1alpha1.Stage{allow},
			[]string{"egress-former theirs", "egress-db new"}, []string{"created egress-db"}, nil,
		},
		"a kind that is not generated is not deleted, with any labels": {
			[]*yaml.RNode{object("v1", "ConfigMap", "egress-db", "mine", allow, "theirs"), object("example.com/v1", "NetworkPolicy", "np", "mine", allow, "theirs")}, []v1alpha1.Stage{allow},
			[]string{"egress-db theirs", "np theirs", "egress-db new"}, []string{"created egress-db"}, nil,
		},
		"each generated kind is deleted": {
			[]*yaml.RNode{object("networking.k8s.io/v1", "NetworkPolicy", "np", "mine", baseline, "old"), object("cilium.io/v2", "CiliumClusterwideNetworkPolicy", "ccnp", "mine", baseline, "old")},
			[]v1alpha1.Stage{baseline}, nil, []string{"deleted ccnp", "deleted np"}, nil,
		},
		"a policy of a former name belongs to the fence, and gets its name": {
			[]*yaml.RNode{cnp("egress-db", "former", allow, "new"), cnp("egress-former", "former", allow, "old"), cnp("former-deny", "former", deny, "old")}, []v1alpha1.Stage{allow},
			[]string{"egress-db new", "former-deny old"}, []string{"configured egress-db", "deleted egress-former"}, nil,
		},
		"a hand-written policy with the same name is rejected": {
			[]*yaml.RNode{cnp("egress-db", "", "", "theirs")}, []v1alpha1.Stage{allow}, nil, nil, []string{report.PolicyExists.Name},
		},
		"all policies of other owners are rejected, also with adopt on another fence's": {
			[]*yaml.RNode{annotated(cnp("egress-db", "other", allow, "theirs"), "tenantfence.dev/adopt", "true"), cnp("default-deny", "", "", "theirs")},
			[]v1alpha1.Stage{allow, deny}, nil, nil, []string{report.PolicyExists.Name, report.PolicyExists.Name},
		},
		"adopt requires the value true": {
			[]*yaml.RNode{annotated(cnp("egress-db", "", "", "theirs"), "tenantfence.dev/adopt", "yes")}, []v1alpha1.Stage{allow}, nil, nil, []string{report.PolicyExists.Name},
		},
		"a policy that exists twice is rejected, because the result would depend on the order": {
			[]*yaml.RNode{cnp("egress-db", "mine", allow, "one"), cnp("egress-db", "mine", allow, "two")}, []v1alpha1.Stage{allow}, nil, nil, []string{report.PolicyDuplicate.Name, report.PolicyDuplicate.Name},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := words(c.existing)
			got, findings := mergeAll(options(c.stages...), c.existing, desired)
			if diff := cmp.Diff(c.refused, checks(findings)); diff != "" {
				t.Fatal(diff)
			}
			if c.refused == nil && !slices.Equal(words(got.Items), c.want) {
				t.Errorf("got %q, want %q", words(got.Items), c.want)
			}
			if diff := cmp.Diff(c.changes, done(got.Changes)); c.refused == nil && diff != "" {
				t.Error(diff)
			}
			if !slices.Equal(words(c.existing), before) {
				t.Error("Merge changed the input items")
			}
			for _, n := range got.Items {
				if f := n.GetLabels()["tenantfence.dev/fence"]; strings.HasSuffix(words([]*yaml.RNode{n})[0], "new") && f != "mine" {
					t.Errorf("%s belongs to fence %q", n.GetName(), f)
				}
			}
		})
	}
}

// words returns the name and the word of each item.
func words(items []*yaml.RNode) []string {
	var out []string
	for _, n := range items {
		word, _ := n.GetString("spec.description")
		out = append(out, n.GetName()+" "+word)
	}
	return out
}

func done(changes report.Changes) []string {
	var out []string
	for _, c := range changes {
		out = append(out, fmt.Sprintf("%s %s", c.Action, c.Ref.Name))
	}
	return out
}

func checks(findings report.Findings) []string {
	var out []string
	for _, f := range findings {
		out = append(out, f.Check.Name)
	}
	return out
}

func text(t *testing.T, items []*yaml.RNode) string {
	t.Helper()
	s, err := kio.StringAll(items)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMissingTenantsDeleteNothing(t *testing.T) {
	t.Parallel()
	o := options(allow)
	o.Fence, o.NoTenantsRead = o.Fence.WithOwners(), true
	mine := []*yaml.RNode{cnp("b", "mine", allow, ""), cnp("a", "former", deny, ""), cnp("theirs", "", "", "")}
	_, findings := mergeAll(o, mine, nil)
	if diff := cmp.Diff([]string{report.TenantsMissing.Name}, checks(findings)); diff != "" || !findings.HasError() {
		t.Fatal(diff)
	}
	if msg := findings[0].Message; !strings.Contains(msg, "2 policies of this fence") || !strings.Contains(msg, "acme/a, acme/b") {
		t.Error("the message must list the policies, got ", msg)
	}
	if _, findings := mergeAll(o, mine[2:], nil); findings.HasError() {
		t.Error("without policies to delete, no finding is expected: ", findings)
	}
	o.NoTenantsRead = false
	if got, findings := mergeAll(o, mine, nil); findings.HasError() || len(got.Items) != 2 {
		t.Errorf("with a profile in the items, policies of the stages that run are deleted: got %v", words(got.Items))
	}
}

func TestFilesOfNewPolicies(t *testing.T) {
	t.Parallel()
	item := func(annotations ...string) *yaml.RNode {
		n := yaml.MustParse("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}")
		for i := 0; i < len(annotations); i += 2 {
			annotated(n, annotations[i], annotations[i+1])
		}
		return n
	}
	const internal, legacy, own = "internal.config.kubernetes.io/path", "config.kubernetes.io/path", "fence/acme/egress-db.yaml"
	np := object("networking.k8s.io/v1", "NetworkPolicy", "egress-db", "mine", allow, "")
	ccnp := yaml.MustParse("apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: all, labels: {tenantfence.dev/fence: mine, tenantfence.dev/stage: Allow}}")
	for name, c := range map[string]struct {
		existing, desired *yaml.RNode
		path, index       string
	}{
		"a host that writes files gets a file for each":       {item(internal, "a.yaml", legacy, "a.yaml"), cnp("egress-db", "mine", allow, ""), own, "0"},
		"the NetworkPolicy form gets its own file":            {item(internal, "a.yaml", legacy, "a.yaml"), np, "fence/acme/egress-db.networkpolicy.yaml", "0"},
		"a cluster-wide policy gets a file in _cluster":       {item(internal, "a.yaml", legacy, "a.yaml"), ccnp, "fence/_cluster/all.yaml", "0"},
		"a file of that name gets another document":           {item(internal, own, legacy, own, "internal.config.kubernetes.io/index", "2"), cnp("egress-db", "mine", allow, ""), own, "3"},
		"under kustomize, a policy gets no file":              {item(internal, "a.yaml", legacy, "a.yaml", "kustomize.config.k8s.io/id", "1"), cnp("egress-db", "mine", allow, ""), "", ""},
		"a host that sets one path annotation writes no file": {item(internal, "a.yaml"), cnp("egress-db", "mine", allow, ""), "", ""},
		"a host that sets no path annotation writes no file":  {item(), cnp("egress-db", "mine", allow, ""), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _ := mergeAll(options(allow), []*yaml.RNode{c.existing}, []*yaml.RNode{c.desired})
			a := got.Items[1].GetAnnotations()
			for key, want := range map[string]string{
				internal: c.path, legacy: c.path, "internal.config.kubernetes.io/index": c.index, "config.kubernetes.io/index": c.index,
			} {
				if a[key] != want {
					t.Errorf("%s is %q, want %q", key, a[key], want)
				}
			}
		})
	}
}
