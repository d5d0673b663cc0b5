package draft

import (
	"fmt"
	"regexp"
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

// ciliumImage is the image of Cilium's agent in any version.
var ciliumImage = regexp.MustCompile(`(^|/)cilium/cilium(-ci)?([:@]|$)`)

// noteAgents notes agents in the build that are not those of the profile. It returns what they are, or "".
func (b *build) noteAgents() string {
	found := ""
	for _, w := range b.index.Workloads {
		if w.Ref.Kind != "DaemonSet" {
			continue
		}
		for _, c := range decode[podTexts](at(b.item(w.Resource), w.Field)).Containers {
			if ciliumImage.MatchString(c.Image) && !agentImage.MatchString(c.Image) {
				found = "agents of Cilium in a version that is unknown or not supported"
				b.review(describe(w.Ref), fmt.Sprintf("has the image %s: the profile needs the version of Cilium's agents, from 1.14 to %s: set cluster.ciliumVersion, or upgrade", c.Image, newestCilium))
			}
			for _, a := range otherAgents {
				if a.image.MatchString(c.Image) {
					found = "agents of " + a.name
					b.review(describe(w.Ref), fmt.Sprintf("is an agent of %s: if it enforces policies, set cluster of the profile to cni: Kubernetes with podCIDRs, serviceCIDRs and nodeCIDRs", a.name))
				}
			}
		}
	}
	return found
}
