package resource

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

type declaration struct {
	origin
	node *yaml.RNode
	// slices are the EndpointSlices of a Service.
	slices []*yaml.RNode
	// isGrouping reports a namespace without labels, which only groups workloads and Services.
	isGrouping bool
}

func expand(e ExternalResources) []declaration {
	var out []declaration
	add := func(at string, n map[string]any, slices ...map[string]any) *declaration {
		d := declaration{origin: origin{e.Ref, at}, node: e.node(n)}
		for _, s := range slices {
			d.slices = append(d.slices, e.node(s))
		}
		out = append(out, d)
		return &out[len(out)-1]
	}
	for i, ns := range e.Spec.Namespaces {
		at := "spec.namespaces" + element(i, ns.Name, 1)
		namespace := object("v1", "Namespace", "", ns.Name)
		setMetadata(namespace, "labels", ns.Labels)
		add(at, namespace).isGrouping = ns.Labels == nil
		names := map[string]int{}
		for _, w := range ns.Workloads {
			names[w.Name]++
		}
		for j, w := range ns.Workloads {
			add(at+".workloads"+element(j, w.Name, names[w.Name]), workloadObject(ns.Name, w))
		}
		for j, s := range ns.Services {
			add(at+".services"+element(j, s.Name, 1), serviceObject(ns.Name, s), sliceObjects(ns.Name, s)...)
		}
	}
	for i, node := range e.Spec.Nodes {
		n := object("v1", "Node", "", node.Name)
		setMetadata(n, "labels", node.Labels)
		var own []any
		for _, a := range node.Addresses {
			own = append(own, map[string]any{"type": "InternalIP", "address": a})
		}
		set(n, "status", set(map[string]any{}, "addresses", own))
		add("spec.nodes"+element(i, node.Name, 1), n)
	}
	return out
}

// element is the step to an element of a list: its name, or its index if the name is not unique or
// looks like an index.
func element(i int, name string, sameName int) string {
	if sameName > 1 || name == "" || name[0] >= '0' && name[0] <= '9' {
		return fmt.Sprintf("[%d]", i)
	}
	return "[" + name + "]"
}

// node converts an object to an item that is local-config, with the file of the ExternalResources.
func (e ExternalResources) node(object map[string]any) *yaml.RNode {
	setMetadata(object, "annotations", map[string]string{LocalConfig: "true"})
	n, err := yaml.FromMap(object)
	if err != nil {
		// It has only maps, lists, texts and numbers.
		return yaml.MakeNullNode()
	}
	_ = SetSource(n, Source{File: e.Ref.File, Index: e.Ref.Index}) // It fails only for metadata that is no mapping.
	return n
}

func object(apiVersion, kind, namespace, name string) map[string]any {
	metadata := map[string]any{"name": name}
	if namespace != "" {
		metadata["namespace"] = namespace
	}
	return map[string]any{"apiVersion": apiVersion, "kind": kind, "metadata": metadata}
}

func setMetadata(object map[string]any, field string, values map[string]string) {
	if len(values) > 0 {
		metadata, _ := object["metadata"].(map[string]any)
		metadata[field] = textMap(values)
	}
}

func textMap(values map[string]string) map[string]any {
	out := map[string]any{}
	for key, value := range values {
		out[key] = value
	}
	return out
}

// set sets a field that has a value, and returns the mapping.
func set[T any](in map[string]any, field string, value T) map[string]any {
	switch v := any(value).(type) {
	case string:
		if v == "" {
			return in
		}
	case []any:
		if len(v) == 0 {
			return in
		}
	case map[string]any:
		if len(v) == 0 {
			return in
		}
	case int32:
		if v == 0 {
			return in
		}
		in[field] = int(v)
		return in
	}
	in[field] = value
	return in
}

func textList(values []string) []any {
	var out []any
	for _, v := range values {
		out = append(out, v)
	}
	return out
}

var workloadGroups = map[v1alpha1.WorkloadKind]string{
	v1alpha1.WorkloadPod: "v1", v1alpha1.WorkloadReplicationController: "v1",
	v1alpha1.WorkloadDeployment: "apps/v1", v1alpha1.WorkloadReplicaSet: "apps/v1", v1alpha1.WorkloadStatefulSet: "apps/v1", v1alpha1.WorkloadDaemonSet: "apps/v1",
	v1alpha1.WorkloadJob: "batch/v1", v1alpha1.WorkloadCronJob: "batch/v1",
}

func workloadObject(namespace string, w v1alpha1.ExternalWorkload) map[string]any {
	out := object(workloadGroups[w.Kind], string(w.Kind), namespace, w.Name)
	pod := podObject(w)
	path := slices.Clone(templatePath[groupKindOf(workloadGroups[w.Kind], string(w.Kind))])
	if len(path) == 0 {
		setMetadata(out, "labels", w.Labels)
		out["spec"] = pod
		return out
	}
	template := map[string]any{"spec": pod}
	if len(w.Labels) > 0 {
		template["metadata"] = map[string]any{"labels": textMap(w.Labels)}
	}
	for len(path) > 1 {
		last := len(path) - 1
		template, path = map[string]any{path[last]: template}, path[:last]
	}
	out[path[0]] = template
	return out
}

func podObject(w v1alpha1.ExternalWorkload) map[string]any {
	pod := set(map[string]any{}, "serviceAccountName", w.ServiceAccount)
	if w.HostNetwork {
		pod["hostNetwork"] = true
	}
	var ports, sidecarPorts []any
	for _, p := range w.Ports {
		port := set(set(map[string]any{"containerPort": int(p.Port), "protocol": string(p.Protocol)}, "name", p.Name), "hostPort", p.HostPort)
		if p.Sidecar {
			sidecarPorts = append(sidecarPorts, port)
		} else {
			ports = append(ports, port)
		}
	}
	pod["containers"] = []any{set(map[string]any{"name": "main"}, "ports", ports)}
	if len(sidecarPorts) > 0 {
		pod["initContainers"] = []any{map[string]any{"name": "sidecar", "restartPolicy": "Always", "ports": sidecarPorts}}
	}
	if d := w.DNS; d != nil {
		set(pod, "dnsPolicy", string(d.Policy))
		set(pod, "dnsConfig", set(set(map[string]any{}, "nameservers", textList(d.Nameservers)), "searches", textList(d.Searches)))
		var aliases []any
		for _, a := range d.HostAliases {
			aliases = append(aliases, map[string]any{"ip": a.IP, "hostnames": textList(a.Hostnames)})
		}
		set(pod, "hostAliases", aliases)
	}
	return pod
}

func serviceObject(namespace string, s v1alpha1.ExternalService) map[string]any {
	out := object("v1", "Service", namespace, s.Name)
	spec := set(map[string]any{}, "selector", textMap(s.Selector))
	var ports []any
	for _, p := range s.Ports {
		port := set(set(map[string]any{"port": int(p.Port), "protocol": string(p.Protocol)}, "name", p.Name), "nodePort", p.NodePort)
		if p.TargetPort != nil {
			port["targetPort"] = targetValue(*p.TargetPort)
		}
		ports = append(ports, port)
	}
	set(spec, "ports", ports)
	set(spec, "type", string(s.Type))
	if s.ExternalName != "" {
		spec["type"], spec["externalName"] = "ExternalName", s.ExternalName
	}
	if s.Headless {
		spec["clusterIP"] = "None"
	}
	set(spec, "clusterIPs", textList(s.ClusterIPs))
	set(spec, "externalIPs", textList(s.ExternalIPs))
	set(spec, "loadBalancerSourceRanges", textList(s.LoadBalancerSourceRanges))
	set(spec, "externalTrafficPolicy", string(s.ExternalTrafficPolicy))
	out["spec"] = spec
	var assigned []any
	for _, ip := range s.LoadBalancerIPs {
		assigned = append(assigned, map[string]any{"ip": ip})
	}
	if len(assigned) > 0 {
		out["status"] = map[string]any{"loadBalancer": map[string]any{"ingress": assigned}}
	}
	return out
}

func targetValue(p intstr.IntOrString) any {
	if p.Type == intstr.String {
		return p.StrVal
	}
	return int(p.IntVal)
}

// sliceObjects returns the EndpointSlices of a Service. Their names contain a space, which no
// resource of the build may have.
func sliceObjects(namespace string, s v1alpha1.ExternalService) []map[string]any {
	var out []map[string]any
	for i, e := range s.Endpoints {
		slice := object("discovery.k8s.io/v1", "EndpointSlice", namespace, fmt.Sprintf("%s endpoints %d", s.Name, i))
		setMetadata(slice, "labels", map[string]string{"kubernetes.io/service-name": s.Name})
		var ports []any
		for _, p := range e.Ports {
			ports = append(ports, set(map[string]any{"port": int(p.Port), "protocol": string(p.Protocol)}, "name", p.Name))
		}
		if len(e.Ports) == 0 {
			for _, p := range s.Ports {
				target := int(p.Port)
				if p.TargetPort != nil {
					target = int(p.TargetPort.IntVal)
				}
				ports = append(ports, set(map[string]any{"port": target, "protocol": string(p.Protocol)}, "name", p.Name))
			}
		}
		slice["endpoints"] = []any{map[string]any{"addresses": textList(e.Addresses)}}
		out = append(out, set(slice, "ports", ports))
	}
	return out
}
