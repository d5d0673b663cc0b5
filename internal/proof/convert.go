package proof

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/convert"
	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Conversion is the input of Convert.
type Conversion struct {
	// Files are YAML texts. The name of standard input is empty.
	Files []File
	// Inputs are additional resources for the proof: workloads and Namespaces.
	Inputs []*yaml.RNode
	// Namespace is the namespace of resources that set none. Omitted: "default", as for kubectl.
	Namespace string
	Progress  report.Progress
	// Debug receives each step. Omitted: none.
	Debug generate.Debug
}

// File is a YAML text.
type File struct {
	Name string
	Data []byte
}

// Converted is the result of a conversion.
type Converted struct {
	// Texts are the converted files, in the order of the input.
	Texts []convert.Text
	// Changes are the policies that were converted.
	Changes report.Changes
	// Compared counts the compared pods and peers. Each policy is compared by itself.
	Compared reach.Equivalence
	Findings report.Findings
}

// Convert converts the NetworkPolicies in files into CiliumNetworkPolicies, and proves that Cilium
// decides each as before. After findings that are errors no file may be written. With an error the files
// cannot be read.
func Convert(c Conversion) (Converted, error) {
	var out Converted
	var others []*yaml.RNode
	var policies []convert.Policy
	for _, f := range c.Files {
		t, err := convert.Convert(f.Name, f.Data)
		if err != nil {
			return out, err
		}
		out.Texts = append(out.Texts, t)
		out.Findings = append(out.Findings, t.Findings...)
		others = append(others, t.Others...)
		policies = append(policies, t.Policies...)
	}
	var malformed report.Findings
	c.Inputs, malformed = resource.Readable(c.Inputs)
	out.Findings = append(out.Findings, malformed...)
	for _, p := range policies {
		ref := p.Ref
		ref.APIVersion, ref.Kind = p.After.GetApiVersion(), p.After.GetKind()
		out.Changes = append(out.Changes, report.Change{Action: report.Configured, Ref: ref})
	}
	c.Debug.Report("read", func() string {
		return fmt.Sprintf("%s with %s, %s", report.Count(len(c.Files), "file"), report.Count(len(policies), "policy"), report.Count(len(others)+len(c.Inputs), "other resource"))
	})
	s := newEquivalenceProof(c, policies, others)
	if err := s.prove(); err != nil {
		return out, err
	}
	out.Compared = s.compared
	c.Debug.Report("compare", func() string {
		return fmt.Sprintf("%s, %s, %s", report.Count(s.compared.Pods, "pod"), report.Count(s.compared.Peers, "peer"), report.Count(s.compared.Openings, "opening"))
	})
	out.Findings = append(out.Findings, s.findings...).Sort()
	return out, nil
}
