package cli

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenantfence/tenantfence/internal/draft"
	"github.com/tenantfence/tenantfence/internal/report"
)

// noteWriter writes lines. It keeps the first error.
type noteWriter struct {
	w   io.Writer
	err error
}

// nextSteps are the commands that follow, with the same flags of kustomize.
func nextSteps(cmd *cobra.Command, place fencePlace, c checkedDraft) []string {
	flags := givenKustomizeFlags(cmd)
	var out []string
	if len(c.draft.Notes.Unseen) > 0 {
		out = append(out, fmt.Sprintf("import what runs outside of %s, and run init on a layer that lists both (docs/init.md): kubectl get %s -A -o yaml | tenantfence import - --namespace NAMESPACE > cluster.yaml", place.dir, importKinds))
	}
	return append(out,
		"tenantfence build "+flags+place.displayPath,
		fmt.Sprintf("tenantfence build %s%s | tenantfence verify %[1]s--inputs %[2]s -", flags, place.displayPath),
		fmt.Sprintf("set enforcement: Enforce in one Tenant, and in %s for all of them at last, and build again (docs/init.md has the way back)", filepath.Join(place.displayPath, "profile.yaml")),
	)
}

// quiet writes errors only.
func (n *noteWriter) quiet(c checkedDraft, place fencePlace) error {
	if !c.result.Findings.HasError() {
		return nil
	}
	if n.outcome(c, place); n.err != nil {
		return n.err
	}
	return errFindings
}

// outcome writes what the build of the draft shows.
func (n *noteWriter) outcome(c checkedDraft, place fencePlace) {
	findings := c.result.Findings.Errors()
	for _, f := range c.enforced.Findings {
		if !c.result.Findings.HasError() && (f.Severity == report.Error || f.Check == report.UndeclaredOpen || f.Check == report.UndeclaredOneSided) {
			findings = append(findings, f)
		}
	}
	var list []string
	for _, f := range findings {
		list = append(list, f.String())
	}
	switch {
	case c.result.Findings.HasError():
		n.list("The build of "+place.displayPath+" has errors. Correct them in "+place.dir+" or in the new files:", list)
	case len(list) > 0:
		n.list("It builds. With every Tenant in Enforce, the build would report this. Correct it in "+place.dir+" or in the new files before you enforce:", list)
	default:
		n.line("")
		n.line("It builds, and isolation is proved as if every Tenant were in Enforce.")
	}
	if counts := c.warningCounts(); counts != "" {
		n.line("The build has warnings (%s): tenantfence build prints them, and tenantfence checks NAME explains one.", counts)
	}
}

// warningCounts has the number of warnings of each check that outcome does not list.
func (c checkedDraft) warningCounts() string {
	counts := map[string]int{}
	for _, f := range c.result.Findings {
		if f.Severity == report.Warning && f.Check != report.UndeclaredOpen && f.Check != report.UndeclaredOneSided {
			counts[f.Check.Name]++
		}
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, fmt.Sprintf("%d %s", counts[name], name))
	}
	return strings.Join(out, ", ")
}

// inferredGaps are what is not known about the pods of operators.
func (c checkedDraft) inferredGaps() []draft.Note {
	var out []draft.Note
	for _, f := range c.result.Findings {
		if f.Check == report.PodsInferred {
			out = append(out, draft.Note{Subjects: []string{"operators"}, Text: f.Message})
		}
	}
	return out
}

func (n *noteWriter) line(format string, args ...any) {
	if n.err == nil {
		_, n.err = fmt.Fprintln(n.w, strings.TrimRight(fmt.Sprintf(format, args...), " "))
	}
}

// notes writes notes. Several subjects of one note have a line each.
func (n *noteWriter) notes(title string, notes []draft.Note) {
	var entries []string
	for _, note := range notes {
		if len(note.Subjects) == 1 {
			entries = append(entries, note.Subjects[0]+": "+note.Text)
			continue
		}
		entries = append(entries, strings.Join(append([]string{note.Text + ":"}, note.Subjects...), "\n  - "))
	}
	n.list(title, entries)
}

// list writes a list, unless it is empty.
func (n *noteWriter) list(title string, entries []string) {
	if len(entries) == 0 {
		return
	}
	n.line("")
	n.line("%s", title)
	for _, e := range entries {
		n.line("- %s", e)
	}
}
