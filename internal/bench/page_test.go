package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWritePage(t *testing.T) {
	t.Parallel()
	page := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(page, []byte("before\n"+begin+"\nold\n"+end+"\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	all := []measurement{
		{"linear", 10, 0.1, 50}, {"square", 10, 0.01, 50}, {"linear", 100, 1, 500}, {"square", 100, 1, 50}, {"small", 10, 2, 1},
	}
	starts := []start{{"first", 41.26, 9.84}, {"second", 1.5, 120}}
	if err := writePage(page, all, starts); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	want := `before
<!-- begin: make bench -->

| CPU-seconds | 10 | 100 | growth |
|---|---:|---:|---:|
| linear | 0.10 | 1.0 | 1.00 |
| square | 0.010 | 1.0 | 2.00 |
| small | 2.0 | |  |

| Peak memory, MB | 10 | 100 | growth |
|---|---:|---:|---:|
| linear | 50 | 500 | 1.00 |
| square | 50 | 50 | 0.00 |
| small | 1.0 | |  |

*One tenant* is the median of 21 runs, in turns. The *identity with the same libraries* is the kyaml identity in a program that imports what tenantfence imports.

| One tenant, ms | wall | CPU |
|---|---:|---:|
| first | 41 | 9.8 |
| second | 1.5 | 120 |

<!-- end: make bench -->
after
`
	if string(content) != want {
		t.Errorf("got\n%s\nwant\n%s", content, want)
	}
	if err := os.WriteFile(page, []byte("no tables\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := writePage(page, all, starts); err == nil {
		t.Error("a page without a place for the tables is accepted")
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	list := "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- apiVersion: v1\n  kind: Namespace\n  metadata:\n    name: a\n"
	var out bytes.Buffer
	if err := identity(strings.NewReader(list+"---\n"+list), &out); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "name: a\n"); n != 2 {
		t.Errorf("%d lists are written:\n%s", n, out.String())
	}
}

// The template for helm and jsonnet has the name of no tenant.
func TestJsonnet(t *testing.T) {
	t.Parallel()
	got, err := jsonnet("apiVersion: v1\nkind: Namespace\nmetadata: {name: tenant-bench0}\n")
	if want := `[{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"tenant-bench" + i + ""}}]`; err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}
