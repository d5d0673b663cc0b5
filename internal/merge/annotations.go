package merge

import (
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// localConfig would keep a policy from the cluster.
const localConfig = "config.kubernetes.io/local-config"

// keepHostAnnotations copies what the host needs to put a policy back where it came
// from: losing it breaks files and later patches.
func keepHostAnnotations(from, to *yaml.RNode) {
	for k, v := range from.GetAnnotations() {
		if k == localConfig {
			continue
		}
		if strings.Contains(strings.SplitN(k, "/", 2)[0], "config.kubernetes.io") || strings.Contains(k, "config.k8s.io/") {
			// SetAnnotation fails only on a node that is no map.
			_ = to.PipeE(yaml.SetAnnotation(k, v))
		}
	}
}
