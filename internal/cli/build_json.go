package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/kustomize"
	"github.com/tenantfence/tenantfence/internal/output"
)

// writeJSON writes the build or, if findings refused it, these findings. Other errors have no document.
func (b *buildResult) writeJSON(w io.Writer, err error) error {
	if err != nil && !isRefused(err) {
		return err
	}
	var items []*yaml.RNode
	if err == nil {
		if items, err = readBuild(b.data); err != nil {
			return fmt.Errorf("read the build: %w", err)
		}
	}
	if werr := output.BuildJSON(w, err == nil, items, b.report.changes, b.report.all.Sort()); werr != nil || err != nil {
		return cmp.Or(werr, err)
	}
	return b.report.writeChanges()
}

// isRefused reports whether findings are the reason of an error.
func isRefused(err error) bool {
	return errors.Is(err, fn.ErrRefused) || errors.Is(err, kustomize.ErrFunction)
}
