package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// switchName is the environment variable with the name of the active mutation.
const switchName = "TENANTFENCE_MUTATION"

// switchFile is added to each mutated package.
const switchFile = "mutation_switch.go"

const switchSource = `package %s

import "os"

var mutationOn = os.Getenv(%q)

func isMutation(name string) bool { return mutationOn == name }
`

// writeOverlay writes the mutated sources below a directory, and returns the overlay file for the
// go command.
func writeOverlay(root, dir string, all []mutation) (string, error) {
	byFile := map[string][]mutation{}
	for _, m := range all {
		byFile[m.file] = append(byFile[m.file], m)
	}
	replace := map[string]string{}
	var bad []error
	for file, mutations := range byFile {
		src, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			bad = append(bad, fmt.Errorf("%s: %w", mutations[0].name, err))
			continue
		}
		text, err := mutate(string(src), mutations)
		if err != nil {
			bad = append(bad, err)
			continue
		}
		pkg, err := packageName(text)
		if err != nil {
			bad = append(bad, fmt.Errorf("%s: %w", file, err))
			continue
		}
		bad = append(bad,
			overlay(root, dir, file, text, replace),
			overlay(root, dir, path.Join(path.Dir(file), switchFile), fmt.Sprintf(switchSource, pkg, switchName), replace))
	}
	if err := errors.Join(bad...); err != nil {
		return "", err
	}
	data, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	out := filepath.Join(dir, "overlay.json")
	return out, os.WriteFile(out, data, 0o600)
}

// overlay writes one source, and adds it as the replacement of a file in the repository.
func overlay(root, dir, file, text string, replace map[string]string) error {
	out := filepath.Join(dir, strings.ReplaceAll(file, "/", "."))
	replace[filepath.Join(root, file)] = out
	return os.WriteFile(out, []byte(text), 0o600)
}

func packageName(src string) (string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "", src, 0)
	if err != nil {
		return "", err
	}
	return file.Name.Name, nil
}

// mutate returns a source that holds all mutations of one file, each behind its switch.
func mutate(src string, mutations []mutation) (string, error) {
	var edits []edit
	var bad []error
	for _, m := range mutations {
		e, err := locate(src, m)
		if err != nil {
			bad = append(bad, err)
		}
		edits = append(edits, e)
	}
	if err := errors.Join(bad...); err != nil {
		return "", err
	}
	slices.SortStableFunc(edits, func(a, b edit) int { return cmp.Or(cmp.Compare(a.lo, b.lo), cmp.Compare(b.hi, a.hi)) })
	return rewrite(src, 0, len(src), edits)
}

// rewrite switches the edits within one part of a source. The original code includes the
// switches of nested edits. Mutated code does not, since only one mutation is active at a time.
func rewrite(src string, lo, hi int, edits []edit) (string, error) {
	var out strings.Builder
	for len(edits) > 0 {
		outer := edits[0]
		within := 1
		for within < len(edits) && edits[within].lo < outer.hi {
			if edits[within].hi > outer.hi {
				return "", fmt.Errorf("%s and %s overlap in %s: neither holds the other", outer.name, edits[within].name, outer.file)
			}
			within++
		}
		original, err := rewrite(src, outer.lo, outer.hi, edits[1:within])
		if err != nil {
			return "", err
		}
		out.WriteString(src[lo:outer.lo] + outer.switched(src, original))
		lo, edits = outer.hi, edits[within:]
	}
	out.WriteString(src[lo:hi])
	return out.String(), nil
}

// switched is the code at a site with the mutation behind its switch.
func (e edit) switched(src, original string) string {
	on := "isMutation(" + strconv.Quote(e.name) + ")"
	mutated := src[e.lo:max(e.at, e.lo)] + e.after + src[min(e.end, e.hi):e.hi]
	if e.form == condition {
		return "(" + on + " && (" + mutated + ") || !" + on + " && (" + original + "))"
	}
	return "if " + on + " {\n" + mutated + "\n} else {\n" + original + "\n}"
}
