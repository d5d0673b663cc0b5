package resource

import (
	"maps"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
)

// GeneratedValue represents the generated value of a label that a controller sets. It is no valid
// label value, so no selector names it: Exists and NotIn select the pod, In and DoesNotExist do
// not.
const GeneratedValue = "*"

const (
	jobName       = "job-name"
	jobNameLong   = "batch.kubernetes.io/job-name"
	jobUID        = "controller-uid"
	jobUIDLong    = "batch.kubernetes.io/controller-uid"
	jobIndex      = "batch.kubernetes.io/job-completion-index"
	revisionHash  = "controller-revision-hash"
	templateHash  = "pod-template-hash"
	daemonVersion = "pod-template-generation"
	statefulPod   = "statefulset.kubernetes.io/pod-name"
	statefulIndex = "apps.kubernetes.io/pod-index"
)

// job is the part of a Job, or of a CronJob's job template, that determines labels of its pods.
type job struct {
	ManualSelector bool   `json:"manualSelector"`
	CompletionMode string `json:"completionMode"`
}

// controllerLabels returns the labels that the controller of a kind adds to its pods in addition to
// the template.
func controllerLabels(ref report.Ref, j job) map[string]string {
	out := map[string]string{}
	switch ref.Kind {
	case "Deployment":
		out[templateHash] = GeneratedValue
	case "DaemonSet":
		out[revisionHash], out[daemonVersion] = GeneratedValue, GeneratedValue
	case "StatefulSet":
		out[revisionHash], out[statefulPod], out[statefulIndex] = GeneratedValue, ref.Name+"-"+GeneratedValue, GeneratedValue
	case "Job":
		if !j.ManualSelector {
			out[jobName], out[jobNameLong] = ref.Name, ref.Name
			out[jobUID], out[jobUIDLong] = GeneratedValue, GeneratedValue
		}
	case "CronJob":
		// Each run is a Job of its own, with the time in its name.
		out[jobName], out[jobNameLong] = ref.Name+"-"+GeneratedValue, ref.Name+"-"+GeneratedValue
		out[jobUID], out[jobUIDLong] = GeneratedValue, GeneratedValue
	}
	if j.CompletionMode == "Indexed" {
		out[jobIndex] = GeneratedValue
	}
	return out
}

// ControllerLabels returns the labels that the controller of a kind may add to its pods.
func ControllerLabels(kind string) []string {
	return slices.Sorted(maps.Keys(controllerLabels(report.Ref{Kind: kind}, job{CompletionMode: "Indexed"})))
}

// addControllerLabels adds the labels that a controller sets on its pods. It separates those that
// are part of the pods' identity under Cilium.
func (w *Workload) addControllerLabels(template map[string]string, j job) {
	w.AllLabels = maps.Clone(template)
	if w.AllLabels == nil {
		w.AllLabels = map[string]string{}
	}
	for key, value := range controllerLabels(w.Ref, j) {
		// A Job's template may set the Job's name itself. Every other controller overwrites the
		// label.
		if w.AllLabels[key] == "" || w.Ref.Kind != "Job" {
			w.AllLabels[key] = value
		}
	}
	w.setIdentity()
}

// setIdentity separates the labels that are part of the pods' identity under Cilium.
func (w *Workload) setIdentity() {
	w.Labels = maps.Clone(w.AllLabels)
	// Agents remove labels with Cilium's own prefix from a template.
	maps.DeleteFunc(w.Labels, func(key, _ string) bool {
		return !v1alpha1.InIdentity(key) || strings.HasPrefix(key, "io.cilium.k8s")
	})
}
