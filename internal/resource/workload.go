package resource

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// Workload is what makes pods: a Pod, or a controller with a pod template.
type Workload struct {
	// Ref is its name. Where a resource makes several kinds of pods, it is that of each of
	// them, and no resource has it.
	Ref report.Ref
	// Resource is what it is read from, and Field the pods' spec in it.
	Resource report.Ref
	Field    string
	// Labels are those of the pods that are part of their identity under Cilium, with those
	// that a controller adds. AllLabels are these and the others, which NetworkPolicies of
	// another enforcer may select by.
	Labels, AllLabels map[string]string
	HostNetwork       bool
	ServiceAccount    string
	// External reports that it is only declared (local-config), since something else makes it.
	External bool
	// Ports are the containers' ports that have a name. Cilium knows no names of init
	// containers' ports.
	Ports []policy.NamedPort
	// SidecarPorts are the named ports of init containers that keep running (native
	// sidecars). Services know these names, and no policy does.
	SidecarPorts []policy.NamedPort
	// DeclaredPorts are all ports that the containers and native sidecars declare.
	DeclaredPorts []policy.Port
	// HostPorts are ports of the pods' nodes that lead to the pods.
	HostPorts []HostPort
	// DNS is how the pods resolve names.
	DNS PodDNS
}

// ResolveTargetPort is the number of a Service's target port at the workload's pods, and whether they
// are behind that port.
func (w *Workload) ResolveTargetPort(p policy.Port) (policy.Port, bool) {
	if p.Name == "" {
		return p, true
	}
	// Kubernetes looks among the containers first.
	for _, n := range slices.Concat(w.Ports, w.SidecarPorts) {
		if n.Name == p.Name && n.Protocol == p.Protocol {
			return policy.Port{Port: int32(n.Port), Protocol: n.Protocol}, true
		}
	}
	return p, false
}

// podSpec and its kin are the part of a pod that policies are decided on. They
// are read leniently: fields that don't matter here may hold anything.
type podSpec struct {
	dnsSpec            `json:",inline"`
	HostNetwork        bool        `json:"hostNetwork"`
	ServiceAccountName string      `json:"serviceAccountName"`
	Containers         []container `json:"containers"`
	InitContainers     []container `json:"initContainers"`
}

type container struct {
	RestartPolicy string `json:"restartPolicy"`
	Ports         []struct {
		Name          string            `json:"name"`
		ContainerPort uint16            `json:"containerPort"`
		HostPort      uint16            `json:"hostPort"`
		Protocol      v1alpha1.Protocol `json:"protocol"`
	} `json:"ports"`
}

type podTemplate struct {
	Metadata struct {
		Labels map[string]string `json:"labels"`
	} `json:"metadata"`
	Spec podSpec `json:"spec"`
}

// templatePath is where a kind keeps its pod template.
var templatePath = map[string][]string{
	"v1/Pod":                   {},
	"v1/ReplicationController": {"spec", "template"},
	"apps/Deployment":          {"spec", "template"},
	"apps/StatefulSet":         {"spec", "template"},
	"apps/DaemonSet":           {"spec", "template"},
	"apps/ReplicaSet":          {"spec", "template"},
	"batch/Job":                {"spec", "template"},
	"batch/CronJob":            {"spec", "jobTemplate", "spec", "template"},
}

// LabelField is the field with a label of the pods, "" where the kind keeps no pod template.
func (w *Workload) LabelField(key string) string {
	path, ok := templatePath[groupKindOf(w.Ref.APIVersion, w.Ref.Kind)]
	if !ok {
		return ""
	}
	return strings.Join(append(slices.Clone(path), "metadata", "labels["+key+"]"), ".")
}

// groupKind is "apps/Deployment", and "v1/Pod" for the core group.
func groupKind(n *yaml.RNode) string { return groupKindOf(n.GetApiVersion(), n.GetKind()) }

func groupKindOf(apiVersion, kind string) string {
	group, _, _ := strings.Cut(apiVersion, "/")
	return group + "/" + kind
}

// Group is the API group of a resource, "" for the core group.
func Group(n *yaml.RNode) string { return groupOf(n.GetApiVersion()) }

func groupOf(apiVersion string) string {
	group, _, found := strings.Cut(apiVersion, "/")
	if !found {
		return ""
	}
	return group
}

func newWorkload(n *yaml.RNode) (*Workload, error) {
	path := templatePath[groupKind(n)]
	node, err := n.Pipe(yaml.Lookup(path...))
	if err != nil {
		return nil, err
	}
	w := &Workload{Ref: RefOf(n), Resource: RefOf(n), Field: specOf(strings.Join(path, ".")), External: IsLocalConfig(n)}
	var t podTemplate
	if node != nil {
		if err := decode(node, &t); err != nil {
			return nil, fmt.Errorf("%s%w", strings.Join(append(slices.Clone(path), ""), "."), err)
		}
	}
	j, err := jobOf(n)
	if err != nil {
		return nil, err
	}
	w.addControllerLabels(t.Metadata.Labels, j)
	w.addSpec(t.Spec)
	return w, nil
}

// specOf is the field that holds the spec of a pod template.
func specOf(template string) string { return strings.TrimPrefix(template+".spec", ".") }

// addSpec adds what decides about traffic in a pod's spec.
func (w *Workload) addSpec(spec podSpec) {
	w.HostNetwork = w.HostNetwork || spec.HostNetwork
	if w.ServiceAccount = cmp.Or(spec.ServiceAccountName, w.ServiceAccount); w.ServiceAccount == "" {
		w.ServiceAccount = "default"
	}
	w.addDNS(spec.dnsSpec)
	for _, c := range spec.Containers {
		w.addPorts(c, &w.Ports)
	}
	for _, c := range spec.InitContainers {
		if c.RestartPolicy == "Always" {
			w.addPorts(c, &w.SidecarPorts)
		}
	}
}

// addPorts adds a container's ports, with those that have a name to the named ones.
func (w *Workload) addPorts(c container, named *[]policy.NamedPort) {
	for _, p := range c.Ports {
		w.DeclaredPorts = append(w.DeclaredPorts, policy.Port{Port: int32(p.ContainerPort), Protocol: protocolOr(p.Protocol)})
		if p.HostPort != 0 {
			w.HostPorts = append(w.HostPorts, HostPort{
				Host: policy.Port{Port: int32(p.HostPort), Protocol: protocolOr(p.Protocol)}, Port: policy.Port{Port: int32(p.ContainerPort), Protocol: protocolOr(p.Protocol)},
			})
		}
		if p.Name != "" {
			*named = append(*named, policy.NamedPort{Name: p.Name, Port: p.ContainerPort, Protocol: protocolOr(p.Protocol)})
		}
	}
}

// jobOf reads what decides about the labels of a Job's or a CronJob's pods.
func jobOf(n *yaml.RNode) (job, error) {
	var j job
	path := templatePath[groupKind(n)]
	if kind := groupKind(n); kind != "batch/Job" && kind != "batch/CronJob" {
		return j, nil
	}
	spec, err := n.Pipe(yaml.Lookup(path[:len(path)-1]...))
	if spec == nil || err != nil {
		return j, err
	}
	return j, decode(spec, &j)
}

func protocolOr(p v1alpha1.Protocol) v1alpha1.Protocol {
	if p == "" {
		return v1alpha1.TCP
	}
	return p
}

func decode(n *yaml.RNode, into any) error {
	data, err := n.MarshalJSON()
	if err != nil {
		return err
	}
	err = json.Unmarshal(data, into)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%s is %s, which it cannot be", wrong.Field, strings.NewReplacer("array", "a list", "object", "a mapping", "string", "a string", "number", "a number", "bool", "a boolean").Replace(wrong.Value))
	}
	return err
}
