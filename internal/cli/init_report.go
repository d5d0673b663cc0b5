package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/draft"
	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// checkedDraft is a draft with the result of its build.
type checkedDraft struct {
	draft  *draft.Result
	result fn.Result
	// enforced is the result of a build with every Tenant in Enforce.
	enforced fn.Result
	// opened is how many connections the fence allows that policies of the build deny.
	opened opened
}

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
		out = append(out, fmt.Sprintf("import what runs outside of %s, and run init on a layer that lists both (docs/how-to/init.md): kubectl get %s -A -o yaml | tenantfence import - --namespace NAMESPACE > cluster.yaml", place.dir, importKinds))
	}
	return append(out,
		"tenantfence build "+flags+place.displayPath,
		fmt.Sprintf("tenantfence build %s%s | tenantfence verify %[1]s--inputs %[2]s -", flags, place.displayPath),
		fmt.Sprintf("set enforcement: Enforce in one Tenant, and in %s for all of them at last, and build again (docs/how-to/roll-back.md has the way back)", filepath.Join(place.displayPath, "profile.yaml")),
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

// maxDrafts is how often a draft is built at most.
const maxDrafts = 12

// checkDraft drafts a fence and builds it. A flow that the build refuses is reported instead of written.
func checkDraft(items []*yaml.RNode, index *resource.Index, name string, o fn.Options) (checkedDraft, error) {
	options := draft.Options{Refused: map[draft.FlowID]string{}, Untested: map[draft.FlowID]string{}}
	// The proof takes the longest, so flows that are refused without it are found first.
	o.SkipProof = true
	for range maxDrafts {
		c := checkedDraft{draft: draft.New(items, index, options)}
		var err error
		if c.result, err = c.build(items, name, v1alpha1.AllowOnly, o); err != nil {
			return c, err
		}
		switch {
		case c.correct(c.result, options):
			continue
		case o.SkipProof:
			o.SkipProof = false
			continue
		}
		// In AllowOnly, nothing is denied. The first build in Enforce must not fail.
		if c.enforced, err = c.build(items, name, v1alpha1.Enforce, o); err != nil || !c.correct(c.enforced, options) {
			return c, err
		}
	}
	return checkedDraft{}, errors.New("the draft of the fence does not build: report this as a bug of tenantfence, with the input")
}

// build runs the function on the items and the draft, with an enforcement.
func (c checkedDraft) build(items []*yaml.RNode, name string, e v1alpha1.Enforcement, o fn.Options) (fn.Result, error) {
	run, err := c.run(items, name, e)
	if err != nil {
		return fn.Result{}, err
	}
	r, err := fn.Process(run.Config, run.Items, o)
	if errors.Is(err, fn.ErrRefused) {
		err = nil
	}
	return r, err
}

// run is the input of the function: the items and the draft, with an enforcement.
func (c checkedDraft) run(items []*yaml.RNode, name string, e v1alpha1.Enforcement) (proof.Run, error) {
	d := c.draft.Draft
	d.Profile.Spec.Enforcement = e
	files, err := d.Files(name, ".")
	if err != nil {
		return proof.Run{}, err
	}
	run := proof.Run{Items: copyItems(items)}
	for _, f := range files {
		if f.Path == "kustomization.yaml" {
			continue
		}
		nodes, err := readBuild(f.Content)
		if err != nil {
			return run, fmt.Errorf("read the draft of %s: %w", f.Path, err)
		}
		for _, n := range nodes {
			if n.GetKind() == v1alpha1.KindTenantFence {
				run.Config = n
				continue
			}
			run.Items = append(run.Items, n)
		}
	}
	return run, nil
}

var flowField = regexp.MustCompile(`^spec\.(ingress|egress)\[(\d+)\]`)

// correct adds the flows that the build refused to the options, or the cases that do not hold. It reports
// whether it added any.
func (c checkedDraft) correct(r fn.Result, o draft.Options) bool {
	corrected := false
	for _, f := range r.Findings.Errors() {
		if id, ok := c.flowOf(f); ok && o.Refused[id] == "" {
			o.Refused[id], corrected = f.Message, true
		}
	}
	if corrected || hasOtherErrors(r) {
		return corrected
	}
	return c.correctCases(r, o)
}

// flowOf returns the flow of a finding about a Tenant.
func (c checkedDraft) flowOf(f report.Finding) (draft.FlowID, bool) {
	at := flowField.FindStringSubmatch(f.Field)
	if f.Resource.Kind != v1alpha1.KindTenant || at == nil {
		return "", false
	}
	i, err := strconv.Atoi(at[2])
	if err != nil {
		return "", false
	}
	return c.draft.Flow(f.Resource.Name, at[1], i)
}

// correctCases adds the flows of cases that do not hold.
func (c checkedDraft) correctCases(r fn.Result, o draft.Options) bool {
	corrected := false
	for _, t := range r.Report.FlowTests {
		for _, test := range t.Cases {
			if id, ok := c.draft.Case(test.Case.Name); ok && !test.Passed && o.Untested[id] == "" {
				o.Untested[id], corrected = test.Case.Name, true
			}
		}
	}
	return corrected
}

// hasOtherErrors reports whether the build has errors that are not about cases.
func hasOtherErrors(r fn.Result) bool {
	for _, f := range r.Findings.Errors() {
		if f.Check != report.FlowTestFailed && f.Check != report.FlowTestUndecided {
			return true
		}
	}
	return false
}
