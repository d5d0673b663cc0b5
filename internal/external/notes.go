package external

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// The checks of findings.
var (
	leftOut = report.ImportLeftOut
	inexact = report.ImportInexact
)

// notes are the resources of each finding.
type notes map[note][]report.Ref

// note is the key of one finding: resources of one kind with one message are reported once.
type note struct {
	check         *report.Check
	kind, message string
}

// add adds a resource to a finding.
func (i *importer) add(check *report.Check, n *yaml.RNode, message string) {
	i.addRef(check, resource.RefOf(n), message)
}

func (i *importer) addRef(check *report.Check, ref report.Ref, message string) {
	ref.File, ref.Index = "", 0
	key := note{check, ref.Kind, message}
	if !slices.Contains(i.notes[key], ref) {
		i.notes[key] = append(i.notes[key], ref)
	}
}

// leaveOutUnreadable reports a resource without the structure of its kind.
func (i *importer) leaveOutUnreadable(ref report.Ref, reason string) {
	i.addRef(leftOut, ref, "is not imported, because it cannot be read ("+reason+"): export it again")
}

// findings returns one finding for each kind and message, about the first of its resources.
func (n notes) findings() report.Findings {
	var out report.Findings
	keys := slices.SortedFunc(maps.Keys(n), func(a, b note) int {
		return cmp.Or(cmp.Compare(a.check.Name, b.check.Name), cmp.Compare(a.kind, b.kind), cmp.Compare(a.message, b.message))
	})
	for _, key := range keys {
		refs := n[key]
		slices.SortFunc(refs, func(a, b report.Ref) int { return cmp.Compare(a.String(), b.String()) })
		message := key.message
		if others := len(refs) - 1; others > 0 {
			message += " (and " + report.Count(others, "other "+key.kind) + ")"
		}
		f := report.New(key.check, report.Warning, refs[0], "", "%s", message)
		for _, ref := range refs[1:] {
			f.Details = append(f.Details, ref.String())
		}
		out = append(out, f)
	}
	return out.Sort()
}

// agentState are kinds in which Cilium's agents and operator record their state. Other kinds
// describe the same.
var agentState = []string{"CiliumEndpoint", "CiliumEndpointSlice", "CiliumIdentity", "CiliumNode"}

// leaveOut leaves out a resource of a kind that ExternalResources do not have. It reports kinds
// that affect the proof.
func (i *importer) leaveOut(n *yaml.RNode) {
	group, coverage := resource.Group(n), resource.CoverageOf(n)
	switch {
	case group == "cilium.io" && slices.Contains(agentState, n.GetKind()):
		i.LeftOut[n.GetKind()]++
	case resource.IsPolicy(n) || group == resource.AdministratorGroup || n.GetKind() == resource.KindCIDRGroup && group == "cilium.io":
		i.add(leftOut, n, "is a policy, and policies are not imported, so the proof does not know it: if no build has it, add it to the build that you verify")
	case resource.ConfiguresAgents(n):
		i.add(leftOut, n, "configures Cilium's agents and is not imported: copy the settings to cluster.ciliumConfig of the FenceProfile, or list the resource with the annotation config.kubernetes.io/local-config")
	case resource.HasOperator(n):
		i.add(leftOut, n, "is not imported, and its pods are, as far as the input has them: list it with the annotation config.kubernetes.io/local-config instead, and tenantfence knows its pods and flows")
	case coverage.Class == resource.NotDecided:
		i.add(leftOut, n, "is not imported, and it "+coverage.Reason+": nothing is proved about that: list it with the annotation config.kubernetes.io/local-config, so that reports name it")
	case resource.HasAddresses(n):
		i.add(leftOut, n, "is not imported, and its addresses are unknown to the proof: list it with the annotation config.kubernetes.io/local-config")
	default:
		i.leaveOutOther(n, coverage)
	}
}

// leaveOutOther leaves out a resource that affects traffic only if it makes pods.
func (i *importer) leaveOutOther(n *yaml.RNode, coverage resource.Coverage) {
	if resource.MakesPods(n) || !coverage.Settled() {
		i.controllers = append(i.controllers, n)
	} else {
		i.LeftOut[n.GetKind()]++
	}
}

// checkControllers reports resources that make pods, or may make them, if the input has none of
// their pods.
func (i *importer) checkControllers() {
	shown := map[groupKey]bool{}
	for key := range i.groups {
		shown[groupKey{namespace: key.namespace, controller: key.controller, name: key.name}] = true
	}
	for _, n := range i.controllers {
		switch {
		case shown[groupKey{namespace: n.GetNamespace(), controller: n.GetKind(), name: n.GetName()}]:
			i.LeftOut[n.GetKind()]++
		case resource.MakesPods(n):
			i.add(leftOut, n, "makes pods, which the input lacks, and is not imported: add pods to kubectl get, or list it with the annotation config.kubernetes.io/local-config")
		default:
			i.add(leftOut, n, "is of an unknown kind and not imported, and the input has no pods of it: if it makes pods, add pods to kubectl get; if it affects traffic otherwise, list it with the annotation config.kubernetes.io/local-config")
		}
	}
}

// relevantAnnotations are parts of keys of annotations with an effect on traffic.
var relevantAnnotations = []string{"cilium.io/", "io.cilium", "k8s.v1.cni.cncf.io/networks", "v1.multus-cni.io/default-network", "linkerd.io/inject"}

// ignoredAnnotations only describe a state.
var ignoredAnnotations = []string{"k8s.v1.cni.cncf.io/networks-status", "network.cilium.io/wg-pub-key", "network.cilium.io/ipv"}

// checkAnnotations reports annotations with an effect that ExternalResources cannot express.
func (i *importer) checkAnnotations(n *yaml.RNode, annotations map[string]string) {
	in := func(key string, parts []string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(key, part) })
	}
	for key := range annotations {
		if in(key, relevantAnnotations) && !in(key, ignoredAnnotations) {
			i.add(inexact, n, "has the annotation "+key+", which may affect traffic and is not imported: write this resource with the annotation config.kubernetes.io/local-config instead")
		}
	}
}
