package resolve

import (
	"strings"
	"testing"
)

func TestMatchPath(t *testing.T) {
	t.Parallel()
	for pattern, c := range map[string]struct{ matches, others []string }{
		"a.yaml":               {[]string{"a.yaml"}, []string{"b.yaml", "x/a.yaml", "a.yaml/x", "A.yaml", ""}},
		"tenants/gold/*":       {[]string{"tenants/gold/a.yaml"}, []string{"tenants/gold", "tenants/gold/a/b.yaml", "tenants/golden/a.yaml", "x/tenants/gold/a.yaml", "Tenants/gold/a.yaml"}},
		"tenants/gold-*/*":     {[]string{"tenants/gold-/a", "tenants/gold-x/a"}, []string{"tenants/gold/a", "tenants/gold-x/y/a"}},
		"tenants/gold/**":      {[]string{"tenants/gold/a", "tenants/gold/a/b/c"}, []string{"tenants/gold", "tenants/golden/a", "gold/a"}},
		"**":                   {[]string{"a", "a/b/c"}, nil},
		"**/gold.yaml":         {[]string{"gold.yaml", "a/gold.yaml", "a/b/gold.yaml"}, []string{"gold.yaml/a", "a/xgold.yaml"}},
		"tenants/**/gold.yaml": {[]string{"tenants/gold.yaml", "tenants/a/b/gold.yaml"}, []string{"gold.yaml", "tenants/a/gold.yaml/x"}},
		"**/gold/**":           {[]string{"gold/a", "x/gold/a", "x/gold/y/a"}, []string{"gold", "x/gold"}},
		"../gold/*":            {nil, []string{"gold/a", "../../gold/a"}},
	} {
		for _, file := range c.matches {
			if !matchPath(pattern, file) {
				t.Errorf("%s does not match %s", pattern, file)
			}
		}
		for _, file := range c.others {
			if matchPath(pattern, file) {
				t.Errorf("%s matches %q", pattern, file)
			}
		}
	}
}

// A pattern with many ** does not try every division of the path.
func TestMatchPathIsNotExponential(t *testing.T) {
	t.Parallel()
	if matchPath(strings.Repeat("**/a/", 200)+"b", strings.Repeat("a/", 1000)+"c") {
		t.Error("it matches")
	}
}
