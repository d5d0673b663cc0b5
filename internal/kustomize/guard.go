package kustomize

import (
	"path/filepath"
	"sync"

	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/tenantfence/tenantfence/internal/report"
	tenantfence "github.com/tenantfence/tenantfence/internal/resource"
)

// guard is a file system that refuses files with YAML aliases that cannot be expanded. kustomize
// expands them without a check, and crashes.
type guard struct {
	filesys.FileSystem
	// dir is the directory of the build, and root the same with symbolic links resolved.
	dir, root string
	// mutex guards the fields below: a build reads files in parallel.
	mutex    sync.Mutex
	findings map[string]report.Findings
	// files are the files that were read.
	files map[string]bool
	// cleaned has the results of CleanedAbs.
	cleaned map[string]cleanedPath
}

type cleanedPath struct {
	dir  filesys.ConfirmedDir
	file string
	err  error
}

func newGuard(fsys filesys.FileSystem, dir string) *guard {
	g := &guard{FileSystem: fsys, dir: dir, root: dir, findings: map[string]report.Findings{}, files: map[string]bool{}, cleaned: map[string]cleanedPath{}}
	// The build reports a directory that does not exist.
	if root, err := filesys.ConfirmDir(fsys, dir); err == nil {
		g.root = root.String()
	}
	return g
}

// ReadFile refuses a file whose aliases cannot be expanded.
func (g *guard) ReadFile(path string) ([]byte, error) {
	content, err := g.FileSystem.ReadFile(path)
	if err != nil {
		return nil, err
	}
	findings := tenantfence.UnexpandableAliases(content)
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.files[path] = true
	if len(findings) == 0 {
		return content, nil
	}
	displayPath := g.displayPath(path)
	for i := range findings {
		findings[i].Resource.File = displayPath
	}
	g.findings[path] = findings
	return nil, &MalformedError{findings}
}

// CleanedAbs resolves a path once, since the files of a build do not move.
func (g *guard) CleanedAbs(path string) (filesys.ConfirmedDir, string, error) {
	g.mutex.Lock()
	c, known := g.cleaned[path]
	g.mutex.Unlock()
	if !known {
		c.dir, c.file, c.err = g.FileSystem.CleanedAbs(path)
		g.mutex.Lock()
		g.cleaned[path] = c
		g.mutex.Unlock()
	}
	return c.dir, c.file, c.err
}

// displayPath is the path of a file for messages, relative to the directory of the build.
func (g *guard) displayPath(path string) string {
	if relative, err := filepath.Rel(g.root, path); err == nil {
		return filepath.ToSlash(relative)
	}
	return path
}

// explain replaces the error of a build if a file was refused, or is not YAML.
func (g *guard) explain(err error) error {
	var all report.Findings
	for _, findings := range g.findings {
		all = append(all, findings...)
	}
	if len(all) == 0 {
		return g.explainYAML(err)
	}
	return &MalformedError{all.Sort()}
}
