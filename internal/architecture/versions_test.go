package architecture

import (
	"go/ast"
	"go/token"
	"regexp"
	"strconv"
	"testing"
)

// ciliumRelease matches a minor version of Cilium in a text, and not as a part of a name.
var ciliumRelease = regexp.MustCompile(`(^|[^-.\w])1\.[12]\d\b`)

// TestVersionsOfCiliumStandInOneFile finds versions of Cilium outside internal/cilium/versions.go.
// The API has its own: internal/cilium tests that they are the same.
func TestVersionsOfCiliumStandInOneFile(t *testing.T) {
	const why = "the facts of internal/cilium/versions.go hold each version: use a fact, or its Introduced or Removed"
	for _, file := range load(t) {
		if file.path == "internal/cilium/versions.go" || file.dir == "api/v1alpha1" {
			continue
		}
		ast.Inspect(file.syntax, func(node ast.Node) bool {
			switch n := node.(type) {
			case *ast.BasicLit:
				if text, err := strconv.Unquote(n.Value); n.Kind == token.STRING && err == nil && ciliumRelease.MatchString(text) {
					t.Errorf("%s: %q names a version: %s", file.at(n), text, why)
				}
			case *ast.KeyValueExpr:
				key, _ := n.Key.(*ast.Ident)
				if number, _ := n.Value.(*ast.BasicLit); key != nil && number != nil && (key.Name == "Since" || key.Name == "Until") {
					t.Errorf("%s: %s is a version: %s", file.at(n), key.Name, why)
				}
			case *ast.BinaryExpr:
				if number, _ := n.Y.(*ast.BasicLit); number != nil && len(number.Value) > 1 && mentionsMinor(n.X) {
					t.Errorf("%s: compares with version %s: %s", file.at(n), number.Value, why)
				}
			}
			return true
		})
	}
}

// mentionsMinor reports whether an expression reads a minor version.
func mentionsMinor(e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(node ast.Node) bool {
		id, _ := node.(*ast.Ident)
		found = found || id != nil && (id.Name == "Minor" || id.Name == "minor")
		return !found
	})
	return found
}
