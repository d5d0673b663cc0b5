package resource

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/block"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// Workload creates pods: a Pod, or a controller with a pod template.
type Workload struct {
	// Ref identifies the workload. If a resource creates several kinds of pods, each has its own
	// Ref, which no resource has.
	Ref report.Ref
	// Resource is the source, and Field is the pods' spec in it.
	Resource report.Ref
	Field    string
	// Labels are the labels of the pods that are part of their identity under Cilium, including
	// labels that a controller adds. AllLabels has all labels, which NetworkPolicies of another
	// enforcer may select by.
	Labels, AllLabels map[string]string
	HostNetwork       bool
	ServiceAccount    string
	// External reports that the workload is only declared (local-config), because something else
	// creates it.
	External bool
	// Ports are the named ports of containers. Cilium ignores names of ports of init containers.
	Ports []endpoints.NamedPort
	// SidecarPorts are the named ports of native sidecars, which are init containers that keep
	// running. Services resolve these names, and policies do not.
	SidecarPorts []endpoints.NamedPort
	// DeclaredPorts are all ports that the containers and native sidecars declare.
	DeclaredPorts []flow.Port
	// HostPorts are ports of the nodes that forward to the pods.
	HostPorts []HostPort
	// DNS describes how the pods resolve names.
	DNS PodDNS
}

// ResolveTargetPort returns the number of a Service's target port at the workload's pods, and
// whether they have that port.
func (w *Workload) ResolveTargetPort(p flow.Port) (flow.Port, bool) {
	if p.Name == "" {
		return p, true
	}
	// Kubernetes searches the containers first.
	for _, n := range slices.Concat(w.Ports, w.SidecarPorts) {
		if n.Name == p.Name && n.Protocol == p.Protocol {
			return flow.Port{Port: int32(n.Port), Protocol: n.Protocol}, true
		}
	}
	return p, false
}

// podSpec and its related types are the part of a pod that affects policies. They are decoded
// leniently: other fields may have any value.
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

// TemplatePath returns the path of the pod template in a workload of Kubernetes, empty for a Pod,
// and nil for other resources.
func TemplatePath(n *yaml.RNode) []string { return templatePath[groupKind(n)] }

// IsWorkload reports whether an ID is that of a workload of Kubernetes.
func IsWorkload(id report.Ref) bool {
	return templatePath[groupKindOf(cmp.Or(id.APIVersion, "v1"), id.Kind)] != nil
}

// LabelField returns the field with a label of the pods, or "" if the kind has no pod template.
func (w *Workload) LabelField(key string) string {
	path, ok := templatePath[groupKindOf(w.Ref.APIVersion, w.Ref.Kind)]
	if !ok {
		return ""
	}
	return strings.Join(append(slices.Clone(path), "metadata", "labels["+key+"]"), ".")
}

// groupKind is "apps/Deployment", and "v1/Pod" for the core group.
func groupKind(n *yaml.RNode) string { return groupKindOf(apiVersionOf(n), kindOf(n)) }

func groupKindOf(apiVersion, kind string) string {
	group, _, _ := strings.Cut(apiVersion, "/")
	return group + "/" + kind
}

// Group returns the API group of a resource, "" for the core group.
func Group(n *yaml.RNode) string { return groupOf(apiVersionOf(n)) }

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

func specOf(template string) string { return strings.TrimPrefix(template+".spec", ".") }

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

// addPorts adds a container's ports. Those with a name are added to the named ports too.
func (w *Workload) addPorts(c container, named *[]endpoints.NamedPort) {
	for _, p := range c.Ports {
		w.DeclaredPorts = append(w.DeclaredPorts, flow.Port{Port: int32(p.ContainerPort), Protocol: protocolOr(p.Protocol)})
		if p.HostPort != 0 {
			w.HostPorts = append(w.HostPorts, HostPort{
				Host: flow.Port{Port: int32(p.HostPort), Protocol: protocolOr(p.Protocol)}, Port: flow.Port{Port: int32(p.ContainerPort), Protocol: protocolOr(p.Protocol)},
			})
		}
		if p.Name != "" {
			*named = append(*named, endpoints.NamedPort{Name: p.Name, Port: p.ContainerPort, Protocol: protocolOr(p.Protocol)})
		}
	}
}

// jobOf reads the parts of a Job or CronJob that affect the labels of its pods.
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
	data, err := block.JSON(n)
	if err != nil {
		return err
	}
	err = json.Unmarshal(data, into)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%s must not be %s", wrong.Field, strings.NewReplacer("array", "a list", "object", "a mapping", "string", "a string", "number", "a number", "bool", "a boolean").Replace(wrong.Value))
	}
	return err
}
