package draft

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/resource"
)

var (
	// supported matches the versions of Cilium that a profile accepts.
	supported = strings.ReplaceAll(strings.Join(cilium.Versions(), "|"), ".", `\.`)
	// agentImage is the image of Cilium's agent.
	agentImage = regexp.MustCompile(`/cilium:v?(` + supported + `)\.`)
	// chartVersion is the version of Cilium's chart, which is that of the agents.
	chartVersion = regexp.MustCompile(`^v?(` + supported + `)(?:\.|$)`)
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
