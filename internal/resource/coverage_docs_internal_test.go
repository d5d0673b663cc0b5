package resource

import (
	"os"
	"strings"
	"testing"
)

// TestDocsListUndecidedKinds compares docs/reference/coverage.md with the table of kinds.
func TestDocsListUndecidedKinds(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/reference/coverage.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range coverageTable {
		if k.Class != NotDecided {
			continue
		}
		want := "`" + k.group + "`"
		if k.names == "" && k.where == nil {
			want += ` \*`
		}
		if !strings.Contains(string(data), want) {
			t.Errorf("docs/reference/coverage.md does not list %s", want)
		}
		for name := range strings.FieldsSeq(k.names) {
			if k.group == "cilium.io" && !strings.Contains(string(data), "`"+name+"`") {
				t.Errorf("docs/reference/coverage.md does not list %s of %s", name, k.group)
			}
		}
	}
}

// TestCoverageIsConsistent checks that no entry follows an entry that matches all of its resources,
// because the first match applies.
func TestCoverageIsConsistent(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, k := range coverageTable {
		if seen[k.group] {
			t.Errorf("%s %q follows an entry for the whole group", k.group, k.names)
		}
		for name := range strings.FieldsSeq(k.names) {
			if seen[k.group+" "+name] {
				t.Errorf("%s %s is listed twice", k.group, name)
			}
			seen[k.group+" "+name] = k.where == nil
		}
		seen[k.group] = k.names == "" && k.where == nil
		if k.Class == NotDecided && (k.Reason == "" || k.OwnNamespaceOnly && k.Clusterwide) {
			t.Errorf("%s %q: has no reason, or a namespace although it is cluster-wide", k.group, k.names)
		}
	}
}
