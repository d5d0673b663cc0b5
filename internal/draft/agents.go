package draft

import (
	"fmt"
	"iter"
	"regexp"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// otherAgents are images of agents that enforce policies and are not Cilium's.
var otherAgents = []struct {
	image *regexp.Regexp
	name  string
}{
	{regexp.MustCompile(`(^|/)(calico/node|calico-node)([:@]|$)`), "Calico"},
	{regexp.MustCompile(`(^|/)antrea-agent[^/]*([:@]|$)`), "Antrea"},
	{regexp.MustCompile(`(^|/)kube-router([:@]|$)`), "kube-router"},
	{regexp.MustCompile(`(^|/)weave-npc([:@]|$)`), "Weave Net"},
	{regexp.MustCompile(`(^|/)kube-ovn([:@]|$)`), "Kube-OVN"},
	{regexp.MustCompile(`(^|/)(aws-network-policy-agent|amazon/aws-network-policy-agent)([:@]|$)`), "the VPC CNI of AWS"},
	{regexp.MustCompile(`(^|/)azure-npm([:@]|$)`), "Azure's network policy manager"},
}

// useKubernetes is what to do if another enforcer than Cilium enforces policies.
const useKubernetes = "set cluster of the profile to cni: Kubernetes with podCIDRs, serviceCIDRs and nodeCIDRs"

// ciliumImage is the image of Cilium's agent in any version.
var ciliumImage = regexp.MustCompile(`(^|/)cilium/cilium(-ci)?([:@]|$)`)

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
