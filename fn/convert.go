package fn

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/report"

	"github.com/tenantfence/tenantfence/internal/convert"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Conversion is what is to be converted.
type Conversion struct {
	// Files are YAML texts by name. One that has none is what is piped in.
	Files []File
	// Inputs are resources that are known beside those of the files: workloads and
	// Namespaces, for the proof.
	Inputs []*yaml.RNode
	// Namespace is that of resources that say none. Omitted: "default", as for kubectl.
	Namespace string
	Progress  policy.Progress
	// Debug receives each step. Omitted: none.
	Debug Debug
}

// File is a YAML text.
type File struct {
	Name string
	Data []byte
}

// Converted is what a conversion came to.
type Converted struct {
	// Texts are those of the files, in their order.
	Texts []convert.Text
	// Changes are the policies that were converted.
	Changes report.Changes
	// Compared counts what was compared. Each policy was alone.
	Compared reach.Equivalence
	Findings report.Findings
}

// Convert turns the NetworkPolicies in files into CiliumNetworkPolicies, and proves of each
// that Cilium decides as before. With ErrRefused the findings say why nothing may be
// written; another error says that the files cannot be read.
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
	c.Debug.report("read", func() string {
		return fmt.Sprintf("%s with %s, %s", policy.Count(len(c.Files), "file"), policiesText(len(policies)), policy.Count(len(others)+len(c.Inputs), "other resource"))
	})
	s := newEquivalenceProof(c, policies, others)
	if err := s.prove(); err != nil {
		return out, err
	}
	out.Compared = s.compared
	c.Debug.report("compare", func() string {
		return fmt.Sprintf("%s, %s, %s", policy.Count(s.compared.Pods, "pod"), policy.Count(s.compared.Peers, "peer"), policy.Count(s.compared.Openings, "opening"))
	})
	out.Findings = append(out.Findings, s.findings...).Sort()
	if out.Findings.HasError() {
		_, err := refuse(out.Findings)
		return out, err
	}
	return out, nil
}
