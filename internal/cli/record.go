package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// recordFlag makes the function record its input, output and changes. skipProofFlag skips its proof. One
// process of this program sets them for another.
const (
	recordFlag    = "record"
	skipProofFlag = "skip-proof"
)

// executeRecorded is the function. It appends its input, its output and its changes to a file, and
// leaves it to the other process to report the changes.
func executeRecorded(cmd *cobra.Command, file string, o fn.Options) error {
	in, err := io.ReadAll(cmd.InOrStdin())
	if err != nil {
		return fmt.Errorf("read input: %w", err)
	}
	var out bytes.Buffer
	var reported recordedReport
	write := func(r fn.Result, _ error) error {
		reported = newRecordedReport(r)
		return output.Text(cmd.ErrOrStderr(), r.Findings, detail(cmd))
	}
	ran := fn.Execute(bytes.NewReader(in), io.MultiWriter(cmd.OutOrStdout(), &out), o, write)
	if ran != nil {
		// The record of a refused run has its findings, and no output.
		out.Reset()
		out.WriteString("items: []")
	}
	data, err := json.Marshal(reported)
	if err == nil {
		err = appendTo(file, slices.Concat([]byte(recordSeparator), in, []byte(recordSeparator), out.Bytes(), []byte(recordSeparator), data))
	}
	if err != nil && ran == nil {
		return fmt.Errorf("record what the function does: %w", err)
	}
	return ran
}

const recordSeparator = "\n---\n"

// recordedReport is the third document of a recorded run, after its input and its output.
type recordedReport struct {
	Changes  report.Changes
	Findings []recordedFinding
	Owned    resource.Ownership
	Agents   *report.AgentLoad
}

// recordedFinding is a finding whose check is a name.
type recordedFinding struct {
	Name string
	report.Finding
}

func newRecordedReport(r fn.Result) recordedReport {
	out := recordedReport{Changes: r.Changes, Owned: r.Ownership, Agents: r.Report.Agents}
	for _, f := range r.Findings {
		name := f.Check.Name
		f.Check = nil
		out.Findings = append(out.Findings, recordedFinding{name, f})
	}
	return out
}

func (r recordedReport) findings() report.Findings {
	var out report.Findings
	for _, f := range r.Findings {
		f.Check = report.Find(f.Name)
		out = append(out, f.Finding)
	}
	return out
}

// recordedRun is a run of the function in another process.
type recordedRun struct {
	proof.Run
	returned []*yaml.RNode
	findings report.Findings
	changes  report.Changes
	owned    resource.Ownership
	agents   *report.AgentLoad
}

// reported reports whether the run had a finding.
func (r recordedRun) reported(f report.Finding) bool {
	return slices.ContainsFunc(r.findings, func(other report.Finding) bool { return other.Message == f.Message })
}

// writtenPolicies are the policies that runs of the function wrote and no later run deleted.
func writtenPolicies(runs []recordedRun) []*yaml.RNode {
	out := map[report.Ref]*yaml.RNode{}
	for _, r := range runs {
		kept := map[report.Ref]bool{}
		for _, n := range r.returned {
			kept[resource.ID(n)] = true
			if resource.FenceOf(n) == r.Config.GetName() {
				out[resource.ID(n)] = n
			}
		}
		for _, n := range r.Items {
			if id := resource.ID(n); !kept[id] {
				delete(out, id)
			}
		}
	}
	return slices.SortedFunc(maps.Values(out), func(a, b *yaml.RNode) int {
		return strings.Compare(resource.RefOf(a).String(), resource.RefOf(b).String())
	})
}

// patchedPolicies are the hand-written policies that the function changed, as they were before the first
// run.
func patchedPolicies(runs []recordedRun) map[report.Ref]*yaml.RNode {
	first, out := map[report.Ref]*yaml.RNode{}, map[report.Ref]*yaml.RNode{}
	for _, r := range runs {
		for _, n := range r.Items {
			if id := resource.ID(n); first[id] == nil {
				first[id] = n
			}
		}
		for _, n := range generate.PatchedPolicies(r.Items, r.returned) {
			out[resource.ID(n)] = first[resource.ID(n)]
		}
	}
	return out
}

// runsOnFinishedBuild are the runs of the function on a finished build, the last first. They include the
// changes of layers above the fence. Resources that do not reach the build and policies that the
// function patched are as in the input. A Namespace that a layer renames is kept, so that findings
// name the moved policies as the cause.
func runsOnFinishedBuild(runs []recordedRun, finished []*yaml.RNode) []proof.Run {
	unpatched, present := patchedPolicies(runs), map[report.Ref]bool{}
	var all []*yaml.RNode
	for _, n := range finished {
		present[resource.ID(n)] = true
		if original := unpatched[resource.ID(n)]; original != nil {
			n = original
		}
		all = append(all, n)
	}
	var out []proof.Run
	for _, r := range slices.Backward(runs) {
		own := slices.DeleteFunc(slices.Clone(r.Items), func(n *yaml.RNode) bool {
			kept := resource.IsLocalConfig(n) || n.GetKind() == "Namespace"
			return resource.Group(n) != v1alpha1.Group && (!kept || present[resource.ID(n)])
		})
		out = append(out, proof.Run{Config: r.Config, Items: append(own, all...), Blind: r.Blind})
	}
	return out
}

// newRecord is an empty file to which another process appends, and the function that removes it.
func newRecord() (name string, remove func(), err error) {
	f, err := os.CreateTemp("", "tenantfence-*.yaml")
	if err != nil {
		return "", nil, fmt.Errorf("record what the function does: %w", err)
	}
	// Nothing better can be done where a temporary file cannot be removed.
	remove = func() { _ = os.Remove(f.Name()) }
	if err := f.Close(); err != nil {
		remove()
		return "", nil, fmt.Errorf("record what the function does: %w", err)
	}
	return f.Name(), remove, nil
}

// seenFlag makes the function mark the resources of this project's kinds in its input.
const seenFlag = "seen"

func appendTo(file string, data []byte) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// readRecord reads the recorded runs of the function.
func readRecord(file string) ([]recordedRun, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the input of the function: %w", err)
	}
	lists, err := (&kio.ByteReader{Reader: bytes.NewReader(data), OmitReaderAnnotations: true, DisableUnwrapping: true}).Read()
	if err != nil {
		return nil, fmt.Errorf("read the input of the function: %w", err)
	}
	var runs []recordedRun
	// Each run has three documents: its input, its output and its changes.
	for i := 0; i+2 < len(lists); i += 3 {
		var r recordedRun
		reported, err := reportOf(lists[i+2])
		if err != nil {
			return nil, err
		}
		r.changes, r.findings, r.owned = reported.Changes, reported.findings(), reported.Owned
		r.agents = reported.Agents
		for into, from := range map[*[]*yaml.RNode]*yaml.MapNode{
			&r.Items: lists[i].Field("items"), &r.returned: lists[i+1].Field("items"),
		} {
			if *into, err = elementsOf(from); err != nil {
				return nil, err
			}
		}
		config := lists[i].Field("functionConfig")
		if config == nil {
			continue
		}
		if err := resource.SetSourcesByHost(config.Value, r.Items); err != nil {
			return nil, fmt.Errorf("read the input of the function: %w", err)
		}
		r.Config, r.Blind = config.Value, isGeneratorInput(r.Items)
		runs = append(runs, r)
	}
	return runs, nil
}

func reportOf(n *yaml.RNode) (recordedReport, error) {
	var out recordedReport
	data, err := n.MarshalJSON()
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		return out, fmt.Errorf("read what the function changed: %w", err)
	}
	return out, nil
}

func elementsOf(list *yaml.MapNode) ([]*yaml.RNode, error) {
	if list == nil {
		return nil, nil
	}
	elements, err := list.Value.Elements()
	if err != nil {
		return nil, fmt.Errorf("read the input of the function: %w", err)
	}
	return elements, nil
}
