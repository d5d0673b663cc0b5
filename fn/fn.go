// Package fn is the function: Tenants and a profile in, policies out.
package fn

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/fn/framework"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// ErrRefused reports that findings stopped the run.
var ErrRefused = errors.New("nothing was changed")

// Refused is the error of a run with errors. It counts its findings and wraps ErrRefused.
func Refused(c report.Counts) error { return fmt.Errorf("%s: %w", c, ErrRefused) }

// Result is the result of a run.
type Result struct {
	// Items are the resources of the output, including the policies.
	Items []*yaml.RNode
	// Changes are the changes to policies and patched resources.
	Changes report.Changes
	// Ownership is which tenant each item belongs to.
	Ownership resource.Ownership
	// RequiredChanges are lines for users: the fields that were set on resources that the function does
	// not generate.
	RequiredChanges []string
	// Report is the result of the proof. Without a proof it is empty.
	Report report.Report
	// Findings are all findings, sorted, including those of the report. An error may have findings, too.
	Findings report.Findings
}

// Options are for programs that run the function in their own process.
type Options struct {
	// SkipProof skips the proof, and the report of a run without errors. It is for callers that verify the
	// output.
	SkipProof bool
	// PreviousPolicies are the policies that an earlier run wrote, if the host keeps them separate from the
	// items. Omitted: those among the items.
	PreviousPolicies []*yaml.RNode
	// Slice is the part of the fence that is decided, and whose changes are reported. All policies are
	// generated. Omitted: the whole fence.
	Slice report.Slice
	// Cache has results of earlier proofs, and receives new ones. It is trusted: it can state any
	// result. Omitted: everything is decided.
	Cache proof.Cache
	// Seen is the value of the annotation resource.AnnotationSeen on this project's kinds. Omitted: no
	// annotation.
	Seen string
	// Progress receives how far the run is.
	Progress report.Progress
	// Debug receives each step. Omitted: none.
	Debug generate.Debug
}

// Execute runs the function on a ResourceList, as kustomize and kpt do. write reports the result,
// because not every host shows results. It is not called for a run that skips the proof and succeeds.
func Execute(in io.Reader, out io.Writer, o Options, write func(Result, error) error) error {
	return resource.Execute(in, out, func(rl *framework.ResourceList) ([]*resource.Generated, error) {
		if err := resource.SetSourcesByHost(rl.FunctionConfig, rl.Items); err != nil {
			return nil, err
		}
		defer func() { resource.ClearSources(append(slices.Clone(rl.Items), rl.FunctionConfig)) }()
		r, created, err := process(rl.FunctionConfig, rl.Items, o)
		rl.Results = resource.Results(r.Findings)
		if err == nil && o.SkipProof {
			rl.Items = r.Items
			return created, nil
		}
		if writeErr := write(r, err); writeErr != nil || err != nil {
			return nil, cmp.Or(writeErr, err)
		}
		rl.Items = r.Items
		return created, nil
	})
}

// Report writes findings and, after a run without an error, changes.
func Report(w io.Writer, r Result, err error, detail output.Detail) error {
	if writeErr := output.Text(w, r.Findings, detail); writeErr != nil || err != nil {
		return writeErr
	}
	return output.Changes(w, "tenantfence", r.Changes, detail)
}

// Process fences a build: it returns the items with the policies that their Tenants need. With an error
// the result has findings only.
func Process(config *yaml.RNode, items []*yaml.RNode, o Options) (Result, error) {
	r, created, err := process(config, items, o)
	if err != nil {
		return r, err
	}
	nodes, err := resource.Nodes(created)
	r.Items = slices.Concat(r.Items, nodes)
	return r, err
}

// process is Process without the nodes of the policies that it creates, which follow the items of the result.
func process(config *yaml.RNode, items []*yaml.RNode, o Options) (result Result, created []*resource.Generated, err error) {
	if findings := generate.ShapeFindings(config, items); len(findings) > 0 {
		return refuse(findings)
	}
	in, index, findings := generate.Read(config, items)
	o.Debug.Report("read", generate.ReadResult(items))
	if in == nil {
		return refuse(findings)
	}
	defer func() { result.locate(index.External) }()
	w, found := generate.Policies(in, index, o.Debug)
	findings = append(findings, found...)
	if err := generate.CheckSlice(in, o.Slice); err != nil {
		return Result{Findings: findings.Sort()}, nil, err
	}
	findings = append(findings, generate.RefuseEmit(in, w)...)
	// It runs after errors, too, so that one run reports all of them.
	merged, found := merge.Merge(generate.MergeOptions(in, w.Fence), items, w.Policies)
	o.Debug.Report("merge", merged.Changes.Summary)
	if findings = append(findings, found...); findings.HasError() {
		return refuse(append(findings, proof.MissingEnds(in, index, w.Fence, findings)...))
	}
	proved, found, err := proof.Build{
		In: in, Index: index, Desired: w, Before: items, After: merged,
		SkipProof: o.SkipProof, PreviousPolicies: o.PreviousPolicies, Slice: o.Slice, Cache: o.Cache, Progress: o.Progress, Debug: o.Debug,
	}.Check()
	if findings = append(findings, found...); err != nil || findings.HasError() {
		return refuseWithReport(proved, findings, err)
	}
	owned := resource.OwnershipOf(w.Fence)
	before, sliced := inSlice(o.Slice, owned, items, merged)
	required := generate.RequiredChanges(w.Fence, before, sliced)
	written, err := write(merged.Existing, o.Seen)
	return Result{Items: written, Changes: sliced.Changes, Ownership: owned, RequiredChanges: required, Report: proved, Findings: findings.Sort()}, merged.Created, err
}

// locate makes findings about what ExternalResources declare findings about these.
func (r *Result) locate(e resource.External) {
	r.Findings, r.Report.Findings = e.Locate(r.Findings), e.Locate(r.Report.Findings)
}

// refuseWithReport refuses a run after its proof.
func refuseWithReport(proved report.Report, findings report.Findings, err error) (Result, []*resource.Generated, error) {
	if err != nil {
		return Result{Findings: findings.Sort()}, nil, err
	}
	r, _, err := refuse(findings)
	r.Report = proved
	return r, nil, err
}

func refuse(findings report.Findings) (Result, []*resource.Generated, error) {
	sorted := findings.Sort()
	return Result{Findings: sorted}, nil, Refused(sorted.Counts())
}
