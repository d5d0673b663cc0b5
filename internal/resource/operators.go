package resource

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"github.com/tenantfence/tenantfence/internal/report"

	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

//go:embed operators/*.yaml
var operatorFiles embed.FS

// Operator is what is known of an operator that makes pods without a pod template: its file in
// operators/. A text in it may hold {field} for the text of a field of the resource, {a|b} for
// b where there is no a, {name} for the resource's name and * for a value that is generated. A
// field that begins with item is one of the list element that each goes through.
type Operator struct {
	Operator string `json:"operator"`
	// Version is the version that was read, and Source where.
	Version string `json:"version"`
	Source  string `json:"source"`
	// Unknown is what the file does not tell.
	Unknown string `json:"unknown"`
	// Runs are the operator's own pods. An omitted namespace is not fixed.
	Runs  OperatorPods   `json:"runs"`
	Kinds []OperatorKind `json:"kinds"`
}

// OperatorPods are the pods of an operator itself, as it is usually installed.
type OperatorPods struct {
	Namespace string            `json:"namespace"`
	Labels    map[string]string `json:"labels"`
}

// OperatorKind is one of the kinds that an operator makes pods and Services of.
type OperatorKind struct {
	Group    string            `json:"group"`
	Kind     string            `json:"kind"`
	Versions []string          `json:"versions"`
	Pods     []inferredPods    `json:"pods"`
	Services []inferredService `json:"services"`
	Flows    []operatorFlow    `json:"flows"`
	Policies []operatorPolicy  `json:"policies"`
	// UnknownPods are fields that change the pods in a way that is not known.
	UnknownPods []unknownPodsField `json:"unseen"`
}

// unknownPodsField is why pods are not known where its conditions hold.
type unknownPodsField struct {
	conditions
	Reason string `json:"reason"`
}

// inferredPods are pods of one role. As is the kind that they are known by, instead of the
// resource's.
type inferredPods struct {
	conditions
	As   string `json:"as"`
	Each string `json:"each"`
	// Inherited are fields that hold labels, under those of the operator unless InheritedWins.
	// NotInherited are the beginnings of keys that are left out.
	Inherited     []string          `json:"inherited"`
	NotInherited  []string          `json:"notInherited"`
	InheritedWins bool              `json:"inheritedWins"`
	Labels        map[string]string `json:"labels"`
	Relabel       []relabel         `json:"relabel"`
	// PodSpec is a field like the spec of a pod: hostNetwork, serviceAccountName and
	// containers count, and their ports unless PortsOfPodSpec is false.
	PodSpec             string         `json:"podSpec"`
	PortsOfPodSpec      *bool          `json:"portsOfPodSpec"`
	HostNetwork         string         `json:"hostNetwork"`
	ServiceAccount      string         `json:"serviceAccount"`
	ServiceAccountField string         `json:"serviceAccountField"`
	Ports               []inferredPort `json:"ports"`
}

// relabel sets a label where its conditions hold.
type relabel struct {
	conditions
	Label string `json:"label"`
	Value string `json:"value"`
}

// inferredPort is a port of pods or of a Service. The fields win where they are set. Target is
// the pods' port, where it is not the Service's.
type inferredPort struct {
	conditions
	Each      string            `json:"each"`
	Name      string            `json:"name"`
	NameField string            `json:"nameField"`
	Port      int32             `json:"port"`
	PortField string            `json:"portField"`
	Target    int32             `json:"target"`
	Protocol  v1alpha1.Protocol `json:"protocol"`
}

type inferredService struct {
	conditions
	Name     string            `json:"name"`
	Headless bool              `json:"headless"`
	Selector map[string]string `json:"selector"`
	Ports    []inferredPort    `json:"ports"`
}

// operatorFlow is a flow without which the pods do not work: from the operator, or from the
// pods, to the pods, or from the pods to the API server. Ports are as "8000" or "9094/UDP".
type operatorFlow struct {
	conditions
	Name string            `json:"name"`
	From string            `json:"from"`
	To   string            `json:"to"`
	Pods map[string]string `json:"pods"`
	// Sources and Targets are labels of those of the pods that connect to one another, where
	// not all do.
	Sources map[string]string `json:"sources"`
	Targets map[string]string `json:"targets"`
	Ports   []any             `json:"ports"`
	Reason  string            `json:"why"`
}

// conditions decide whether an entry counts: all of When hold, and not all of Unless.
type conditions struct {
	When   []condition `json:"when"`
	Unless []condition `json:"unless"`
}

// condition is about one field of the resource: its text, whether it is set, a number that it
// is above, or an element of the list that it is.
type condition struct {
	Field string `json:"field"`
	Is    string `json:"is"`
	Set   *bool  `json:"set"`
	Above *int   `json:"above"`
	Holds string `json:"holds"`
}

// Operators are all that are known, by the names of their files.
func Operators() []Operator {
	out, _ := readOperators()
	return out
}

// readOperators reads the files that the program holds.
var readOperators = sync.OnceValues(func() ([]Operator, error) {
	files, err := fs.Glob(operatorFiles, "operators/*.yaml")
	if err != nil {
		return nil, err
	}
	var out []Operator
	for _, file := range files {
		data, err := operatorFiles.ReadFile(file)
		var o Operator
		if err == nil {
			err = yaml.UnmarshalStrict(data, &o)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		out = append(out, o)
	}
	return out, nil
})

// operatorOf is the operator that makes pods of a resource, nil where none is known.
func operatorOf(n *kyaml.RNode) (*Operator, *OperatorKind) {
	all := Operators()
	for i := range all {
		for j := range all[i].Kinds {
			if k := &all[i].Kinds[j]; k.Group == Group(n) && k.Kind == n.GetKind() {
				return &all[i], k
			}
		}
	}
	return nil, nil
}

// Inferred are the pods that an operator makes of one resource, as its file tells.
type Inferred struct {
	Resource report.Ref
	Operator *Operator
	// UnknownVersion reports that the resource has a version that the file does not list.
	UnknownVersion bool
	Workloads      []*Workload
	// RequiredFlows are the flows without which they do not work.
	RequiredFlows []RequiredFlow
	// Policies are the NetworkPolicies that the operator makes.
	Policies []OperatorNetworkPolicy
}

// RequiredFlow is a flow without which the pods of an operator do not work.
type RequiredFlow struct {
	Name string
	// Direction is that at the pods. FromOperator and ToAPIServer tell the other end, which
	// else is the pods themselves.
	Direction                 policy.Direction
	FromOperator, ToAPIServer bool
	// Pods are their labels. Sources and Targets are labels of those that connect to one
	// another, where not all do.
	Pods, Sources, Targets map[string]string
	Ports                  []policy.Port
	Reason                 string
}

// addInferred adds what an operator makes of a resource: pods, and Services in front of them.
func (x *Index) addInferred(n *kyaml.RNode, o *Operator, k *OperatorKind) error {
	in := &inference{root: content(n.YNode()), name: n.GetName(), ref: RefOf(n)}
	out := Inferred{Resource: in.ref, Operator: o, UnknownVersion: !slices.Contains(k.Versions, versionOf(n.GetApiVersion()))}
	for _, p := range k.Pods {
		found, err := in.pods(p)
		if err != nil {
			return err
		}
		out.Workloads = append(out.Workloads, found...)
	}
	for _, s := range k.Services {
		if in.applies(s.conditions) {
			x.operatorServices = append(x.operatorServices, in.service(s))
		}
	}
	for _, f := range k.Flows {
		if in.applies(f.conditions) {
			out.RequiredFlows = append(out.RequiredFlows, in.requiredFlow(f))
		}
	}
	for _, p := range k.Policies {
		if in.applies(p.conditions) {
			out.Policies = append(out.Policies, in.policy(p))
		}
	}
	for _, u := range k.UnknownPods {
		if in.applies(u.conditions) {
			x.addUnknownPods(n, in.ref.Namespace, u.Reason)
		}
	}
	x.Workloads = append(x.Workloads, out.Workloads...)
	x.Inferred = append(x.Inferred, out)
	return nil
}

// addOperatorServices adds the Services that operators make, where the build has none of that name.
func (x *Index) addOperatorServices() {
	for _, m := range x.operatorServices {
		if !slices.ContainsFunc(x.Services, func(s *Service) bool { return s.Ref.Namespace == m.Ref.Namespace && s.Ref.Name == m.Ref.Name }) {
			x.Services = append(x.Services, m)
		}
	}
}
