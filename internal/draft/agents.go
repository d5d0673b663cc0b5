package draft

import (
	"cmp"
	"fmt"
	"iter"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// otherAgents are images of agents that enforce policies and are not Cilium's.
var otherAgents = []struct {
	image pattern
	name  string
}{
	{newPattern(`(^|/)(calico/node|calico-node)([:@]|$)`), "Calico"},
	{newPattern(`(^|/)antrea-agent[^/]*([:@]|$)`), "Antrea"},
	{newPattern(`(^|/)kube-router([:@]|$)`), "kube-router"},
	{newPattern(`(^|/)weave-npc([:@]|$)`), "Weave Net"},
	{newPattern(`(^|/)kube-ovn([:@]|$)`), "Kube-OVN"},
	{newPattern(`(^|/)(aws-network-policy-agent|amazon/aws-network-policy-agent)([:@]|$)`), "the VPC CNI of AWS"},
	{newPattern(`(^|/)azure-npm([:@]|$)`), "Azure's network policy manager"},
}

// useKubernetes is what to do if another enforcer than Cilium enforces policies.
const useKubernetes = "set cluster of the profile to cni: Kubernetes with podCIDRs, serviceCIDRs and nodeCIDRs"

// ciliumImage is the image of Cilium's agent in any version.
var ciliumImage = newPattern(`(^|/)cilium/cilium(-ci)?([:@]|$)`)

// noteAgents notes agents in the build that are not those of the profile. It returns what they are, or "".
func (b *build) noteAgents() string {
	found := ""
	for w, image := range b.daemonImages() {
		if ciliumImage.MatchString(image) && !agentImage.MatchString(image) {
			found = "agents of Cilium in a version that is unknown or not supported"
			b.review(describe(w.Ref), fmt.Sprintf("has the image %s: the profile needs the version of Cilium's agents, from %s to %s: set cluster.ciliumVersion, or upgrade", image, cilium.Oldest, cilium.Newest))
		}
		for _, a := range otherAgents {
			if a.image.MatchString(image) {
				found = "agents of " + a.name
				b.review(describe(w.Ref), fmt.Sprintf("is an agent of %s: if it enforces policies, %s", a.name, useKubernetes))
			}
		}
	}
	return found
}

// daemonImages are the images of the containers of each DaemonSet, where agents run.
func (b *build) daemonImages() iter.Seq2[*resource.Workload, string] {
	return func(yield func(*resource.Workload, string) bool) {
		for _, w := range b.index.Workloads {
			if w.Ref.Kind != "DaemonSet" {
				continue
			}
			for _, c := range b.textsOf(w).Containers {
				if !yield(w, c.Image) {
					return
				}
			}
		}
	}
}

var (
	// supported matches the versions of Cilium that a profile accepts.
	supported = strings.ReplaceAll(strings.Join(cilium.Versions(), "|"), ".", `\.`)
	// agentImage is the image of Cilium's agent.
	agentImage = newPattern(`/cilium:v?(` + supported + `)\.`)
	// chartVersion is the version of Cilium's chart, which is that of the agents.
	chartVersion = newPattern(`^v?(` + supported + `)(?:\.|$)`)
)

// writeCluster writes what enforces policies: what the build shows, or an assumption to review.
func (w *writer) writeCluster(spec *v1alpha1.FenceProfileSpec) {
	b := w.build
	version, where := b.ciliumVersion()
	spec.Cluster = v1alpha1.Cluster{CNI: v1alpha1.CNICilium, CiliumVersion: cmp.Or(version, cilium.Newest)}
	b.noteCalico()
	agents := b.noteAgents()
	if version != "" {
		w.comment("spec.cluster.ciliumVersion", "From "+where+".")
		b.chose(fmt.Sprintf("cluster: Cilium %s (%s)", version, where))
		return
	}
	switch {
	case len(b.ofKind("cilium.io", resource.KindCilium, resource.KindClusterwide)) > 0:
		b.chose("cluster: Cilium, since the build has CiliumNetworkPolicies")
	case agents != "":
		w.comment("spec.cluster.cni", "Assumed: the build has "+agents+".")
	default:
		w.comment("spec.cluster.cni", "Assumed: nothing in the build shows what enforces policies.")
		b.review(profileField("cni"), "is Cilium by assumption: nothing in the build shows what enforces policies: for Calico and others, set cni: Kubernetes with podCIDRs, serviceCIDRs and nodeCIDRs")
	}
	w.comment("spec.cluster.ciliumVersion", "Assumed: set the minor version of your agents (cilium version, or the tag of their image).")
	b.review(profileField("ciliumVersion"), fmt.Sprintf("is %s by assumption, the newest supported version: older agents may ignore or refuse what it generates: set the minor version that cilium version prints, or the tag of the agents' image", cilium.Newest))
}

func profileField(name string) string {
	return v1alpha1.KindFenceProfile + "/" + ProfileName + " spec.cluster." + name
}

func (b *build) noteCalico() {
	for _, n := range b.items {
		if group := resource.Group(n); strings.HasSuffix(group, "projectcalico.org") || group == "operator.tigera.io" {
			b.review(describe(resource.RefOf(n)), "is a resource of Calico: if Calico enforces policies, "+useKubernetes)
			return
		}
	}
}

// ciliumVersion is the minor version of Cilium's agents in the build, and where it is from.
func (b *build) ciliumVersion() (version, where string) {
	for w, image := range b.daemonImages() {
		if m := agentImage.FindStringSubmatch(image); m != nil {
			return m[1], "the image of " + describe(w.Ref)
		}
	}
	for _, n := range b.ofKind("helm.toolkit.fluxcd.io", "HelmRelease") {
		chart := at(n, "spec.chart.spec.chart")
		number := at(n, "spec.chart.spec.version")
		if chart == nil || number == nil || chart.YNode().Value != "cilium" {
			continue
		}
		if m := chartVersion.FindStringSubmatch(number.YNode().Value); m != nil {
			return m[1], "the chart of " + describe(resource.RefOf(n))
		}
	}
	return "", ""
}
