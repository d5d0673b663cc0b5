// Package architecture has the rules of this code base as tests, with their reasons.
//
// The tests read the files, so that they cover every platform and build tag, report a line, and work
// on code that does not compile.
package architecture

import (
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"
)

const (
	module    = "github.com/tenantfence/tenantfence"
	maxLines  = 320
	mainLines = 40
)

func TestEveryPackageIsListed(t *testing.T) {
	for _, file := range load(t) {
		if _, known := packages[file.dir]; !known {
			t.Errorf("%s: add %s to the table in internal/architecture/packages_test.go, "+
				"in which contributors find the package for a change", file.path, file.dir)
		}
	}
}

func TestImportsByPackageKind(t *testing.T) {
	for _, file := range load(t) {
		from, known := packages[file.dir]
		if !known {
			continue // TestEveryPackageIsListed reports it.
		}
		for _, spec := range file.syntax.Imports {
			dir, isInternal := packageDir(importPath(spec))
			if to := packages[dir]; isInternal && to != "" && !slices.Contains(allowedImports[from].imports, to) {
				t.Errorf("%s: %s (%s) imports %s (%s): %s", file.at(spec), file.dir, from, dir, to, allowedImports[from].why)
			}
		}
	}
}

func TestModelImportOrder(t *testing.T) {
	for _, file := range load(t) {
		allowedModels, known := modelImports[file.dir]
		if !known {
			continue
		}
		for _, spec := range file.syntax.Imports {
			if dir, isInternal := packageDir(importPath(spec)); isInternal && !slices.Contains(allowedModels, dir) {
				t.Errorf("%s: %s imports %s, and may import of ours only %v: "+
					"what users write comes first, what we call it next, where it is found last", file.at(spec), file.dir, dir, allowedModels)
			}
		}
	}
}

func TestEveryModelHasImportRule(t *testing.T) {
	for dir, k := range packages {
		if _, known := modelImports[dir]; (k == model) != known {
			t.Errorf("%s: it is %s in packages: modelImports must list all models, and no other package", dir, k)
		}
	}
}

func TestExternalImports(t *testing.T) {
	for _, file := range load(t) {
		for _, spec := range file.syntax.Imports {
			if f, violated := violatedRule(file.dir, importPath(spec)); violated {
				t.Errorf("%s: %s imports %s, which only %s may: %s",
					file.at(spec), file.dir, importPath(spec), strings.Join(f.packages, " and "), f.why)
			}
		}
	}
}

func TestOnlyMainExits(t *testing.T) {
	for _, file := range load(t) {
		if file.path == "main.go" || packages[file.dir] == tool {
			continue
		}
		ast.Inspect(file.syntax, func(node ast.Node) bool {
			selector, isSelector := node.(*ast.SelectorExpr)
			if isSelector && file.exits(selector) {
				t.Errorf("%s: only main.go exits: anything else that does cannot be tested, "+
					"and takes the findings of everyone else with it; return an error or a status", file.at(selector))
			}
			return true
		})
	}
}

func TestFileLength(t *testing.T) {
	for _, file := range load(t) {
		limit := maxLines
		if file.path == "main.go" {
			limit = mainLines
		}
		if file.lines > limit && !ast.IsGenerated(file.syntax) {
			t.Errorf("%s: %d lines, at most %d: split it by purpose, and name the parts after it", file.path, file.lines, limit)
		}
	}
}

func TestRootHoldsOnlyMain(t *testing.T) {
	for _, file := range load(t) {
		if file.dir == "." && file.path != "main.go" {
			t.Errorf("%s: the root contains main.go only: the other rules do not cover more code there", file.path)
		}
	}
}

// packageDir returns the directory of one of this module's packages.
func packageDir(pkg string) (dir string, isInternal bool) {
	if pkg == module {
		return ".", true
	}
	return strings.CutPrefix(pkg, module+"/")
}

func violatedRule(dir, pkg string) (importRule, bool) {
	for _, f := range importRules {
		if pkg == f.pkg || strings.HasPrefix(pkg, f.pkg+"/") {
			return f, !slices.Contains(f.packages, dir)
		}
	}
	return importRule{}, false
}

// exits reports whether a selector is one of the ways to end the process.
func (f source) exits(selector *ast.SelectorExpr) bool {
	name, isName := selector.X.(*ast.Ident)
	if !isName {
		return false
	}
	for _, spec := range f.syntax.Imports {
		pkg := importPath(spec)
		local := path.Base(pkg)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		if local != name.Name {
			continue
		}
		switch pkg {
		case "os", "syscall":
			return selector.Sel.Name == "Exit"
		case "log":
			return strings.HasPrefix(selector.Sel.Name, "Fatal")
		}
	}
	return false
}
