package draft

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// TestPatterns compiles every pattern of this package, which the program does only when it needs it.
func TestPatterns(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 1 {
				return true
			}
			name, _ := call.Fun.(*ast.Ident)
			text, ok := call.Args[0].(*ast.BasicLit)
			if !ok || name == nil || name.Name != "newPattern" {
				return true
			}
			expression, err := strconv.Unquote(text.Value)
			if err == nil {
				_, err = regexp.Compile(expression)
			}
			if err != nil {
				t.Errorf("%s: %v", file, err)
			}
			found++
			return true
		})
	}
	if found < 30 {
		t.Errorf("only %d patterns are found", found)
	}
	for _, p := range []pattern{agentImage, chartVersion} {
		p.compiled()
	}
}
