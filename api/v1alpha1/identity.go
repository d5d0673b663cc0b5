package v1alpha1

import (
	"slices"
	"strings"
)

// outsideIdentity are the beginnings of the keys that Cilium keeps out of a pod's
// identity, unless its agents are told other labels than the default ones.
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

// InIdentity says whether Cilium takes a label of a pod into its identity, by the
// label's key. Policies see no other labels: one that is not in the identity is the
// same to them as one that is not there.
func InIdentity(key string) bool {
	if strings.HasPrefix(key, "io.kubernetes.pod.namespace") {
		return true
	}
	return !strings.Contains(key, "beta.kubernetes.io") &&
		!slices.ContainsFunc(outsideIdentity, func(start string) bool { return strings.HasPrefix(key, start) })
}

// IsReservedPodLabel says whether a key is one of the labels that Cilium adds to a pod's
// own: they tell its namespace, cluster and service account.
func IsReservedPodLabel(key string) bool {
	return strings.HasPrefix(key, "io.cilium.") || strings.HasPrefix(key, "io.kubernetes.pod.")
}
