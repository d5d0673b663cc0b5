package kustomize

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// InvalidYAMLError reports a file of a build that is not YAML.
type InvalidYAMLError struct {
	// File is the file, with the folder of the build as the caller names it.
	File string
	// Line and Column are the position of the text at which the parser stops.
	Line, Column int
	// Reason is the parser's reason.
	Reason string
}

func (e *InvalidYAMLError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s: the file is not valid YAML, so nothing is built: correct this line, or the one before or after it", e.File, e.Line, e.Column, e.Reason)
}

// explainYAML replaces an error of kustomize's code that a file causes that is not YAML.
func (g *guard) explainYAML(err error) error {
	if err == nil || !strings.Contains(err.Error(), "yaml: ") {
		return err
	}
	for _, file := range slices.Sorted(maps.Keys(g.files)) {
		content, rerr := g.FileSystem.ReadFile(file)
		if rerr != nil {
			continue
		}
		if found := parserError(content); found != nil && strings.Contains(err.Error(), found.Reason) {
			if found.File = g.displayPath(file); !filepath.IsAbs(found.File) {
				found.File = filepath.ToSlash(filepath.Join(g.dir, found.File))
			}
			return found
		}
	}
	return err
}

// positionedError is the error of the parser with a position.
var positionedError = regexp.MustCompile(`^yaml: line (\d+): (.*)`)

// parserError returns the first error of the parser in a text, or nil.
func parserError(text []byte) *InvalidYAMLError {
	d := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var n yaml.Node
		err := d.Decode(&n)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			continue
		}
		parts := positionedError.FindStringSubmatch(err.Error())
		if parts == nil {
			return &InvalidYAMLError{Line: 1, Column: 1, Reason: strings.TrimPrefix(err.Error(), "yaml: ")}
		}
		line, _ := strconv.Atoi(parts[1])
		return &InvalidYAMLError{Line: line, Column: firstColumn(text, line), Reason: parts[2]}
	}
}

// firstColumn returns the column of the first character of a line that is no space.
func firstColumn(text []byte, line int) int {
	lines := strings.Split(string(text), "\n")
	if line < 1 || line > len(lines) {
		return 1
	}
	return len(lines[line-1]) - len(strings.TrimLeft(lines[line-1], " \t")) + 1
}
