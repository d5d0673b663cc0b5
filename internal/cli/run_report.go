package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/kustomize"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/position"
	"github.com/tenantfence/tenantfence/internal/report"
)

// runReport writes the findings of one run as they arrive, and counts them for its last line.
type runReport struct {
	cmd       *cobra.Command
	positions *position.Finder
	debug     generate.Debug
	counts    report.Counts
	// all are the findings, with their positions.
	all report.Findings
	// changes are those of every fence in the run.
	changes report.Changes
}

// newRunReport returns a report on files below some directories.
func newRunReport(cmd *cobra.Command, dirs ...string) *runReport {
	return &runReport{cmd: cmd, positions: position.NewFinder(dirs...), debug: debugger(cmd), counts: report.Counts{}}
}

// write writes findings. With an error among them the run is refused.
func (r *runReport) write(findings report.Findings) error {
	r.counts.Add(findings.Counts())
	located := r.positions.Locate(findings)
	r.all = append(r.all, located...)
	if err := output.Text(r.cmd.ErrOrStderr(), located, detail(r.cmd)); err != nil {
		return err
	}
	if findings.HasError() {
		return fn.ErrRefused
	}
	return nil
}

// refuse writes findings with an error among them, and returns the error of a refused run.
func (r *runReport) refuse(findings report.Findings) error { return r.total(r.write(findings)) }

// total replaces the error of a refused run: the new one counts the findings of all its steps.
func (r *runReport) total(err error) error {
	if errors.Is(err, fn.ErrRefused) && r.counts[report.Error] > 0 {
		return fn.Refused(r.counts)
	}
	return err
}

// writeChanges writes what the run changed, once nothing can refuse it any more.
func (r *runReport) writeChanges() error {
	return output.Changes(r.cmd.ErrOrStderr(), "tenantfence", r.changes, detail(r.cmd))
}

// note writes a line for users, unless --quiet is set.
func note(cmd *cobra.Command, format string, args ...any) {
	if detail(cmd) != output.Quiet {
		cmd.PrintErrf("tenantfence: "+format+"\n", args...)
	}
}

// checkDetail refuses flags that exclude each other.
func checkDetail(cmd *cobra.Command, _ []string) error {
	if isSet(cmd, "verbose") && isSet(cmd, "quiet") {
		return errors.New("--quiet and --verbose exclude each other: use one of them")
	}
	return nil
}

func isSet(cmd *cobra.Command, flag string) bool {
	value, err := cmd.Flags().GetBool(flag)
	return err == nil && value
}

// detail is how much --verbose and --quiet request.
func detail(cmd *cobra.Command) output.Detail {
	switch {
	case isSet(cmd, "verbose"):
		return output.Verbose
	case isSet(cmd, "quiet"):
		return output.Quiet
	}
	return output.Summary
}

// passedFlags are the flags that another process of this program gets, too.
func passedFlags(cmd *cobra.Command) []string {
	var out []string
	for _, flag := range []string{"verbose", "quiet", debugFlag} {
		if isSet(cmd, flag) {
			out = append(out, "--"+flag)
		}
	}
	return slices.Clip(out)
}

// writeRun reports one run of the function to the error output.
func writeRun(cmd *cobra.Command) func(fn.Result, error) error {
	return func(r fn.Result, err error) error {
		if werr := fn.Report(cmd.ErrOrStderr(), r, err, detail(cmd)); werr != nil {
			return fmt.Errorf("report the run: %w", werr)
		}
		return nil
	}
}

// print writes the build, or its table.
func (b *buildResult) print(w io.Writer, format string) error {
	if format == "table" {
		items, err := readBuild(b.data)
		if err != nil {
			return fmt.Errorf("read the build: %w", err)
		}
		return output.Table(w, items, b.agents)
	}
	if _, err := w.Write(b.data); err != nil {
		return fmt.Errorf("write the build: %w", err)
	}
	return nil
}

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
	if werr := output.BuildJSON(w, output.Built{Passed: err == nil, Slice: b.slice, Agents: b.agents, Items: items, Changes: b.report.changes, Findings: b.report.all.Sort()}); werr != nil || err != nil {
		return cmp.Or(werr, err)
	}
	return b.report.writeChanges()
}

// isRefused reports whether findings are the reason of an error.
func isRefused(err error) bool {
	return errors.Is(err, fn.ErrRefused) || errors.Is(err, kustomize.ErrFunction)
}
