package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

// form is how a piece of code is switched at run time.
type form int

const (
	// statements are written twice, in the two branches of an if.
	statements form = iota
	// condition is a boolean expression. Only one of its two versions is evaluated.
	condition
)

// site is the smallest piece of code around an edit that can be switched.
type site struct {
	form   form
	lo, hi int
}

// edit is a mutation with its position in a source.
type edit struct {
	mutation
	at, end int
	site
}

// locate finds the position of a mutation, and checks that the mutated source parses.
func locate(src string, m mutation) (edit, error) {
	e := edit{mutation: m, at: strings.Index(src, m.before)}
	if n := strings.Count(src, m.before); n != 1 {
		return e, fmt.Errorf("%s: old occurs %d times in %s, and must occur once: %s", m.name, n, m.file, m.before)
	}
	e.trim()
	if _, err := parser.ParseFile(token.NewFileSet(), m.file, src[:e.at]+e.after+src[e.end:], 0); err != nil {
		return e, fmt.Errorf("%s: with new it is not Go: %w", m.name, err)
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, m.file, src, 0)
	if err != nil {
		return e, fmt.Errorf("%s: %w", m.name, err)
	}
	lo, hi := e.at, e.end
	for lo < hi && isSpace(src[lo]) {
		lo++
	}
	for lo < hi && isSpace(src[hi-1]) {
		hi--
	}
	e.site, err = siteOf(file, fset.File(file.Pos()), lo, hi)
	if err != nil {
		return e, fmt.Errorf("%s: %s: %w", m.name, m.file, err)
	}
	return e, nil
}

// trim removes the first and last lines that old and new share. Such lines make old unique.
func (e *edit) trim() {
	before, after := strings.SplitAfter(e.before, "\n"), strings.SplitAfter(e.after, "\n")
	for len(before) > 1 && len(after) > 1 && before[0] == after[0] {
		e.at += len(before[0])
		before, after = before[1:], after[1:]
	}
	for len(before) > 1 && len(after) > 1 && before[len(before)-1] == after[len(after)-1] {
		before, after = before[:len(before)-1], after[:len(after)-1]
	}
	e.before, e.after = strings.Join(before, ""), strings.Join(after, "")
	e.end = e.at + len(e.before)
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' }

// siteOf returns the innermost code around an edit that can be switched.
func siteOf(file *ast.File, at *token.File, lo, hi int) (site, error) {
	path := enclosing(file, at, lo, hi)
	for i := len(path) - 1; i > 0; i-- {
		if list := statementsOf(path[i]); list != nil {
			if s, ok := runOf(list, at, lo, hi); ok {
				return s, nil
			}
		}
		if isCondition(path, i) {
			return site{form: condition, lo: at.Offset(path[i].Pos()), hi: at.Offset(path[i].End())}, nil
		}
	}
	return site{}, errors.New("no statement or condition of a function holds all of old")
}

// enclosing returns the nodes around a piece of code, outermost first.
func enclosing(file *ast.File, at *token.File, lo, hi int) []ast.Node {
	var path []ast.Node
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil || at.Offset(n.Pos()) > lo || hi > at.Offset(n.End()) {
			return false
		}
		path = append(path, n)
		return true
	})
	return path
}

func statementsOf(n ast.Node) []ast.Stmt {
	switch n := n.(type) {
	case *ast.BlockStmt:
		return n.List
	case *ast.CaseClause:
		return n.Body
	case *ast.CommClause:
		return n.Body
	}
	return nil
}

// runOf returns the statements of a list that contain a piece of code. If one of them declares a
// variable, all later statements of the list belong to the site, since they may use it.
func runOf(list []ast.Stmt, at *token.File, lo, hi int) (site, bool) {
	first, last := -1, -1
	declares := false
	for i, s := range list {
		if at.Offset(s.Pos()) >= hi || lo >= at.Offset(s.End()) {
			continue
		}
		if last = i; first < 0 {
			first = i
		}
		declares = declares || declaresName(s)
	}
	if first < 0 || holdsLabel(list[first]) {
		return site{}, false
	}
	out := site{form: statements, lo: at.Offset(list[first].Pos()), hi: at.Offset(list[last].End())}
	within := out.lo <= lo && hi <= out.hi
	if declares {
		out.hi = at.Offset(list[len(list)-1].End())
	}
	return out, within
}

func declaresName(s ast.Stmt) bool {
	assign, ok := s.(*ast.AssignStmt)
	_, declares := s.(*ast.DeclStmt)
	return declares || ok && assign.Tok == token.DEFINE
}

// holdsLabel reports whether a statement cannot be written twice: clauses belong to their switch,
// and a label is unique.
func holdsLabel(s ast.Stmt) bool {
	switch s.(type) {
	case *ast.CaseClause, *ast.CommClause, *ast.LabeledStmt:
		return true
	}
	return false
}

// isCondition reports whether a node is the whole condition of an if, a for or a case.
func isCondition(path []ast.Node, i int) bool {
	e, ok := path[i].(ast.Expr)
	if !ok {
		return false
	}
	switch parent := path[i-1].(type) {
	case *ast.IfStmt:
		return parent.Cond == e
	case *ast.ForStmt:
		return parent.Cond == e
	case *ast.CaseClause:
		s, ok := path[i-3].(*ast.SwitchStmt)
		return ok && s.Tag == nil
	}
	return false
}
