package resource

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// inference determines the pods and Services that an operator creates from one resource.
type inference struct {
	root *yaml.Node
	// item is the list element of an entry with each. Nil: the entry has none.
	item *yaml.Node
	name string
	ref  report.Ref
}

// pods returns the pods of one role, for each element of a list if the role has one.
func (in *inference) pods(p inferredPods) ([]*Workload, error) {
	if !in.applies(p.conditions) {
		return nil, nil
	}
	items := []*yaml.Node{nil}
	if p.Each != "" {
		items = elements(in.at(p.Each))
	}
	var out []*Workload
	for i, item := range items {
		own := *in
		own.item = item
		w, err := own.workload(p)
		if err != nil {
			return nil, err
		}
		w.Field = strings.Replace(w.Field, "item.", fmt.Sprintf("%s[%d].", p.Each, i), 1)
		if len(items) > 1 {
			w.Ref.Name += "." + elementName(item, i)
		}
		out = append(out, w)
	}
	return out, nil
}

func (in *inference) workload(p inferredPods) (*Workload, error) {
	w := &Workload{Ref: in.ref, Resource: in.ref, Field: cmp.Or(strings.TrimSuffix(p.HostNetwork, ".hostNetwork"), p.PodSpec, "spec")}
	w.Ref.Kind = cmp.Or(p.As, in.ref.Kind)
	var spec podSpec
	if at := in.at(p.PodSpec); at != nil {
		if err := decode(yaml.NewRNode(at), &spec); err != nil {
			return nil, fmt.Errorf("%s.%w", p.PodSpec, err)
		}
	}
	if p.PortsOfPodSpec != nil && !*p.PortsOfPodSpec {
		spec.Containers, spec.InitContainers = nil, nil
	}
	w.HostNetwork = in.text(p.HostNetwork) == "true"
	w.ServiceAccount = cmp.Or(in.text(p.ServiceAccountField), in.expand(p.ServiceAccount))
	for _, port := range in.ports(p.Ports) {
		w.DeclaredPorts = append(w.DeclaredPorts, flow.Port{Port: port.TargetPort.IntVal, Protocol: port.Protocol})
		if port.Name != "" {
			w.Ports = append(w.Ports, endpoints.NamedPort{Name: port.Name, Port: uint16(port.TargetPort.IntVal), Protocol: port.Protocol})
		}
	}
	w.addSpec(spec)
	in.addLabels(w, p)
	return w, nil
}

func (in *inference) addLabels(w *Workload, p inferredPods) {
	own, passed := in.expandAll(p.Labels), map[string]string{}
	for _, r := range p.Relabel {
		if in.applies(r.conditions) {
			own[r.Label] = in.expand(r.Value)
		}
	}
	for _, path := range p.Inherited {
		maps.Copy(passed, texts(in.at(path)))
	}
	maps.DeleteFunc(passed, func(key, _ string) bool {
		return slices.ContainsFunc(p.NotInherited, func(start string) bool { return strings.HasPrefix(key, start) })
	})
	under, over := passed, own
	if p.InheritedWins {
		under, over = own, passed
	}
	w.AllLabels = map[string]string{}
	maps.Copy(w.AllLabels, under)
	maps.Copy(w.AllLabels, over)
	w.setIdentity()
}

func (in *inference) service(s inferredService) *Service {
	ref := report.Ref{APIVersion: "v1", Kind: "Service", Namespace: in.ref.Namespace, Name: in.expand(s.Name), File: in.ref.File, Index: in.ref.Index}
	out := &Service{Ref: ref, Selector: in.expandAll(s.Selector), Type: "ClusterIP", Ports: in.ports(s.Ports)}
	if s.Headless {
		out.ClusterIP = "None"
	}
	return out
}

func (in *inference) ports(list []inferredPort) []ServicePort {
	var out []ServicePort
	for _, p := range list {
		items := []*yaml.Node{in.item}
		if p.Each != "" {
			items = elements(in.at(p.Each))
		}
		for _, item := range items {
			own := *in
			own.item = item
			if !own.applies(p.conditions) {
				continue
			}
			number := p.Port
			if n, err := strconv.ParseUint(own.text(p.PortField), 10, 16); err == nil {
				number = int32(n)
			}
			out = append(out, ServicePort{
				Name: cmp.Or(own.text(p.NameField), own.expand(p.Name)), Port: number, Protocol: protocolOr(p.Protocol), TargetPort: intstr.FromInt32(cmp.Or(p.Target, number)),
			})
		}
	}
	return out
}

func (in *inference) requiredFlow(f operatorFlow) RequiredFlow {
	out := RequiredFlow{Name: f.Name, Direction: flow.Ingress, FromOperator: f.From == "operator", ToAPIServer: f.To == "apiserver", Pods: in.expandAll(f.Pods), Sources: in.expandAll(f.Sources), Targets: in.expandAll(f.Targets), Reason: f.Reason}
	if !out.FromOperator {
		out.Direction = flow.Egress
	}
	for _, p := range f.Ports {
		number, protocol, _ := strings.Cut(fmt.Sprint(p), "/")
		n, _ := strconv.ParseUint(number, 10, 16)
		out.Ports = append(out.Ports, flow.Port{Port: int32(n), Protocol: protocolOr(v1alpha1.Protocol(protocol))})
	}
	return out
}

func (in *inference) applies(c conditions) bool {
	return all(c.When, in.isMet) && (len(c.Unless) == 0 || !all(c.Unless, in.isMet))
}

func all(conditions []condition, isMet func(condition) bool) bool {
	return !slices.ContainsFunc(conditions, func(c condition) bool { return !isMet(c) })
}

func (in *inference) isMet(c condition) bool {
	at := in.at(c.Field)
	switch {
	case c.Set != nil:
		set := !isNull(at) && (at.Kind != yaml.SequenceNode || len(at.Content) > 0)
		return set == *c.Set
	case c.Above != nil:
		n, err := strconv.Atoi(in.text(c.Field))
		return err == nil && n > *c.Above
	case c.Holds != "":
		return slices.ContainsFunc(elements(at), func(n *yaml.Node) bool { return isScalar(n) && n.Value == c.Holds })
	default:
		return in.text(c.Field) == c.Is
	}
}

var placeholder = regexp.MustCompile(`\{[^}]*\}`)

// expand replaces the field references in a text. A field that is not set becomes a generated
// value.
func (in *inference) expand(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		for _, path := range strings.Split(strings.Trim(found, "{}"), "|") {
			switch value := in.text(path); {
			case path == "name":
				return in.name
			case value != "":
				return value
			}
		}
		return GeneratedValue
	})
}

func (in *inference) expandAll(labels map[string]string) map[string]string {
	out := map[string]string{}
	for key, value := range labels {
		out[key] = in.expand(value)
	}
	return out
}

func (in *inference) text(path string) string {
	if at := in.at(path); isScalar(at) {
		return at.Value
	}
	return ""
}

var fieldOrKey = regexp.MustCompile(`[^.[\]]+|\[[^\]]*\]`)

// at returns the node at a path such as spec.a, spec.list[0] or metadata.labels[example.com/key].
func (in *inference) at(path string) *yaml.Node {
	at := in.root
	for i, part := range fieldOrKey.FindAllString(path, -1) {
		key := strings.Trim(part, "[]")
		index, err := strconv.Atoi(key)
		switch {
		case i == 0 && key == "item":
			at = content(in.item)
		case err == nil && at != nil && at.Kind == yaml.SequenceNode:
			if index >= len(at.Content) {
				return nil
			}
			at = content(at.Content[index])
		default:
			at = child(at, key)
		}
	}
	if path == "" {
		return nil
	}
	return at
}

func elements(list *yaml.Node) []*yaml.Node {
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	var out []*yaml.Node
	for _, n := range list.Content {
		out = append(out, content(n))
	}
	return out
}

func texts(n *yaml.Node) map[string]string {
	out := map[string]string{}
	if n == nil || n.Kind != yaml.MappingNode {
		return out
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if value := content(n.Content[i+1]); isScalar(value) {
			out[n.Content[i].Value] = value.Value
		}
	}
	return out
}

func versionOf(apiVersion string) string {
	_, version, _ := strings.Cut(apiVersion, "/")
	return version
}
