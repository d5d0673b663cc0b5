package kustomize

import (
	"fmt"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/provider"

	"github.com/tenantfence/tenantfence/internal/block"
)

// TestNotation checks that resources are written as kustomize writes them, whatever their notation is.
func TestNotation(t *testing.T) {
	t.Parallel()
	plain := 0
	for _, value := range []string{
		"a", "''", "'1'", "1", "-1", "-0", "0", "007", "0x1F", "0o7", "1_000", "1.0", "1.50", "1e3", ".inf", ".nan", "9007199254740993", "12345678901234567890",
		"true", "True", "yes", "'yes'", "on", "y", "n", "~", "null", "Null", "''", "'null'", "'~'", "2020-01-01", "'2020-01-01'", "2020-01-01T00:00:00Z", "1:30", "'1:30'", "!!str 1", "!!int '1'", "!!float 1", "!!binary YQ==",
		"[]", "{}", "[[], {}]", "[1, a, null, true]", "{b: 1, a10: 2, a2: 3, A: 4}", "{1: a}", "{true: a}", "{null: a}", "{'1': a}", "{'yes': a, 'null': b}", "{? [a] : b}", "{a}", "{a: }", "[{a}]", "{a: {b: }}",
		`"a\nb"`, `"a\n"`, `"a\n\nb"`, `"\na"`, `" a"`, `"a "`, `"a \nb"`, `" a\nb"`, `"a\tb"`, `"\ta"`, `"a\u2028b"`, `"a\u0085b"`, `"a\u0007b"`, `"\u00a0"`, `"é"`, `"日本"`, `"😀"`, `"\ufeffa"`, `"a: b"`, `"a #b"`, `"- a"`, `"---"`, `"..."`, `"%a"`, `"@a"`, "'`a'", `"'a'"`, `'"a"'`, `"a:"`, `"="`, `"<<"`, `"&a"`, `"*a"`, `"!a"`, `"|"`, `">"`, `"\\"`, `"<>&"`,
		"|\n    a\n    b\n", "|\n     a\n    b\n", ">\n    a\n    b\n", ">\n    a\n\n    b\n", "|+\n    a\n\n", "|-\n    a",
		"'" + strings.Repeat("long text ", 30) + "'", "'" + strings.Repeat("x", 300) + "'", "a b", "# comment\n  x",
		"&x [a]", "[&x a, *x]", "{<<: {a: b}, c: d}",
	} {
		resources, err := provider.NewDefaultDepProvider().GetResourceFactory().SliceFromBytes(fmt.Appendf(nil, "apiVersion: v1\nkind: A\nmetadata: {name: a}\nvalue: %s\n", value))
		if err != nil {
			continue
		}
		for _, r := range resources {
			if _, ok := block.Value(r.YNode()); ok {
				plain++
			}
			want, werr := r.AsYAML()
			got, err := asYAML(r)
			if string(got) != string(want) || (err == nil) != (werr == nil) {
				t.Errorf("%s: error %v, want %v\n%s\nwant\n%s", value, err, werr, got, want)
			}
		}
	}
	if plain < 60 {
		t.Errorf("only %d values are written directly", plain)
	}
}
