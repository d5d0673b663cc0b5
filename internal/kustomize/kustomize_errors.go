package kustomize

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// Errors of kustomize have no types, and their cause follows the configuration of each layer.
const (
	helmDisabled      = "must specify --enable-helm"
	namespaceConflict = "namespace transformation produces ID conflict"
	chartMissing      = "no repo specified for pull, no chart found at"
)

var (
	chartName   = regexp.MustCompile(`(?m)^name: (.+)$`)
	layerBelow  = regexp.MustCompile(`recursed accumulation of path '(.+?)'`)
	outsideFile = regexp.MustCompile(`security; file '(.+?)' is not in or below '(.+?)'`)
	helmFailed  = regexp.MustCompile(`(?s)^(.*)unable to run: '.+?' with env=\[.*?\] \(is '(.+?)' installed\?\): (.*)$`)
)

// explainError replaces an error of kustomize if the build needs a flag, or if its cause is far
// from the beginning. The new error begins with the cause and names the fix.
func explainError(err error, fsys filesys.FileSystem, dir string) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	switch {
	case strings.Contains(text, helmDisabled):
		chart := "a Helm chart"
		if m := chartName.FindStringSubmatch(text); m != nil {
			chart = "Helm chart " + m[1]
		}
		return fmt.Errorf("%s cannot be inflated, because helm is not enabled: add --enable-helm, which --enable-alpha-plugins does not imply here", chart)
	case strings.Contains(text, namespaceConflict):
		return errors.New("a layer sets namespace, so resources of several namespaces get the same name and namespace: set namespace in a layer with the resources of one namespace only, and list Tenants, profile and fence above it")
	case strings.Contains(text, chartMissing):
		return missingChart(fsys, dir, text)
	}
	if m := outsideFile.FindStringSubmatch(text); m != nil {
		return outsideDirectory(fsys, dir, m[2], m[1])
	}
	m := helmFailed.FindStringSubmatch(text)
	switch {
	case m == nil:
		return err
	case strings.HasPrefix(m[3], "exit status"):
		return fmt.Errorf("%s cannot inflate a chart of the build (%s): correct the chart or its values: %s", m[2], m[3], strings.ReplaceAll(strings.Trim(m[1], ": \n"), "--debug flag", "--helm-debug"))
	}
	return fmt.Errorf("%s cannot be started (%s), and a kustomization inflates a Helm chart: install helm, or set its path with --helm-command", m[2], m[3])
}

// missingChart is the error about a chart without repo whose folder does not exist. kustomize names
// neither of them, but the layers down to the one that lists the chart.
func missingChart(fsys filesys.FileSystem, dir, text string) error {
	lister := dir
	for _, m := range layerBelow.FindAllStringSubmatch(text, -1) {
		lister = m[1]
	}
	chart, where := "a Helm chart", "its folder does not exist"
	if root, err := filesys.ConfirmDir(fsys, dir); err == nil {
		if name, folder := firstMissingChart(fsys, lister); name != "" {
			chart, where = "Helm chart "+name, "the folder "+relativePath(root.String(), folder)+" does not exist"
		}
	}
	return fmt.Errorf("%s cannot be inflated: it has no repo, and %s: add the chart there, correct name or helmGlobals.chartHome, or set repo", chart, where)
}

// firstMissingChart returns the first chart in helmCharts of a folder's kustomization that has no
// repo and no folder, and that folder.
func firstMissingChart(fsys filesys.FileSystem, lister string) (name, folder string) {
	dir, err := filesys.ConfirmDir(fsys, lister)
	if err != nil {
		return "", ""
	}
	_, k, err := readKustomization(fsys, dir, lister)
	if err != nil {
		return "", ""
	}
	home := types.HelmDefaultHome
	if k.HelmGlobals != nil && k.HelmGlobals.ChartHome != "" {
		home = k.HelmGlobals.ChartHome
	}
	for _, c := range k.HelmCharts {
		if folder = filepath.Join(pathIn(dir, home), c.Name); c.Repo == "" && !fsys.IsDir(folder) {
			return c.Name, folder
		}
	}
	return "", ""
}

// outsideDirectory is the error about a file outside the directory whose kustomization reads it.
// Paths in it are relative to dir, the directory of the build.
func outsideDirectory(fsys filesys.FileSystem, dir, reader, file string) error {
	folder := "its folder"
	if root, err := filesys.ConfirmDir(fsys, dir); err == nil {
		file = relativePath(root.String(), file)
		if reader != root.String() {
			folder = "the folder " + relativePath(root.String(), reader)
		}
	}
	return fmt.Errorf("%s is outside %s, and a kustomization reads only files in its folder or below: move the file, or add --load-restrictor LoadRestrictionsNone", file, folder)
}

func relativePath(root, file string) string {
	relative, err := filepath.Rel(root, file)
	if err != nil {
		return file
	}
	return filepath.ToSlash(relative)
}
