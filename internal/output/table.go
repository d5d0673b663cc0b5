package output

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/document"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Table writes the flows that the generated policies of each tenant allow, with the fields that
// declare them.
func Table(w io.Writer, items []*yaml.RNode) error {
	policies, err := policiesOf(items)
	if err != nil {
		return fmt.Errorf("read the policies: %w", err)
	}
	rows := grid{{"FLOW", "PORTS", "DECLARED BY", "POLICY"}}
	group := ""
	for _, p := range policies {
		if title := titleOf(p); title != group {
			group = title
			rows = append(rows, []string{""}, []string{title})
		}
		rows = append(rows, policyRows(p)...)
	}
	return rows.write(w, widthOf(w))
}

// titleOf is "acme: Allow in tenant-acme".
func titleOf(p document.Policy) string {
	title := cmp.Or(p.Tenant, "cluster-wide") + ": " + p.Stage
	if p.Namespace != "" {
		title += " in " + p.Namespace
	}
	return title
}

// policyRows returns a row for each rule of a policy. Rules that differ only in the direction are one.
func policyRows(p document.Policy) [][]string {
	declaredBy := briefReasons(p.DeclaredBy)
	var out [][]string
	for _, r := range p.Rules {
		row := []string{flowOf(r, p.Namespace), portsOf(r), declaredBy, p.Name}
		if !slices.ContainsFunc(out, func(other []string) bool { return slices.Equal(row, other) }) {
			out = append(out, row)
		}
	}
	switch {
	case len(out) > 0:
		return out
	case p.Kind == "ConfigMap":
		return [][]string{{"names that the egress proxy allows", "", declaredBy, p.Name}}
	}
	return [][]string{{"no other flow", "", declaredBy, p.Name}}
}

// briefReasons is the first field that declares a policy, and the number of others.
func briefReasons(reasons []string) string {
	if len(reasons) == 0 {
		return ""
	}
	first := strings.Replace(reasons[0], " spec.", " ", 1)
	if len(reasons) > 1 {
		first += fmt.Sprintf(" (%d more)", len(reasons)-1)
	}
	return first
}

// flowOf is "app=web → tenant-b/app=api". Pods of the policy's own namespace have no namespace.
func flowOf(r document.Rule, namespace string) string {
	own := func(text string) string {
		if pods, is := strings.CutPrefix(text, namespace+"/"); is && namespace != "" {
			text = pods
			if pods == "*" {
				text = "all pods"
			}
		}
		return strings.ReplaceAll(text, "app.kubernetes.io/", "")
	}
	var peers []string
	for _, peer := range r.Peers {
		peers = append(peers, own(peer))
	}
	if r.Direction == string(flow.Egress) {
		return own(r.Subject) + " → " + strings.Join(peers, ", ")
	}
	return strings.Join(peers, ", ") + " → " + own(r.Subject)
}

func portsOf(r document.Rule) string {
	text := strings.Join(r.Ports, ", ")
	if text == "" {
		text = "every port"
	}
	if len(r.L7) > 0 {
		text += ": " + strings.Join(r.L7, ", ")
	}
	return text
}

// policiesOf returns the generated policies, sorted by tenant, stage, namespace and name.
func policiesOf(items []*yaml.RNode) ([]document.Policy, error) {
	out := []document.Policy{}
	for _, n := range resource.ObjectsOf(items) {
		if n.Fence == "" {
			continue
		}
		rules, err := rulesOf(n.RNode)
		if err != nil {
			return nil, err
		}
		out = append(out, document.Policy{
			APIVersion: n.GetApiVersion(), Kind: n.GetKind(), Namespace: n.GetNamespace(), Name: n.GetName(),
			Fence: n.Fence, Tenant: n.Tenant, Stage: string(n.Stage), Family: string(n.Family), DeclaredBy: nonNil(n.Reasons), Rules: rules,
		})
	}
	slices.SortFunc(out, func(a, b document.Policy) int {
		return cmp.Or(
			cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(stageOrder(a.Stage), stageOrder(b.Stage)),
			cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind),
		)
	})
	return out, nil
}

func stageOrder(stage string) int {
	return slices.Index([]string{"Baseline", "Allow", "DefaultDeny"}, stage)
}
