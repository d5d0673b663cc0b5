package resource

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

//go:embed operators/*.yaml
var operatorFiles embed.FS

// Operator describes an operator that creates pods without a pod template. It is a file in
// operators/. A text in it may contain {field} for the text of a field of the resource, {a|b} for b
// if a is not set, {name} for the resource's name and * for a generated value. A field that begins
// with item is a field of the current element of each.
type Operator struct {
	Operator string `json:"operator"`
	// Version is the version that the file describes, and Source is its source code.
	Version string `json:"version"`
	Source  string `json:"source"`
	// Unknown describes what the file does not cover.
	Unknown string `json:"unknown"`
	// Runs are the operator's own pods. An omitted namespace is not fixed.
	Runs  OperatorPods   `json:"runs"`
	Kinds []OperatorKind `json:"kinds"`
}

// OperatorPods are the pods of the operator itself, as it is usually installed.
type OperatorPods struct {
	Namespace string            `json:"namespace"`
	Labels    map[string]string `json:"labels"`
}

// OperatorKind is a kind from which the operator creates pods and Services.
type OperatorKind struct {
	Group    string            `json:"group"`
	Kind     string            `json:"kind"`
	Versions []string          `json:"versions"`
	Pods     []inferredPods    `json:"pods"`
	Services []inferredService `json:"services"`
	Flows    []operatorFlow    `json:"flows"`
	Policies []operatorPolicy  `json:"policies"`
	// UnknownPods are fields with an unknown effect on the pods.
	UnknownPods []unknownPodsField `json:"unseen"`
}

type unknownPodsField struct {
	conditions
	Reason string `json:"reason"`
}

// inferredPods are pods of one role. As is the kind that reports print instead of the resource's.
type inferredPods struct {
	conditions
	As   string `json:"as"`
	Each string `json:"each"`
	// Inherited are fields with labels, which the operator's labels override unless InheritedWins.
	// NotInherited are prefixes of keys that are not inherited.
	Inherited     []string          `json:"inherited"`
	NotInherited  []string          `json:"notInherited"`
	InheritedWins bool              `json:"inheritedWins"`
	Labels        map[string]string `json:"labels"`
	Relabel       []relabel         `json:"relabel"`
	// PodSpec is a field like the spec of a pod. Its hostNetwork, serviceAccountName and containers
	// are used, and their ports unless PortsOfPodSpec is false.
	PodSpec             string         `json:"podSpec"`
	PortsOfPodSpec      *bool          `json:"portsOfPodSpec"`
	HostNetwork         string         `json:"hostNetwork"`
	ServiceAccount      string         `json:"serviceAccount"`
	ServiceAccountField string         `json:"serviceAccountField"`
	Ports               []inferredPort `json:"ports"`
}

type relabel struct {
	conditions
	Label string `json:"label"`
	Value string `json:"value"`
}

// inferredPort is a port of pods or of a Service. Fields that are set have precedence. Target is
// the pods' port, if it differs from the Service's.
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

// operatorFlow is a flow that the pods require: from the operator or from the pods to the pods, or
// from the pods to the API server. Ports are as "8000" or "9094/UDP".
type operatorFlow struct {
	conditions
	Name string            `json:"name"`
	From string            `json:"from"`
	To   string            `json:"to"`
	Pods map[string]string `json:"pods"`
	// Sources and Targets are the labels of the connecting pods, if not all pods connect to one
	// another.
	Sources map[string]string `json:"sources"`
	Targets map[string]string `json:"targets"`
	Ports   []any             `json:"ports"`
	Reason  string            `json:"why"`
}

// conditions decide whether an entry applies: all of When are met, and not all of Unless.
type conditions struct {
	When   []condition `json:"when"`
	Unless []condition `json:"unless"`
}

// condition is a requirement on one field of the resource: its text, whether it is set, a lower
// bound for its number, or an element of its list.
type condition struct {
	Field string `json:"field"`
	Is    string `json:"is"`
	Set   *bool  `json:"set"`
	Above *int   `json:"above"`
	Holds string `json:"holds"`
}

// Operators returns all known operators, sorted by file name.
func Operators() []Operator {
	var out []Operator
	for _, f := range operators().files {
		o, _ := f()
		out = append(out, *o)
	}
	return out
}

// operatorFile decodes a file when it is first called.
type operatorFile func() (*Operator, error)

// operatorIndex has the files of operators, all and by the groups of their kinds.
type operatorIndex struct {
	files   []operatorFile
	byGroup map[string][]operatorFile
}

// groupLine begins the first line of each entry of kinds.
const groupLine = "\n- group: "

// operators decodes no file, because decoding all of them takes longer than the rest of a small run.
var operators = sync.OnceValue(func() operatorIndex {
	x := operatorIndex{byGroup: map[string][]operatorFile{}}
	names, _ := fs.Glob(operatorFiles, "operators/*.yaml") // fails only for a malformed pattern
	for _, name := range names {
		data, err := operatorFiles.ReadFile(name)
		f := readOperator(name, data, err)
		x.files = append(x.files, f)
		var groups []string
		for _, entry := range strings.Split(string(data), groupLine)[1:] {
			group, _, _ := strings.Cut(entry, "\n")
			groups = append(groups, group)
		}
		slices.Sort(groups)
		for _, group := range slices.Compact(groups) {
			x.byGroup[group] = append(x.byGroup[group], f)
		}
	}
	return x
})

func readOperator(name string, data []byte, err error) operatorFile {
	return sync.OnceValues(func() (*Operator, error) {
		o := new(Operator)
		if err == nil {
			err = yaml.UnmarshalStrict(data, o)
		}
		if err != nil {
			return o, fmt.Errorf("%s: %w", name, err)
		}
		return o, nil
	})
}

func operatorOf(n *kyaml.RNode) (*Operator, *OperatorKind) {
	for _, f := range operators().byGroup[Group(n)] {
		o, _ := f()
		for j := range o.Kinds {
			if k := &o.Kinds[j]; k.Group == Group(n) && k.Kind == n.GetKind() {
				return o, k
			}
		}
	}
	return nil, nil
}

// HasOperator reports whether a known operator creates pods from a resource.
func HasOperator(n *kyaml.RNode) bool {
	o, _ := operatorOf(n)
	return o != nil
}

// Inferred has the pods that an operator creates from one resource, according to its file.
type Inferred struct {
	Resource report.Ref
	Operator *Operator
	// UnknownVersion reports that the file does not list the resource's version.
	UnknownVersion bool
	Workloads      []*Workload
	// RequiredFlows are the flows that the pods require.
	RequiredFlows []RequiredFlow
	// Policies are the NetworkPolicies that the operator creates.
	Policies []OperatorNetworkPolicy
}

// RequiredFlow is a flow that the pods of an operator require.
type RequiredFlow struct {
	Name string
	// Direction is the direction at the pods. FromOperator and ToAPIServer identify the peer.
	// Without either, the peer is the pods themselves.
	Direction                 flow.Direction
	FromOperator, ToAPIServer bool
	// Pods are their labels. Sources and Targets are labels of the connecting pods, if not all
	// connect to one another.
	Pods, Sources, Targets map[string]string
	Ports                  []flow.Port
	Reason                 string
}

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

// addOperatorServices adds the Services that operators create, if the build has none of the same
// name.
func (x *Index) addOperatorServices() {
	for _, m := range x.operatorServices {
		if !slices.ContainsFunc(x.Services, func(s *Service) bool { return s.Ref.Namespace == m.Ref.Namespace && s.Ref.Name == m.Ref.Name }) {
			x.Services = append(x.Services, m)
		}
	}
}
