package architecture

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

// source is one Go file of the program. Test files follow no import rules.
type source struct {
	path   string // from the root of the repository, with slashes
	dir    string
	lines  int
	fset   *token.FileSet
	syntax *ast.File
}

func (f source) at(node ast.Node) string {
	return fmt.Sprintf("%s:%d", f.path, f.fset.Position(node.Pos()).Line)
}

func importPath(spec *ast.ImportSpec) string {
	pkg, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return spec.Path.Value
	}
	return pkg
}

// load reads every Go file that is not a test, and fails if it finds none: a rule that
// reads no file would always pass.
func load(t *testing.T) []source {
	t.Helper()
	var sources []source
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skip(name)
		}
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parse(name)
		sources = append(sources, file)
		return err
	})
	if err != nil {
		t.Fatalf("read the sources: %v", err)
	}
	if len(sources) == 0 {
		t.Fatal("found no Go file: this package must be two directories below the root")
	}
	return sources
}

// skip leaves out the directories that the go command ignores, and built files.
func skip(dir string) error {
	base := path.Base(dir)
	switch {
	case dir == ".":
		return nil
	case dir == "bin", dir == "dist", base == "testdata", base[0] == '.', base[0] == '_':
		return fs.SkipDir
	}
	return nil
}

func parse(name string) (source, error) {
	content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		return source{}, err
	}
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, name, content, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return source{}, err
	}
	return source{
		path:   name,
		dir:    path.Dir(name),
		lines:  bytes.Count(content, []byte("\n")),
		fset:   fset,
		syntax: syntax,
	}, nil
}
