package main

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// typeDoc describes a type of the API.
type typeDoc struct {
	name, doc string
	fields    []fieldDoc // of a struct
	values    []valueDoc // of an enumeration
}

type fieldDoc struct {
	name, doc string
	typ       ast.Expr
	required  bool
	// limits are the values of the kubebuilder markers, by name.
	limits map[string]string
}

type valueDoc struct{ value, doc string }

// typeDocs has the types of the API by their Go name.
type typeDocs map[string]typeDoc

// parseTypes reads the types in the files of a package that match a pattern.
func parseTypes(dir, pattern string) (typeDocs, error) {
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("no %s in %s: %w", pattern, dir, err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(fset, name, content, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	pkg, err := doc.NewFromFiles(fset, files, filepath.Base(dir))
	if err != nil {
		return nil, err
	}
	types := typeDocs{}
	for _, t := range pkg.Types {
		types[t.Name] = describe(t)
	}
	return types, nil
}

func describe(t *doc.Type) typeDoc {
	text, _ := splitComment(t.Doc)
	d := typeDoc{name: t.Name, doc: text}
	for _, spec := range t.Decl.Specs {
		if spec, ok := spec.(*ast.TypeSpec); ok {
			if s, ok := spec.Type.(*ast.StructType); ok {
				d.fields = describeFields(s)
			}
		}
	}
	for _, c := range t.Consts {
		for _, spec := range c.Decl.Specs {
			if v, ok := spec.(*ast.ValueSpec); ok {
				d.values = append(d.values, describeValue(v)...)
			}
		}
	}
	return d
}

func describeFields(s *ast.StructType) []fieldDoc {
	var out []fieldDoc
	for _, f := range s.Fields.List {
		if f.Tag == nil {
			continue
		}
		tag, err := strconv.Unquote(f.Tag.Value)
		if err != nil {
			continue
		}
		name, options, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		if name == "" || name == "-" {
			continue // apiVersion and kind
		}
		text, limits := splitComment(f.Doc.Text())
		_, optional := limits["optional"]
		out = append(out, fieldDoc{
			name: name, doc: text, typ: f.Type, limits: limits,
			required: !optional && !slices.Contains(strings.Split(options, ","), "omitempty"),
		})
	}
	return out
}

func describeValue(v *ast.ValueSpec) []valueDoc {
	text, _ := splitComment(v.Doc.Text())
	var out []valueDoc
	for i, value := range v.Values {
		lit, ok := value.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			continue
		}
		seen := strings.Trim(lit.Value, `"`)
		if rest, ok := strings.CutPrefix(text, v.Names[i].Name); ok {
			text = seen + rest // the reference shows YAML values, not Go names
		}
		out = append(out, valueDoc{value: seen, doc: text})
	}
	return out
}

// splitComment divides a comment into its text, on one line for each paragraph, and its
// markers.
func splitComment(comment string) (text string, markers map[string]string) {
	markers = map[string]string{}
	var paragraphs []string
	for paragraph := range strings.SplitSeq(comment, "\n\n") {
		var lines []string
		for line := range strings.SplitSeq(paragraph, "\n") {
			if marker, ok := strings.CutPrefix(line, "+"); ok {
				name, value, _ := strings.Cut(strings.TrimPrefix(marker, "kubebuilder:validation:"), "=")
				markers[name] = value
				continue
			}
			lines = append(lines, strings.Fields(line)...)
		}
		if len(lines) > 0 {
			paragraphs = append(paragraphs, strings.Join(lines, " "))
		}
	}
	return strings.Join(paragraphs, "\n\n"), markers
}
