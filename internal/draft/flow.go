package draft

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// flow is a connection that the manifests name.
type namedFlow struct {
	from, to endpoint
	// ports are those that the source connects to: of the Service, if to is one. None: the ports of the
	// Service.
	ports []v1alpha1.Port
	// everyPort reports that a policy allows every port, or that a Service is exposed with all of its ports.
	everyPort bool
	// evidence are the places that name it.
	evidence []string
}

func (f namedFlow) id() FlowID { return FlowID(f.from.key() + " -> " + f.to.key()) }

// add records a flow, unless both sides are the same pods or neither side can have a Tenant.
func (b *build) add(f namedFlow) {
	fromTenant, toTenant := b.tenantOf[f.from.within()], b.tenantOf[f.to.within()]
	switch {
	case fromTenant == "" && toTenant == "":
		return
	case f.from.isPods() && f.from.onNodes && toTenant == "":
		return
	case f.from.within() != "" && f.from.within() == f.to.within() && !f.from.onNodes && !b.isOnNodes(f.to) && !b.leavesCluster(f.to):
		// The baseline allows the flows within a namespace.
		return
	}
	b.flows = append(b.flows, f)
}

// isOnNodes reports whether all pods of an endpoint use the network of their nodes.
func (b *build) isOnNodes(e endpoint) bool {
	if e.service != nil {
		return b.backends(e.service).onNodes
	}
	return e.onNodes
}

// mergedFlows are the flows, each once. A flow with ports in some of its evidence has these ports.
func (b *build) mergedFlows() []namedFlow {
	by := map[FlowID]*namedFlow{}
	var ids []FlowID
	for _, f := range b.flows {
		known := by[f.id()]
		if known == nil {
			f.ports, f.evidence = slices.Clone(f.ports), slices.Clone(f.evidence)
			by[f.id()], ids = &f, append(ids, f.id())
			continue
		}
		known.evidence = append(known.evidence, f.evidence...)
		known.ports = append(known.ports, f.ports...)
		known.everyPort = known.everyPort || f.everyPort
	}
	slices.Sort(ids)
	var out []namedFlow
	for _, id := range ids {
		f := *by[id]
		slices.SortFunc(f.ports, comparePorts)
		f.ports = withoutAliases(f.to, slices.Compact(f.ports))
		if f.everyPort {
			f.ports = nil
		}
		slices.Sort(f.evidence)
		f.evidence = slices.Compact(f.evidence)
		out = append(out, f)
	}
	return out
}

// withoutAliases drops the names of a Service's ports whose numbers are in the list.
func withoutAliases(to endpoint, ports []v1alpha1.Port) []v1alpha1.Port {
	if to.service == nil {
		return ports
	}
	return slices.DeleteFunc(slices.Clone(ports), func(p v1alpha1.Port) bool {
		return p.Port.Type == intstr.String && slices.ContainsFunc(matching(to.service, p), func(s resource.ServicePort) bool {
			return slices.Contains(ports, portOf(flow.Port{Port: s.Port, Protocol: s.Protocol}))
		})
	})
}

func comparePorts(a, b v1alpha1.Port) int {
	return cmp.Or(strings.Compare(a.Port.StrVal, b.Port.StrVal), cmp.Compare(a.Port.IntVal, b.Port.IntVal), cmp.Compare(a.EndPort, b.EndPort), strings.Compare(string(a.Protocol), string(b.Protocol)))
}

// tcp is a TCP port. Protocols of a draft are omitted where they are TCP, the default.
func tcp(number int32) v1alpha1.Port { return v1alpha1.Port{Port: intstr.FromInt32(number)} }

func portOf(p flow.Port) v1alpha1.Port {
	out := v1alpha1.Port{Port: intstr.FromInt32(p.Port), Protocol: p.Protocol}
	if p.Name != "" {
		out.Port = intstr.FromString(p.Name)
	}
	if out.Protocol == v1alpha1.TCP {
		out.Protocol = ""
	}
	return out
}

// filePairs are the values in a file with their keys: host and port of one mapping have keys that differ in the
// last word.
func filePairs(s source) []source {
	root, err := yaml.Parse(s.value)
	if err == nil && root.YNode() != nil && root.YNode().Kind == yaml.MappingNode {
		return keyedScalars(s, root.YNode())
	}
	return linePairs(s)
}

func keyedScalars(s source, root *yaml.Node) []source {
	var out []source
	walkScalars(root, "", "", func(key, _, value string) {
		out = append(out, source{key: key, value: value, kind: s.kind, evidence: s.evidence})
	})
	return out
}

// walkScalars visits the scalars of a node. A key has the position in each list, and a field does not.
func walkScalars(n *yaml.Node, key, field string, visit func(key, field, value string)) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			name := n.Content[i].Value
			walkScalars(n.Content[i+1], key+"."+name, field+"."+name, visit)
		}
	case yaml.SequenceNode:
		for i, c := range n.Content {
			walkScalars(c, fmt.Sprintf("%s[%d]", key, i), field, visit)
		}
	case yaml.ScalarNode:
		visit(key, field, n.Value)
	}
}

var (
	linePair    = newPattern(`^\s*(?:export\s+)?([A-Za-z][\w.-]*)\s*[=:]\s*["']?([^"'\s,;]+)["']?[,;]?\s*$`)
	lineSection = newPattern(`^\s*\[+([^\]]+)\]+\s*$`)
)

// linePairs are the lines key=value and key: value, with the section that they are in.
func linePairs(s source) []source {
	var out []source
	section := ""
	for line := range strings.SplitSeq(withoutComments(s.value), "\n") {
		if m := lineSection.FindStringSubmatch(line); m != nil {
			section = m[1] + "."
		}
		if m := linePair.FindStringSubmatch(line); m != nil {
			out = append(out, source{key: section + m[1], value: m[2], kind: s.kind, evidence: s.evidence})
		}
	}
	return out
}

// pairedHosts are the hosts in a file that have a port next to them.
func pairedHosts(s source) []mention {
	if s.kind != fileText || markup.MatchString(s.evidence) {
		return nil
	}
	pairs := filePairs(s)
	var out []mention
	for _, p := range pairs {
		if m, ok := wholeHost(p, pairs); ok && m.port > 0 && !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}
