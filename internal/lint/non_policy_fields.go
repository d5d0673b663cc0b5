package lint

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// NonPolicyFields reports fields outside of policies that change which traffic reaches the pods of
// tenants, or on which port policies see it. The items are distinct.
func NonPolicyFields(f *policy.Fence, index *resource.Index, items []*yaml.RNode) report.Findings {
	var out report.Findings
	for _, n := range items {
		out = append(out, externalIPs(f, n)...)
		if ns := resource.NamespaceOf(n); ns != "" && f.MayAffectTenant(ns) {
			out = append(out, hostPorts(n)...)
		}
	}
	reported := map[[2]string]bool{}
	// A finding once for each namespace is about the Namespace if it has the field.
	for _, p := range slices.Concat(namespaceMetadata(f, items), podMetadata(f, index)) {
		if !f.MayAffectTenant(p.namespace) {
			continue
		}
		for _, r := range metadataRules {
			key := [2]string{p.namespace, r.label + r.annotation}
			if found := r.evaluate(f, p); found != nil && !reported[key] {
				reported[key] = r.oncePerNamespace
				out = append(out, *found)
			}
		}
	}
	return out
}

func (r metadataRule) evaluate(f *policy.Fence, p placedMetadata) *report.Finding {
	field := p.field + ".labels[" + r.label + "]"
	is := r.label != "" && hasValue(p.labels, r.label, r.values...)
	if r.annotation != "" {
		field = p.field + ".annotations[" + r.annotation + "]"
		is = hasValue(p.annotations, r.annotation, r.values...)
	}
	severity, message := r.severityFor(f), r.message
	if !is || severity == "" {
		return nil
	}
	if reason, accepted := acceptedKind(f, r.acceptKind); accepted {
		severity, message = report.Info, reason
	}
	found := report.New(r.check, severity, p.ref, field, "%s", message)
	return &found
}

// hostPorts reports the first hostPort of each pod template of a resource.
func hostPorts(n *yaml.RNode) report.Findings {
	if !resource.HasKey(n.YNode(), "hostPort") {
		return nil
	}
	doc, err := n.Map()
	if err != nil {
		return nil
	}
	var out report.Findings
	for _, t := range podSpecsIn("", doc) {
		if at, number := hostPort(t.spec); at != "" {
			out = append(out, report.New(report.HostPort, report.Info, resource.RefOf(n), t.at+at, "exposes these pods on port %v of their nodes: the policies of the pods decide which clients reach it, and clients outside the cluster require a flow from world or their networks", number))
		}
	}
	return out
}

// podSpec is the spec of a pod or a pod template, and its path: "spec.template.spec.".
type podSpec struct {
	at   string
	spec map[string]any
}

// podSpecsIn finds every spec that has containers.
func podSpecsIn(at string, value any) []podSpec {
	var out []podSpec
	switch value := value.(type) {
	case map[string]any:
		if spec, ok := value["spec"].(map[string]any); ok && spec["containers"] != nil {
			return []podSpec{{at + "spec.", spec}}
		}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			out = append(out, podSpecsIn(at+key+".", value[key])...)
		}
	case []any:
		for i, item := range value {
			out = append(out, podSpecsIn(fmt.Sprintf("%s[%d].", strings.TrimSuffix(at, "."), i), item)...)
		}
	}
	return out
}

// hostPort returns the path and number of the first hostPort of a container that keeps running.
func hostPort(spec map[string]any) (string, any) {
	if spec["hostNetwork"] == true {
		return "", nil
	}
	for _, list := range []string{"containers", "initContainers"} {
		for i, c := range listField(spec, list) {
			container, _ := c.(map[string]any)
			if list == "initContainers" && container["restartPolicy"] != "Always" {
				continue
			}
			for j, port := range listField(c, "ports") {
				object, _ := port.(map[string]any)
				if number := object["hostPort"]; number != nil && number != 0 {
					return fmt.Sprintf("%s[%d].ports[%d].hostPort", list, i, j), number
				}
			}
		}
	}
	return "", nil
}

// externalIPs reports external addresses that a Service redirects. It warns if a flow is declared to
// such an address, because the traffic reaches the pods of the Service.
func externalIPs(f *policy.Fence, n *yaml.RNode) report.Findings {
	if resource.Group(n) != "" || n.GetKind() != "Service" {
		return nil
	}
	doc, err := n.Map()
	if err != nil {
		return nil
	}
	var out report.Findings
	for i, value := range listField(doc["spec"], "externalIPs") {
		address, ok := value.(string)
		if !ok {
			continue
		}
		finding := report.New(report.ServiceExternalIPs, report.Info, resource.RefOf(n), fmt.Sprintf("spec.externalIPs[%d]", i), "redirects %s to the pods of this Service, for connections from every pod and node: policies decide them as flows to these pods", address)
		if declared := flowsTo(f, address); declared != "" {
			finding.Severity = report.Warning
			finding.Message += fmt.Sprintf(", so %s does not allow them: remove the address, or declare flows to these pods", declared)
		}
		out = append(out, finding)
	}
	return out
}

// flowsTo returns the first declared flow to an address outside the cluster.
func flowsTo(f *policy.Fence, address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	for _, g := range f.Grants {
		world := slices.ContainsFunc(g.To.Entities, func(e v1alpha1.Entity) bool {
			return e == v1alpha1.EntityWorld || ip.Is4() && e == v1alpha1.EntityWorldIPv4 || ip.Is6() && e == v1alpha1.EntityWorldIPv6
		})
		network := slices.ContainsFunc(g.To.CIDRs, func(c string) bool {
			prefix, err := netip.ParsePrefix(c)
			return err == nil && prefix.Contains(ip)
		})
		if (world || network) && g.Source != nil {
			return g.Source.Reason.String()
		}
	}
	return ""
}
