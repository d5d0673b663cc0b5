package output

import (
	"io"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/document"
	"github.com/tenantfence/tenantfence/internal/report"
)

// BuildJSON writes a build for programs. A refused build has no items.
func BuildJSON(w io.Writer, passed bool, items []*yaml.RNode, changes report.Changes, findings report.Findings) error {
	policies, err := policiesOf(items)
	if err != nil {
		return err
	}
	return encode(w, document.Build{
		Passed: passed, Policies: policies, Changes: changesJSON(changes), ChangeCounts: changeCountsJSON(changes),
		Findings: findingsJSON(findings), FindingCounts: findingCountsJSON(findings),
	})
}

// Rendered is a folder that render writes or checks.
type Rendered struct {
	Passed   bool
	Dir      string
	Check    bool
	Changes  report.Changes
	Needs    []string
	Findings report.Findings
}

// RenderJSON writes the changes of a rendered folder for programs.
func RenderJSON(w io.Writer, r Rendered) error {
	return encode(w, document.Render{
		Passed: r.Passed, OutputDir: r.Dir, Check: r.Check, Changes: changesJSON(r.Changes), ChangeCounts: changeCountsJSON(r.Changes),
		Needs: nonNil(r.Needs), Findings: findingsJSON(r.Findings), FindingCounts: findingCountsJSON(r.Findings),
	})
}

// Converted is the result of a conversion.
type Converted struct {
	Passed, Written bool
	Files           []document.File
	Changes         report.Changes
	Compared        document.Compared
	Findings        report.Findings
}

// ConvertJSON writes a conversion for programs.
func ConvertJSON(w io.Writer, c Converted) error {
	files := c.Files
	if files == nil {
		files = []document.File{}
	}
	return encode(w, document.Convert{
		Passed: c.Passed, Written: c.Written, Files: files, Changes: changesJSON(c.Changes), Compared: c.Compared,
		Findings: findingsJSON(c.Findings), FindingCounts: findingCountsJSON(c.Findings),
	})
}

// VersionJSON writes the versions for programs.
func VersionJSON(w io.Writer, v document.Version) error { return encode(w, v) }

func changesJSON(changes report.Changes) []document.Change {
	out := []document.Change{}
	for _, c := range changes.Effective() {
		out = append(out, document.Change{Action: string(c.Action), Resource: document.Resource(c.Ref)})
	}
	return out
}

func changeCountsJSON(changes report.Changes) document.ChangeCounts {
	return document.ChangeCounts{
		Created: changes.Count(report.Created), Configured: changes.Count(report.Configured),
		Unchanged: changes.Count(report.Unchanged), Deleted: changes.Count(report.Deleted),
	}
}

func findingCountsJSON(findings report.Findings) document.FindingCounts {
	counts := findings.Counts()
	return document.FindingCounts{Errors: counts[report.Error], Warnings: counts[report.Warning], Infos: counts[report.Info]}
}
