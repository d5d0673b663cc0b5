package engine_test

import (
	"testing"

	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/engine"
)

// TestLabelsInIdentityAreThoseOfCilium compares InIdentity with Cilium's own label filter.
func TestLabelsInIdentityAreThoseOfCilium(t *testing.T) {
	t.Parallel()
	// A new engine configures the filter as an agent does.
	if _, err := newEngine(engine.Options{Agent: cilium.AllFeatures()}, nil, nil); err != nil {
		t.Fatal(err)
	}
	starts := []string{
		"app", "name", "k8s-app", "component", "job-name", "controller-uid", "controller-revision-hash", "pod-template-hash",
		"pod-template-generation", "annotation", "annotations", "etcd_node", "etcd-node", "team.example.com/tier", "role.kubernetes.io/x",
		"app.kubernetes.io/name", "apps.kubernetes.io/pod-index", "apps.kubernetes.io/other", "statefulset.kubernetes.io/pod-name",
		"statefulset.kubernetes.io/pod-names", "statefulset.kubernetes.io/other", "batch.kubernetes.io/job-name",
		"batch.kubernetes.io/job-completion-index", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/cronjob-scheduled-timestamp",
		"kubernetes.io/os", "kubernetes.io", "k8s.io/x", "x-k8s.io/x", "cluster.x-k8s.io/x", "topology.kubernetes.io/zone", "topology.example.com/zone",
		"beta.kubernetes.io/os", "node.beta.kubernetes.io/x", "notbeta.kubernetes.io/x", "io.kubernetes.pod.namespace", "io.kubernetes.pod.name",
		"io.kubernetes.pod.namespace-label", "io.kubernetes.container", "io.kubernetesx", "io.cilium.k8s.policy.cluster",
		"io.cilium.k8s.policy.serviceaccount", "io.cilium.k8s.namespace.labels.team", "io.cilium.other", "helm.sh/chart", "security.istio.io/tlsMode",
	}
	keys := starts
	for _, a := range starts {
		for i := range a {
			// Prefixes, suffixes, and keys with one changed letter.
			keys = append(keys, a[:i+1], a[i:], a[:i]+"x"+a[i+1:])
		}
		for _, b := range starts {
			keys = append(keys, a+"."+b, a+"/"+b, a+b)
		}
	}
	for _, key := range keys {
		in, _ := labelsfilter.Filter(labels.Map2Labels(map[string]string{key: "x"}, labels.LabelSourceK8s))
		if got, want := v1alpha1.InIdentity(key), len(in) == 1; got != want {
			t.Errorf("%s: got %t, Cilium has %t", key, got, want)
		}
	}
}
