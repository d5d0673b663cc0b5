package kustomize

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// errHelmDisabled reports that a build inflates a chart without --enable-helm.
var errHelmDisabled = errors.New("helm is not enabled, and a kustomization inflates a Helm chart: add --enable-helm (--enable-alpha-plugins does not imply it here)")

// Errors of kustomize have no types, and their cause follows the configuration of each layer.
const helmDisabled = "must specify --enable-helm"

var (
	outsideFile = regexp.MustCompile(`security; file '(.+?)' is not in or below '(.+?)'`)
	helmFailed  = regexp.MustCompile(`(?s)^(.*)unable to run: '.+?' with env=\[.*?\] \(is '(.+?)' installed\?\): (.*)$`)
)

// nameFlag replaces an error of kustomize if the build needs a flag, or if helm fails. The new
// error begins with the cause and names the flag.
func nameFlag(err error, fsys filesys.FileSystem, dir string) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if strings.Contains(text, helmDisabled) {
		return errHelmDisabled
	}
	if m := outsideFile.FindStringSubmatch(text); m != nil {
		return outsideDirectory(fsys, dir, m[2], m[1])
	}
	m := helmFailed.FindStringSubmatch(text)
	switch {
	case m == nil:
		return err
	case strings.HasPrefix(m[3], "exit status"):
		return fmt.Errorf("%s cannot inflate a chart of the build (%s): correct the chart or its values: %s", m[2], m[3], strings.Trim(m[1], ": \n"))
	}
	return fmt.Errorf("%s cannot be started (%s), and a kustomization inflates a Helm chart: install helm, or set its path with --helm-command", m[2], m[3])
}

// outsideDirectory is the error about a file outside the directory whose kustomization reads it.
// dir is the directory of the build, which messages do not repeat.
func outsideDirectory(fsys filesys.FileSystem, dir, reader, file string) error {
	if relative, err := filepath.Rel(reader, file); err == nil {
		file = filepath.ToSlash(relative)
	}
	where := "its folder"
	if root, err := filesys.ConfirmDir(fsys, dir); err == nil {
		if relative, err := filepath.Rel(root.String(), reader); err == nil && relative != "." {
			where = "the folder " + filepath.ToSlash(relative)
		}
	}
	return fmt.Errorf("%s is outside %s, and a kustomization reads only files in its folder or below: move the file, or add --load-restrictor LoadRestrictionsNone", file, where)
}
