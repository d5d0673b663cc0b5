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
		"none":                                {`{spec: {a: [1, 2]}}`, `{spec: {a: [2, 1]} } # in another order`, nil},
		"another value":                       {`{spec: {port: 444}}`, `{spec: {port: 443}}`, []string{"spec.port is 444, expected 443"}},
		"another type":                        {`{spec: {port: "443"}}`, `{spec: {port: 443}}`, []string{`spec.port is "443", expected 443`}},
		"another kind of value":               {`{spec: {ports: 443}}`, `{spec: {ports: [443]}}`, []string{"spec.ports has another type of value"}},
		"a key with dots":                     {`{labels: {a.b/c: x}}`, `{labels: {a.b/c: y}}`, []string{`labels[a.b/c] is "x", expected "y"`}},
		"an unexpected field":                 {`{spec: {a: 1, b: 2}}`, `{spec: {a: 1}}`, []string{"unexpected field spec.b"}},
		"a missing field":                     {`{spec: {a: 1}}`, `{spec: {a: 1, b: 2}}`, []string{"missing field spec.b"}},
		"an item instead of another":          {`{l: [a, b]}`, `{l: [b, c]}`, []string{`missing item in l: "c"`, `unexpected item l[0]: "a"`}},
		"an item similar to the existing one": {`{l: [{p: 1, q: 2, r: 3}]}`, `{l: [{p: 1, q: 2, r: 4}]}`, []string{"l[0].r is 3, expected 4"}},
		"a long item is shortened":            {`{l: []}`, `{l: [{word: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}]}`, []string{`missing item in l: {"word":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…`}},
		"an alias equals its value":           {`{a: &x {b: 1}, c: *x}`, `{a: {b: 1}, c: {b: 1}}`, nil},
		"order in nested lists":               {`{l: [{m: [1, 2]}]}`, `{l: [{m: [2, 1]}]}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(c.differences, merge.Differences(yaml.MustParse(c.have), yaml.MustParse(c.want))); d != "" {
				t.Error(d)
			}
		})
	}
}
