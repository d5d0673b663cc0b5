package merge_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/merge"
)

func TestDifferences(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		have, want  string
		differences []string
	}{
		"none":                               {`{spec: {a: [1, 2]}}`, `{spec: {a: [2, 1]} } # in another order`, nil},
		"another value":                      {`{spec: {port: 444}}`, `{spec: {port: 443}}`, []string{"spec.port is 444, not 443"}},
		"another type":                       {`{spec: {port: "443"}}`, `{spec: {port: 443}}`, []string{`spec.port is "443", not 443`}},
		"another kind of value":              {`{spec: {ports: 443}}`, `{spec: {ports: [443]}}`, []string{"spec.ports is something else"}},
		"a key with dots":                    {`{labels: {a.b/c: x}}`, `{labels: {a.b/c: y}}`, []string{`labels[a.b/c] is "x", not "y"`}},
		"a field too much":                   {`{spec: {a: 1, b: 2}}`, `{spec: {a: 1}}`, []string{"spec.b is too much"}},
		"a field that is missing":            {`{spec: {a: 1}}`, `{spec: {a: 1, b: 2}}`, []string{"spec.b is missing"}},
		"an element instead of another":      {`{l: [a, b]}`, `{l: [b, c]}`, []string{`l lacks "c"`, `l[0] is too much: "a"`}},
		"an element like the one that is":    {`{l: [{p: 1, q: 2, r: 3}]}`, `{l: [{p: 1, q: 2, r: 4}]}`, []string{"l[0].r is 3, not 4"}},
		"a long element is shown in part":    {`{l: []}`, `{l: [{word: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}]}`, []string{`l lacks {"word":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…`}},
		"an alias is what it stands for":     {`{a: &x {b: 1}, c: *x}`, `{a: {b: 1}, c: {b: 1}}`, nil},
		"order of what is in a list's lists": {`{l: [{m: [1, 2]}]}`, `{l: [{m: [2, 1]}]}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(c.differences, merge.Differences(yaml.MustParse(c.have), yaml.MustParse(c.want))); d != "" {
				t.Error(d)
			}
		})
	}
}
