package external_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/external"
)

// pod is a running pod of a controller. template is the part of a pod template.
func pod(name, labels, owner, spec string) string {
	return "{apiVersion: v1, kind: Pod, metadata: {name: " + name + ", namespace: apps, labels: " + labels + ", ownerReferences: [" + owner + "]}, spec: " + spec + "}"
}

func owner(apiVersion, kind, name string) string {
	return "{apiVersion: " + apiVersion + ", kind: " + kind + ", name: " + name + ", controller: true}"
}

const web = "{containers: [{name: web, ports: [{name: http, containerPort: 80, protocol: TCP}]}]}"

// TestWorkloadsOfPods imports pods and controllers, and compares the lines of the workloads.
func TestWorkloadsOfPods(t *testing.T) {
	t.Parallel()
	deployment := "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: apps}, spec: {template: {metadata: {labels: {app: web}}, spec: " + web + "}}}"
	withTemplate := func(hash, replicas, labels string) string {
		return "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web-" + hash + ", namespace: apps, labels: {app: web, pod-template-hash: " + hash + "}, ownerReferences: [" + owner("apps/v1", "Deployment", "web") + "]}, spec: {replicas: " + replicas + ", template: {metadata: {labels: {" + labels + ", pod-template-hash: " + hash + "}}, spec: " + web + "}}}"
	}
	replicaSet := func(hash, replicas string) string {
		return withTemplate(hash, replicas, "app: web, revision: "+hash)
	}
	set := func(kind, metadata, status string) string {
		return "{apiVersion: apps/v1, kind: " + kind + ", metadata: {name: web, namespace: apps" + metadata + "}, spec: {template: {metadata: {labels: {app: web}}, spec: " + web + "}}, status: {" + status + "}}"
	}
	const both = "a pod of an older template, and the template"
	running := func(name, labels string) string {
		return pod(name, labels, owner("apps/v1", "ReplicaSet", "web-aaa"), web)
	}
	for desc, c := range map[string]struct {
		items []string
		want  []string
	}{
		"a controller without pods": {
			[]string{deployment},
			[]string{"{name: web, labels: {app: web}, ports: [{name: http, port: 80}]}"},
		},
		"pods as their template": {
			[]string{deployment, replicaSet("aaa", "1"), running("web-aaa-1", "{app: web, pod-template-hash: aaa}")},
			[]string{"{name: web, labels: {app: web}, ports: [{name: http, port: 80}]}"},
		},
		"pods that a webhook changes": {
			[]string{deployment, withTemplate("aaa", "2", "app: web"), running("web-aaa-1", "{app: web, mesh: x, pod-template-hash: aaa}"), running("web-aaa-2", "{app: web, mesh: x, pod-template-hash: aaa}")},
			[]string{"{name: web, labels: {app: web, mesh: x}, ports: [{name: http, port: 80}]}"},
		},
		both + " of a Deployment": {
			[]string{deployment, withTemplate("aaa", "1", "app: web, version: v1"), running("web-aaa-1", "{app: web, version: v1, pod-template-hash: aaa}")},
			[]string{"{name: web, labels: {app: web}, ports: [{name: http, port: 80}]}", "{name: web-aaa-1, kind: Pod, labels: {app: web, version: v1}, ports: [{name: http, port: 80}]}"},
		},
		both + " of a Deployment whose ReplicaSet is missing": {
			[]string{deployment, running("web-aaa-1", "{app: old, pod-template-hash: aaa}")},
			[]string{"{name: web, labels: {app: web}, ports: [{name: http, port: 80}]}", "{name: web-aaa-1, kind: Pod, labels: {app: old}, ports: [{name: http, port: 80}]}"},
		},
		both + " of a StatefulSet": {
			[]string{set("StatefulSet", "", "updateRevision: web-2"), pod("web-0", "{app: old, controller-revision-hash: web-1}", owner("apps/v1", "StatefulSet", "web"), web)},
			[]string{"{name: web, kind: StatefulSet, labels: {app: web}, ports: [{name: http, port: 80}]}", "{name: web-0, kind: Pod, labels: {app: old}, ports: [{name: http, port: 80}]}"},
		},
		"the pod of a StatefulSet that a webhook changes": {
			[]string{set("StatefulSet", "", "updateRevision: web-2"), pod("web-0", "{app: web, mesh: x, controller-revision-hash: web-2}", owner("apps/v1", "StatefulSet", "web"), web)},
			[]string{"{name: web, kind: StatefulSet, labels: {app: web, mesh: x}, ports: [{name: http, port: 80}]}"},
		},
		both + " of a DaemonSet": {
			[]string{set("DaemonSet", `, annotations: {deprecated.daemonset.template.generation: "2"}`, ""), pod("web-x", `{app: old, pod-template-generation: "1"}`, owner("apps/v1", "DaemonSet", "web"), web)},
			[]string{"{name: web, kind: DaemonSet, labels: {app: web}, ports: [{name: http, port: 80}]}", "{name: web-x, kind: Pod, labels: {app: old}, ports: [{name: http, port: 80}]}"},
		},
		"the pod of a DaemonSet that a webhook changes": {
			[]string{set("DaemonSet", `, annotations: {deprecated.daemonset.template.generation: "2"}`, ""), pod("web-x", `{app: web, mesh: x, pod-template-generation: "2"}`, owner("apps/v1", "DaemonSet", "web"), web)},
			[]string{"{name: web, kind: DaemonSet, labels: {app: web, mesh: x}, ports: [{name: http, port: 80}]}"},
		},
		"a rollout that changes the pods": {
			[]string{deployment, replicaSet("aaa", "2"), running("web-aaa-1", "{app: old, pod-template-hash: aaa}"), running("web-aaa-2", "{app: web, pod-template-hash: aaa}")},
			[]string{"{name: web, labels: {app: web}, ports: [{name: http, port: 80}]}", "{name: web-aaa-1, kind: Pod, labels: {app: old}, ports: [{name: http, port: 80}]}"},
		},
		"two ReplicaSets alone, where one is scaled to 0": {
			[]string{replicaSet("aaa", "0"), replicaSet("bbb", "1")},
			[]string{"{name: web, labels: {app: web, revision: bbb}, ports: [{name: http, port: 80}]}"},
		},
		"pods of a ReplicaSet in the input, whose Deployment is missing": {
			[]string{replicaSet("aaa", "1"), running("web-aaa-1", "{app: web, pod-template-hash: aaa}")},
			[]string{"{name: web, labels: {app: web}, ports: [{name: http, port: 80}]}"},
		},
		"a ReplicaSet of its own": {
			[]string{pod("solo-1", "{app: solo}", owner("apps/v1", "ReplicaSet", "solo"), web)},
			[]string{"{name: solo, kind: ReplicaSet, labels: {app: solo}, ports: [{name: http, port: 80}]}"},
		},
		"pods of an unknown controller, which are equal": {
			[]string{pod("kafka-0", "{app: kafka}", owner("core.strimzi.io/v1", "StrimziPodSet", "kafka"), web), pod("kafka-1", "{app: kafka}", owner("core.strimzi.io/v1", "StrimziPodSet", "kafka"), web)},
			[]string{"{name: kafka, kind: Pod, labels: {app: kafka}, ports: [{name: http, port: 80}]}"},
		},
		"a controller of another group": {
			[]string{deployment, pod("web-1", "{app: other}", owner("example.com/v1", "Deployment", "web"), web)},
			[]string{"{name: web, labels: {app: web}, ports: [{name: http, port: 80}]}", "{name: web, kind: Pod, labels: {app: other}, ports: [{name: http, port: 80}]}"},
		},
		"static pods of two nodes": {
			[]string{pod("etcd-a", "{tier: etcd}", owner("v1", "Node", "a"), "{hostNetwork: true, containers: []}"), pod("etcd-b", "{tier: etcd}", owner("v1", "Node", "b"), "{hostNetwork: true, containers: []}")},
			[]string{"{name: etcd-a, kind: Pod, labels: {tier: etcd}, hostNetwork: true}", "{name: etcd-b, kind: Pod, labels: {tier: etcd}, hostNetwork: true}"},
		},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(4) {
				if got := workloadLines(t, c.items, seed); !slices.Equal(got, c.want) {
					t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
				}
			}
		})
	}
}

// workloadLines imports items in an order, and returns the lines with workloads.
func workloadLines(t *testing.T, texts []string, seed uint64) []string {
	t.Helper()
	items := []*yaml.RNode{yaml.MustParse("{apiVersion: v1, kind: Namespace, metadata: {name: apps}}")}
	for _, text := range texts {
		items = append(items, yaml.MustParse(text))
	}
	rand.New(rand.NewPCG(seed, 1)).Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	got := external.Import(items, nil)
	if len(got.Findings) > 0 {
		t.Errorf("findings: %v", got.Findings)
	}
	data, err := external.YAML("cluster", got.Spec)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(data)) {
		if line, ok := strings.CutPrefix(strings.TrimSpace(line), "- {"); ok {
			out = append(out, "{"+line)
		}
	}
	return out
}
