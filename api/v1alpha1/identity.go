package v1alpha1

import (
	"slices"
	"strings"
)

// outsideIdentity are prefixes of label keys that Cilium excludes from a pod's identity by
// default.
var outsideIdentity = []string{
	"io.kubernetes",
	"kubernetes.io",
	"statefulset.kubernetes.io/pod-name",
	"apps.kubernetes.io/pod-index",
	"batch.kubernetes.io/job-completion-index",
	"batch.kubernetes.io/controller-uid",
	"k8s.io",
	"pod-template-generation",
	"pod-template-hash",
	"controller-revision-hash",
	"controller-uid",
	"annotation",
	"etcd_node",
	"topology.kubernetes.io",
}

// InIdentity reports whether Cilium includes a pod label in the pod's identity, by the label's
// key. Policies select by labels of the identity only: for them, other labels do not exist.
func InIdentity(key string) bool {
	if strings.HasPrefix(key, "io.kubernetes.pod.namespace") {
		return true
	}
	return !strings.Contains(key, "beta.kubernetes.io") &&
		!slices.ContainsFunc(outsideIdentity, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
}

// IsReservedPodLabel reports whether a key is a label that Cilium adds to those of a pod, for
// its namespace, cluster or service account.
func IsReservedPodLabel(key string) bool {
	return strings.HasPrefix(key, "io.cilium.") || strings.HasPrefix(key, "io.kubernetes.pod.")
}
