package lint

import (
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// WithoutEffect reports hand-written policies with less effect than expected: they select no pod,
// have peers without pods, or deny nothing. It reports nothing for namespaces without pods in the
// build, because their pods are unknown.
func WithoutEffect(f *policy.Fence, x *resource.Index, items []*yaml.RNode) report.Findings {
	if x.WithoutResources || x.Partial {
		return nil
	}
	pods := podsOf(x)
	var out report.Findings
	for _, n := range items {
		if !resource.IsPolicy(n) || resource.IsLocalConfig(n) || resource.FenceOf(n) == f.Name {
			continue
		}
		ref := resource.RefOf(n)
		found := inSpecs(n, func(at string, spec any) []report.Finding { return specFindings(f, pods, ref, at, spec) })
		seen := map[*report.Check]bool{}
		for _, finding := range found {
			// Report each check once for a policy.
			if !seen[finding.Check] {
				seen[finding.Check] = true
				finding.Resource = ref
				out = append(out, finding)
			}
		}
	}
	return out
}

func specFindings(f *policy.Fence, pods []labelledPod, ref report.Ref, at string, spec any) []report.Finding {
	object, _ := spec.(map[string]any)
	own := policyContext{namespace: ref.Namespace, cilium: ref.Kind != resource.KindKubernetes}
	out := emptyDenies(f, ref, at, object)
	field := "podSelector"
	if own.cilium {
		field = "endpointSelector"
	}
	selector, written := object[field]
	if !written && own.cilium {
		// The policy selects nodes.
		return out
	}
	subject, ok := own.selectorOf(selector)
	if !ok {
		return out
	}
	if subject.selectsNone(pods) {
		return append(out, report.New(report.PolicySelectsNothing, report.Warning, report.Ref{}, at+"."+field, "selects no pod of the build (%s): the policy has no effect until such a pod is deployed: correct the labels, or declare the pods as external resources", subject))
	}
	return append(out, peersWithoutPods(own, pods, at, object)...)
}

func peersWithoutPods(own policyContext, pods []labelledPod, at string, spec map[string]any) []report.Finding {
	var out []report.Finding
	for _, direction := range []string{"ingress", "egress", "ingressDeny", "egressDeny"} {
		side := map[bool]string{true: "from", false: "to"}[strings.HasPrefix(direction, "ingress")]
		for i, rule := range listField(spec, direction) {
			field := side
			if own.cilium {
				field += "Endpoints"
			}
			for j, peer := range listField(rule, field) {
				s, ok := own.peerOf(peer)
				if !ok || !s.selectsNone(pods) {
					continue
				}
				severity, reserved := report.Info, ""
				if key := s.unknownReservedKey(); key != "" {
					severity, reserved = report.Warning, fmt.Sprintf(" (Cilium has no label %s)", key)
				}
				out = append(out, report.New(report.PeerSelectsNothing, severity, report.Ref{}, fmt.Sprintf("%s.%s[%d].%s[%d]", at, direction, i, field, j), "selects no pod of the build (%s)%s: the peer has no effect: correct the labels, or declare the pods as external resources", s, reserved))
			}
		}
	}
	if len(out) > 1 {
		out[0].Message = fmt.Sprintf("%s (likewise %s of this policy)", out[0].Message, report.Count(len(out)-1, "more peer"))
	}
	return out
}

// emptyDenies reports rules that seem to deny everything, but deny nothing.
func emptyDenies(f *policy.Fence, ref report.Ref, at string, spec map[string]any) []report.Finding {
	var out []report.Finding
	add := func(severity report.Severity, field, format string, args ...any) {
		out = append(out, report.New(report.DenyWithoutEffect, severity, report.Ref{}, at+field, format, args...))
	}
	rules := 0
	for _, direction := range []string{"ingress", "egress"} {
		rules += len(listField(spec, direction)) + len(listField(spec, direction+"Deny"))
		for i, rule := range listField(spec, direction+"Deny") {
			if object, _ := rule.(map[string]any); len(object) == 0 {
				add(report.Warning, fmt.Sprintf(".%sDeny[%d]", direction, i), "has no peer, so it denies nothing that another policy allows: write %s: [all]", map[string]string{"ingress": "fromEntities", "egress": "toEntities"}[direction])
			}
		}
		deny, _ := spec["enableDefaultDeny"].(map[string]any)
		if on, _ := deny[direction].(bool); on && len(listField(spec, direction))+len(listField(spec, direction+"Deny")) == 0 {
			add(report.Warning, ".enableDefaultDeny."+direction, "has no effect, because the policy has no %s rules: add %s: [{}]", direction, direction)
		}
	}
	if rules == 0 && ref.Kind == resource.KindKubernetes && defaultDenied(f, ref.Namespace) {
		add(report.Info, "", "denies nothing: the fence already default-denies namespace %q, and a NetworkPolicy without rules does not revoke what other policies allow: to deny a connection, use ingressDeny or egressDeny of a CiliumNetworkPolicy, or remove the policy", ref.Namespace)
	}
	return out
}

// defaultDenied reports whether the fence default-denies every pod of a namespace.
func defaultDenied(f *policy.Fence, namespace string) bool {
	owner := f.Owner(namespace)
	return owner != nil && !owner.SharesNamespaces() && owner.Enforcement == v1alpha1.Enforce
}
