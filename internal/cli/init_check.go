package cli

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/draft"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// checkedDraft is a draft with the result of its build.
type checkedDraft struct {
	draft  *draft.Result
	result fn.Result
	// enforced is the result of a build with every Tenant in Enforce.
	enforced fn.Result
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
	d := c.draft.Draft
	d.Profile.Spec.Enforcement = e
	files, err := d.Files(name, ".")
	if err != nil {
		return fn.Result{}, err
	}
	var config *yaml.RNode
	all := copyItems(items)
	for _, f := range files {
		if f.Path == "kustomization.yaml" {
			continue
		}
		nodes, err := readBuild(f.Content)
		if err != nil {
			return fn.Result{}, fmt.Errorf("read the draft of %s: %w", f.Path, err)
		}
		for _, n := range nodes {
			if n.GetKind() == v1alpha1.KindTenantFence {
				config = n
				continue
			}
			all = append(all, n)
		}
	}
	r, err := fn.Process(config, all, o)
	if errors.Is(err, fn.ErrRefused) {
		err = nil
	}
	return r, err
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
