package v1alpha1

import (
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

func TestUnquotedScalarInStringField(t *testing.T) {
	for desc, c := range map[string]struct{ written, want string }{
		"a version that is a number loses its zero": {`1.20`, `must be a string: write "1.20" in quotes (unquoted 1.20 is the number 1.2)`},
		"a number that a host has shortened":        {`1.2`, `must be a string: write "1.2" in quotes (unquoted 1.2 is a number; if you wrote 1.20, write "1.20")`},
		"a number that keeps its spelling":          {`42`, `must be a string: write "42" in quotes (unquoted 42 is a number)`},
		"an octal number":                           {`0o17`, `must be a string: write "0o17" in quotes (unquoted 0o17 is the number 15)`},
		"a number too long to repeat":               {`1e300`, `must be a string: write "1e300" in quotes (unquoted 1e300 is a number)`},
		"infinity":                                  {`.inf`, `must be a string: write ".inf" in quotes (unquoted .inf is the number +Inf)`},
		"a boolean":                                 {`true`, `must be a string: write "true" in quotes (unquoted true is a boolean)`},
		"a number in quotes is a text":              {`"1.20"`, ``},
		"a date is a text":                          {`2024-01-01`, ``},
		"what only old parsers take for a boolean":  {`yes`, ``},
		"a tag that is not of YAML":                 {`!secret x`, `must be a string, not !secret`},
		"bytes":                                     {`!!binary YQ==`, `must be a string, not !!binary`},
		"nothing":                                   {``, `is empty: set a value, or remove the field`},
		"null":                                      {`~`, `is empty: set a value, or remove the field`},
		"a list":                                    {`[a]`, `must be a string, not a list`},
	} {
		t.Run(desc, func(t *testing.T) {
			_, errs := Decode[Tenant](tenant("id: "+c.written), nil)
			got := strings.TrimSpace(strings.TrimPrefix(lines(errs), "spec.id: Invalid value: "))
			if got != c.want {
				t.Errorf("id: %s\ngot:  %s\nwant: %s", c.written, got, c.want)
			}
		})
	}
}

// tenant returns a Tenant with the lines of a spec.
func tenant(spec ...string) *yaml.RNode {
	return yaml.MustParse("apiVersion: " + APIVersion + "\nkind: Tenant\nmetadata: {name: acme}\nspec:\n  " + strings.Join(spec, "\n  "))
}

func TestMisspelledFieldHidesFollowUpErrors(t *testing.T) {
	for desc, c := range map[string]struct{ flow, want string }{
		"a peer of a misspelt kind is not also without a kind": {
			`{name: a, to: [{fqdn: [a.example.com]}]}`,
			"spec.egress[0].to[0].fqdn: unexpected field: did you mean fqdns?\n",
		},
		"misspelt ports are not also missing": {
			`{name: a, to: [{fqdns: [a.example.com]}], prots: [{port: 443}]}`,
			"spec.egress[0].prots: unexpected field: did you mean ports?\n",
		},
		"a peer of the wrong type is not also without a kind": {
			`{name: a, to: [{tenant: 1}, beta]}`,
			"spec.egress[0].to[0].tenant: Invalid value: must be a string: write \"1\" in quotes (unquoted 1 is a number)\n" +
				"spec.egress[0].to[1]: Invalid value: must be a map, not the string \"beta\": its fields are anyTenant, children, cidrs, entities, except, fqdns, namespace, namespaceLabels, parent, pods, service, tenant\n",
		},
		"the fields next to a misspelt one are still validated": {
			`{nam: a, name: A, to: [{cidrs: [10.0.0.1/8]}]}`,
			"spec.egress[0].nam: unexpected field: did you mean name?\n" +
				"spec.egress[0].to[0].cidrs[0]: Invalid value: \"10.0.0.1/8\": has host bits, and would match all of 10.0.0.0/8: write this network, or 10.0.0.1/32 for one address\n",
		},
	} {
		t.Run(desc, func(t *testing.T) {
			if _, errs := Decode[Tenant](tenant("egress:", "- "+c.flow), nil); lines(errs) != c.want {
				t.Errorf("got:\n%swant:\n%s", lines(errs), c.want)
			}
		})
	}
}

func TestDecodeRejectsNonResources(t *testing.T) {
	for desc, n := range map[string]*yaml.RNode{
		"no node at all":     nil,
		"a node of nothing":  yaml.NewRNode(nil),
		"an empty node":      yaml.NewRNode(&yaml.Node{}),
		"a scalar":           yaml.NewStringRNode("x"),
		"an alias":           yaml.NewRNode(&yaml.Node{Kind: yaml.AliasNode}),
		"a map with no keys": yaml.MustParse("{}"),
	} {
		t.Run(desc, func(t *testing.T) {
			if out, errs := Decode[Tenant](n, nil); out != nil || len(errs) == 0 {
				t.Errorf("decoded as %v", out)
			}
		})
	}
}

func TestDecodeRejectsOtherKinds(t *testing.T) {
	_, errs := Decode[FenceProfile](tenant("{}"), nil)
	if want := "kind: Invalid value: \"Tenant\": must be FenceProfile\n"; lines(errs) != want {
		t.Errorf("got %q, want %q", lines(errs), want)
	}
}

func TestDecodeIgnoresYAMLStyle(t *testing.T) {
	for desc, content := range map[string]string{
		"JSON":           `{"kind":"Tenant","spec":{"id":"x"},"metadata":{"name":"acme"},"apiVersion":"tenantfence.dev/v1alpha1"}`,
		"with a comment": "# a Tenant\napiVersion: tenantfence.dev/v1alpha1\nkind: Tenant # it is\nmetadata:\n  name: acme\nspec:\n  id: x\n",
		"with an anchor": "apiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: &m\n  name: acme\nspec: {id: !!str x}\n",
	} {
		t.Run(desc, func(t *testing.T) {
			got, errs := Decode[Tenant](yaml.MustParse(content), nil)
			if len(errs) > 0 {
				t.Fatal(lines(errs))
			}
			if got.Name != "acme" || got.Spec.ID != "x" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestDecodeKeepsEmptyLists(t *testing.T) {
	got, errs := Decode[FenceProfile](yaml.MustParse(`
apiVersion: tenantfence.dev/v1alpha1
kind: FenceProfile
metadata: {name: default}
spec:
  cluster: {cni: Cilium, ciliumVersion: "1.20"}
  overrides:
  - tenants: ["*"]
    limits: {fqdns: []}
`), nil)
	if len(errs) > 0 {
		t.Fatal(lines(errs))
	}
	if l := got.Spec.Overrides[0].Limits; l.FQDNs == nil || l.CIDRs != nil {
		t.Errorf("an empty limit and an omitted one must differ, in an override: %+v", l)
	}
}
