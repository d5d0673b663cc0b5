package architecture

import (
	"go/ast"
	"regexp"
	"testing"
)

// generatedMetadata matches the constants of what a fence writes to the metadata of its policies.
var generatedMetadata = regexp.MustCompile(`^(Label[A-Z]\w*|AnnotationFor|AnnotationNamespace)$`)

// TestOnlyResourceReadsGeneratedMetadata finds code that looks up a label or an annotation of generated
// policies. A message may name one.
func TestOnlyResourceReadsGeneratedMetadata(t *testing.T) {
	for _, file := range load(t) {
		if file.dir == "internal/resource" {
			continue
		}
		ast.Inspect(file.syntax, func(node ast.Node) bool {
			index, _ := node.(*ast.IndexExpr)
			if index == nil {
				return true
			}
			key, _ := index.Index.(*ast.SelectorExpr)
			if key == nil || !generatedMetadata.MatchString(key.Sel.Name) {
				return true
			}
			if pkg, _ := key.X.(*ast.Ident); pkg != nil && pkg.Name == "resource" {
				t.Errorf("%s: reads %s: resource.Object holds the metadata of a generated policy, so that each label is read and written in one place", file.at(index), key.Sel.Name)
			}
			return true
		})
	}
}
