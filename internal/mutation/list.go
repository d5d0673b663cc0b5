package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// mutation is a change of the code and the tests that must fail with it.
type mutation struct {
	name string
	// file is relative to the root of the repository. before occurs once in it, and after
	// replaces it.
	file, before, after string
	killers             []killer
	line                int
}

// killer is the exact name of a test or subtest, and the directory of its package.
type killer struct {
	pkg, test string
}

func (k killer) String() string { return k.pkg + " " + k.test }

// parseList reads blocks of "key: value", separated by empty lines. Several old or new are
// the lines of one text; # starts a comment.
func parseList(text string) ([]mutation, error) {
	var out []mutation
	var bad []error
	m := mutation{}
	end := func() {
		if m.line == 0 {
			return
		}
		if err := m.check(out); err != nil {
			bad = append(bad, err)
		}
		out, m = append(out, m), mutation{}
	}
	for i, line := range strings.Split(text, "\n") {
		switch {
		case strings.TrimSpace(line) == "":
			end()
		case line[0] != '#':
			if m.line == 0 {
				m.line = i + 1
			}
			if err := m.read(line); err != nil {
				bad = append(bad, fmt.Errorf("line %d: %w", i+1, err))
			}
		}
	}
	end()
	return out, errors.Join(bad...)
}

func (m *mutation) read(line string) error {
	key, value, ok := strings.Cut(line, ":")
	if !ok {
		return fmt.Errorf("%q is not a key with a value", line)
	}
	value = strings.TrimPrefix(value, " ")
	switch key {
	case "name":
		m.name = value
	case "file":
		m.file = value
	case "old":
		m.before = joined(m.before, value)
	case "new":
		m.after = joined(m.after, value)
	case "killed by":
		pkg, test, ok := strings.Cut(value, " ")
		if !ok {
			return fmt.Errorf("%q names no package and test", value)
		}
		m.killers = append(m.killers, killer{pkg, test})
	default:
		return fmt.Errorf("%q is not one of name, file, old, new and killed by", key)
	}
	return nil
}

func joined(text, line string) string {
	if text == "" {
		return line
	}
	return text + "\n" + line
}

func (m *mutation) check(earlier []mutation) error {
	switch {
	case m.name == "" || m.file == "" || m.before == "":
		return fmt.Errorf("line %d: a mutation needs a name, a file and old", m.line)
	case m.before == m.after:
		return fmt.Errorf("line %d: %s changes nothing", m.line, m.name)
	case len(m.killers) == 0:
		return fmt.Errorf("line %d: no test is named that kills %s", m.line, m.name)
	case slices.ContainsFunc(earlier, func(e mutation) bool { return e.name == m.name }):
		return fmt.Errorf("line %d: %s is a duplicate", m.line, m.name)
	}
	return nil
}
