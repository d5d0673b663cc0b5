package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

const preamble = `<!-- Generated from api/v1alpha1 by make generate. Do not edit. -->

# API reference

%s has these kinds. They are never applied to a cluster. Unknown fields, duplicate
fields, empty values and values of the wrong type are errors, and all of them are reported
at once. ({} is a value: as a selector, it selects all. A key of cluster.ciliumConfig may have the value "".) Each kind has a JSON schema for
editors in [api/v1alpha1/schema](../../api/v1alpha1/schema).
`

const links = `
[label selector]: https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.36/#labelselector-v1-meta
`

// reference returns the reference of all types that the kinds use, each after the first type
// that uses it.
func (t typeDocs) reference() []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, preamble, v1alpha1.APIVersion)
	seen := map[string]bool{}
	for _, kind := range kinds {
		t.write(&out, kind, seen)
	}
	out.WriteString(links)
	return out.Bytes()
}

func (t typeDocs) write(out *bytes.Buffer, name string, seen map[string]bool) {
	d, known := t[name]
	if !known || seen[name] {
		return
	}
	seen[name] = true
	level := "###"
	if slices.Contains(kinds, name) {
		level = "##"
	}
	fmt.Fprintf(out, "\n%s %s\n\n%s\n", level, name, d.doc)
	t.writeFields(out, d.fields)
	writeValues(out, d.values)
	for _, f := range d.fields {
		t.write(out, typeName(f.typ), seen)
	}
}

func (t typeDocs) writeFields(out *bytes.Buffer, fields []fieldDoc) {
	if len(fields) > 0 {
		fmt.Fprint(out, "\n| field | type | | meaning |\n|---|---|---|---|\n")
	}
	for _, f := range fields {
		fmt.Fprintf(out, "| `%s` | %s | %s | %s |\n", f.name, t.typeText(f.typ, ""), f.presence(), tableCell(f.meaning()))
	}
}

// writeValues writes a table, or one line if no value has a comment.
func writeValues(out *bytes.Buffer, values []valueDoc) {
	if !slices.ContainsFunc(values, func(v valueDoc) bool { return v.doc != "" }) {
		var all []string
		for _, v := range values {
			all = append(all, "`"+v.value+"`")
		}
		if len(all) > 0 {
			fmt.Fprintf(out, "\nOne of %s.\n", strings.Join(all, ", "))
		}
		return
	}
	fmt.Fprint(out, "\n| value | meaning |\n|---|---|\n")
	for _, v := range values {
		fmt.Fprintf(out, "| `%s` | %s |\n", v.value, tableCell(v.doc))
	}
}

func (f fieldDoc) presence() string {
	if f.required {
		return "required"
	}
	return "optional"
}

func tableCell(text string) string {
	return strings.NewReplacer("|", `\|`, "*", `\*`, "<", "&lt;", "\n\n", "<br>").Replace(text)
}

// meaning returns a field's comment and the limits of its markers.
func (f fieldDoc) meaning() string {
	text := f.doc
	low, high := f.limits["Minimum"], f.limits["Maximum"]
	if low == "" {
		low, high = f.limits["items:Minimum"], f.limits["items:Maximum"]
	}
	if low != "" && high != "" {
		text += fmt.Sprintf(" From %s to %s.", low, high)
	}
	if f.limits["MinItems"] != "" || f.limits["MinProperties"] != "" {
		text += " Not empty."
	}
	return strings.TrimSpace(text)
}

// typeText describes the type of a field. s is the ending of its nouns: "s" for several
// values.
func (t typeDocs) typeText(e ast.Expr, s string) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return t.typeText(e.X, s)
	case *ast.ArrayType:
		return "list" + s + " of " + t.typeText(e.Elt, "s")
	case *ast.MapType:
		return "map" + s + " of " + t.typeText(e.Value, "s")
	case *ast.SelectorExpr:
		return externalTypeText(e.Sel.Name, s)
	case *ast.Ident:
		if _, isAPIType := t[e.Name]; isAPIType {
			return fmt.Sprintf("[%s](#%s)", e.Name, strings.ToLower(e.Name))
		}
		return basicTypeText(e.Name, s)
	}
	return "?"
}

func externalTypeText(name, s string) string {
	switch name {
	case "LabelSelector":
		return "[label selector]" + s
	case "IntOrString":
		return "number" + s + " or string" + s
	case "ObjectMeta":
		return "metadata"
	}
	return name
}

func basicTypeText(name, s string) string {
	switch name {
	case "int32":
		return "number" + s
	case "bool":
		return "true or false"
	}
	return name + s
}

// typeName returns the name of the element type of a field, "" for a type of another package.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.ArrayType:
		return typeName(e.Elt)
	case *ast.MapType:
		return typeName(e.Value)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
