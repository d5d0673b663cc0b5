package propose

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// change adds a flow to a Tenant, or elements to the lists of one.
type change struct {
	tenant    resource.Tenant
	fence     report.Ref
	direction flow.Direction
	// extended is the name of the flow that the addition extends. Omitted: the addition is a new flow.
	extended string
	addition addition
}

// value is the list of elements that the change appends.
func (c change) value() any {
	a := c.addition
	switch {
	case c.extended == "" && c.direction == flow.Egress:
		return []v1alpha1.EgressFlow{a.egress()}
	case c.extended == "":
		return []v1alpha1.IngressFlow{a.ingress()}
	case len(a.ports) > 0:
		return a.ports
	case len(a.peers) > 0:
		return a.peers
	case len(a.http) > 0:
		return a.http
	case len(a.dns) > 0:
		return a.dns
	}
	return a.servers
}

// field is the list to which the change appends, below the spec of the Tenant.
func (c change) field() string {
	list := string(c.direction)
	if c.extended == "" {
		return list
	}
	list += "[" + c.extended + "]."
	switch a := c.addition; {
	case len(a.ports) > 0:
		return list + "ports"
	case len(a.peers) > 0:
		return list + map[flow.Direction]string{flow.Egress: "to", flow.Ingress: "from"}[c.direction]
	case len(a.http) > 0:
		return list + "http"
	case len(a.dns) > 0:
		return list + "dns"
	}
	return list + "tls.serverNames"
}

// entry is the change for people.
func (c change) entry() (report.ProposedEntry, error) {
	at := "spec."
	if c.tenant.Ref.Kind != v1alpha1.KindTenant {
		at = "spec.tenants[" + c.tenant.Name + "].spec."
	}
	text, err := yamlOf(c.value())
	return report.ProposedEntry{Resource: c.tenant.Ref, Field: at + c.field(), YAML: text}, err
}

// apply adds the change to the spec of its Tenant, whose lists it copies.
func (c change) apply(spec *v1alpha1.TenantSpec) {
	a := c.addition
	if c.direction == flow.Ingress {
		spec.Ingress = slices.Clone(spec.Ingress)
		if c.extended == "" {
			spec.Ingress = append(spec.Ingress, a.ingress())
			return
		}
		f := &spec.Ingress[slices.IndexFunc(spec.Ingress, func(f v1alpha1.IngressFlow) bool { return f.Name == c.extended })]
		f.From, f.Ports, f.HTTP = slices.Concat(f.From, a.peers), slices.Concat(f.Ports, a.ports), slices.Concat(f.HTTP, a.http)
		return
	}
	spec.Egress = slices.Clone(spec.Egress)
	if c.extended == "" {
		spec.Egress = append(spec.Egress, a.egress())
		return
	}
	f := &spec.Egress[slices.IndexFunc(spec.Egress, func(f v1alpha1.EgressFlow) bool { return f.Name == c.extended })]
	f.To, f.Ports, f.HTTP, f.DNS = slices.Concat(f.To, a.peers), slices.Concat(f.Ports, a.ports), slices.Concat(f.HTTP, a.http), slices.Concat(f.DNS, a.dns)
	if f.TLS != nil {
		tls := *f.TLS
		tls.ServerNames = slices.Concat(tls.ServerNames, a.servers)
		f.TLS = &tls
	}
}

// namesOf returns the names of all flows of a Tenant.
func namesOf(spec v1alpha1.TenantSpec) []string {
	var out []string
	for _, f := range spec.Ingress {
		out = append(out, f.Name)
	}
	for _, f := range spec.Egress {
		out = append(out, f.Name)
	}
	for _, f := range spec.AgentIngress {
		out = append(out, f.Name)
	}
	return out
}

// Apply returns the inputs with the changes, and what is wrong with the Tenants that result.
func (c Candidate) Apply(in *resource.Inputs) (*resource.Inputs, error) {
	out := *in
	out.Tenants = slices.Clone(in.Tenants)
	for _, one := range c.changes {
		t := &out.Tenants[slices.IndexFunc(out.Tenants, func(t resource.Tenant) bool { return t.Name == one.tenant.Name })]
		one.apply(&t.Spec)
		whole := v1alpha1.Tenant{Spec: t.Spec}
		whole.Name = t.Name
		whole.SetDefaults()
		t.Spec = whole.Spec
		if errs := whole.Validate(); len(errs) > 0 {
			return nil, fmt.Errorf("the changed Tenant %q is invalid: %w", t.Name, errs.ToAggregate())
		}
	}
	for _, l := range c.limits {
		l.apply(&out.Profile.Spec)
	}
	return &out, nil
}

// Proposal returns the changes for people.
func (c Candidate) Proposal(w Wanted) (report.Proposal, error) {
	out := report.Proposal{From: w.From.Name, To: w.To.Name}
	for _, one := range c.changes {
		e, err := one.entry()
		if err != nil {
			return out, err
		}
		out.Entries = append(out.Entries, e)
	}
	for _, l := range c.limits {
		e, err := l.entry()
		if err != nil {
			return out, err
		}
		out.Limits = append(out.Limits, e)
	}
	return out, nil
}

// nodeOf is a value as YAML in the order of its type.
func nodeOf(value any) (*yaml.Node, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("write the proposal: %w", err)
	}
	n, err := yaml.Parse(string(data))
	if err != nil {
		return nil, fmt.Errorf("write the proposal: %w", err)
	}
	return n.YNode(), nil
}

// yamlOf writes a list with one element a line, and each field of an element on its own line.
func yamlOf(value any) (string, error) {
	n, err := nodeOf(value)
	if err != nil {
		return "", err
	}
	plain(n)
	n.Style = 0
	for _, element := range n.Content {
		if element.Kind == yaml.MappingNode && len(element.Content) > 4 {
			element.Style = 0
		}
	}
	text, err := yaml.NewRNode(n).String()
	if err != nil {
		return "", fmt.Errorf("write the proposal: %w", err)
	}
	return text, nil
}

// ambiguousWords are booleans in YAML 1.1.
var ambiguousWords = regexp.MustCompile(`(?i)^(y|n|yes|no|on|off)$`)

// plain removes the quotes that YAML does not need.
func plain(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && (n.Tag != yaml.NodeTagString || !ambiguousWords.MatchString(n.Value)) {
		n.Style = 0
	}
	for _, c := range n.Content {
		plain(c)
	}
}

// countFields counts the values that a list or an object has.
func countFields(value any) int {
	n, err := nodeOf(value)
	if err != nil {
		return 0
	}
	return countScalars(n)
}

func countScalars(n *yaml.Node) int {
	if n.Kind == yaml.ScalarNode {
		return 1
	}
	count, step := 0, 1
	if n.Kind == yaml.MappingNode {
		step = 2
	}
	for i := step - 1; i < len(n.Content); i += step {
		count += countScalars(n.Content[i])
	}
	return count
}
