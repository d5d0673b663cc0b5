// Package architecture tests the rules of this repository. Each failure states the reason
// for its rule.
//
// The tests read the source files. They cover every platform and build tag, report a line,
// and work while the code does not compile yet.
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
			t.Errorf("%s: package %s is missing in internal/architecture/packages_test.go, "+
				"which docs/explanation/architecture.md lists: add it with its kind and purpose", file.path, file.dir)
		}
	}
}

func TestEveryListedPackageExists(t *testing.T) {
	found := map[string]bool{}
	for _, file := range load(t) {
		found[file.dir] = true
	}
	for dir, p := range packages {
		if !found[dir] && p.kind != check { // checks are test files, which load leaves out
			t.Errorf("%s is listed in internal/architecture/packages_test.go and has no Go file: remove it", dir)
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
			to, toKnown := packages[dir]
			allowed := allowedImports[from.kind]
			if isInternal && toKnown && !slices.Contains(allowed.imports, to.kind) {
				t.Errorf("%s: %s (%s) imports %s (%s): %s", file.at(spec), file.dir, from.kind, dir, to.kind, allowed.why)
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
				t.Errorf("%s: %s imports %s, and may import only %v of this module: "+
					"the API comes first, then the terms of the program, then the resources of a build", file.at(spec), file.dir, dir, allowedModels)
			}
		}
	}
}

func TestChainImportOrder(t *testing.T) {
	for dir, p := range packages {
		if _, known := chainImports[dir]; (p.kind == chain) != known {
			t.Errorf("%s is %s: chainImports must list every chain, and nothing else", dir, p.kind)
		}
	}
	for _, file := range load(t) {
		for _, spec := range file.syntax.Imports {
			dir, isInternal := packageDir(importPath(spec))
			if packages[file.dir].kind == chain && isInternal && packages[dir].kind == chain && !slices.Contains(chainImports[file.dir], dir) {
				t.Errorf("%s: %s imports %s: a proof compares with what is generated, and generating needs no proof", file.at(spec), file.dir, dir)
			}
		}
	}
}

func TestEveryModelHasImportRule(t *testing.T) {
	for dir, p := range packages {
		if _, known := modelImports[dir]; (p.kind == model) != known {
			t.Errorf("%s is %s: modelImports must list every model, and nothing else", dir, p.kind)
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
		if file.path == "main.go" || packages[file.dir].kind == tool {
			continue
		}
		ast.Inspect(file.syntax, func(node ast.Node) bool {
			selector, isSelector := node.(*ast.SelectorExpr)
			if isSelector && file.exits(selector) {
				t.Errorf("%s: only main.go exits: other code that exits cannot be tested and loses the findings "+
					"of the run: return an error or a status", file.at(selector))
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
			t.Errorf("%s: %d lines, at most %d: split it by purpose, and name the files after it", file.path, file.lines, limit)
		}
	}
}

func TestRootHoldsOnlyMain(t *testing.T) {
	for _, file := range load(t) {
		if file.dir == "." && file.path != "main.go" {
			t.Errorf("%s: the root holds main.go alone: the other rules do not cover code next to it", file.path)
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

// TestFindingsAreMadeByNew requires report.New for every finding, so that each names its check,
// resource and field.
func TestFindingsAreMadeByNew(t *testing.T) {
	t.Parallel()
	for _, f := range load(t) {
		if f.dir == "internal/report" {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok || len(lit.Elts) == 0 {
				return true
			}
			if isReportType(lit.Type, "Finding") {
				t.Errorf("%s: make the finding with report.New", f.at(lit))
			}
			list, ok := lit.Type.(*ast.ArrayType)
			if isReportType(lit.Type, "Findings") || ok && isReportType(list.Elt, "Finding") {
				for _, e := range lit.Elts {
					if element, ok := e.(*ast.CompositeLit); ok && element.Type == nil {
						t.Errorf("%s: make the finding with report.New", f.at(element))
					}
				}
			}
			return true
		})
	}
}

// isReportType reports whether a type is the one of that name in package report.
func isReportType(expr ast.Expr, name string) bool {
	sel, ok := expr.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != name {
		return false
	}
	pkg, ok := sel.X.(*ast.Ident)
	return ok && pkg.Name == "report"
}
