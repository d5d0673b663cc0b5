package resolve

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// httpYAML are HTTP rules as a Tenant would write them.
func httpYAML(rules []flow.HTTPRule) string {
	var list []string
	for _, r := range rules {
		var fields []string
		if r.Method != "" {
			fields = append(fields, "method: "+r.Method)
		}
		if r.Path != "" {
			fields = append(fields, fmt.Sprintf("path: %q", r.Path))
		}
		if r.Host != "" {
			fields = append(fields, fmt.Sprintf("host: %q", r.Host))
		}
		if len(r.Headers) > 0 {
			fields = append(fields, "headers: ["+quoteAll(r.Headers)+"]")
		}
		list = append(list, "{"+strings.Join(fields, ", ")+"}")
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// portsYAML are the ports, or types of ICMP message, of a flow in YAML, after its other fields.
func portsYAML(ports []flow.Port) string {
	var icmp, list []string
	for _, p := range flow.MergeProtocols(ports) {
		if p.Protocol == flow.ICMP {
			icmp = append(icmp, p.Name)
		} else {
			list = append(list, portYAML(p))
		}
	}
	switch {
	case len(icmp) > 0:
		return ", icmp: [" + strings.Join(icmp, ", ") + "]"
	case len(list) > 0:
		return ", ports: [" + strings.Join(list, ", ") + "]"
	}
	return ""
}

// portYAML is a port of a flow in YAML.
func portYAML(p flow.Port) string {
	s := "{port: " + strconv.Itoa(int(p.Port))
	if p.Name != "" {
		s = "{port: " + p.Name
	}
	if p.End > p.Port {
		s += ", endPort: " + strconv.Itoa(int(p.End))
	}
	if p.Protocol != v1alpha1.TCP {
		s += ", protocol: " + string(p.Protocol)
	}
	return s + "}"
}

// requiredFlowYAML is the flow that the other tenant must declare, as an item of its list.
func requiredFlowYAML(f *declaredFlow, e resolvedPeer) string {
	var b strings.Builder
	b.WriteString("- {name: " + e.tenant.freeFlowName(f.name))
	if !endpoints.SelectsAll(e.peer.Pods) {
		b.WriteString(", pods: " + selectorYAML(e.peer.Pods))
	}
	key := map[flow.Direction]string{flow.Egress: "from", flow.Ingress: "to"}[f.direction]
	b.WriteString(", " + key + ": [{tenant: " + f.tenant.Name)
	if !endpoints.SelectsAll(f.pods) {
		b.WriteString(", pods: " + selectorYAML(f.pods))
	}
	b.WriteString("}]")
	b.WriteString(portsYAML(f.portsOf(e)))
	if len(f.l7.HTTP()) > 0 {
		b.WriteString(", http: " + httpYAML(f.l7.HTTP()))
	}
	return b.String() + "}"
}

var (
	jsonToken = regexp.MustCompile(`"[^"]*"|[:,]`)
	// plainYAML excludes words that YAML reads as booleans or null, and all numbers.
	plainYAML = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._/-]*$`)
	yamlWords = regexp.MustCompile(`(?i)^(y|n|yes|no|on|off|true|false|null)$`)
)

// selectorYAML is a selector on one line, quoted only where YAML needs it. Labels contain no quotes.
func selectorYAML(s endpoints.Selector) string {
	return jsonToken.ReplaceAllStringFunc(endpoints.JSONKey(s), func(token string) string {
		text := strings.Trim(token, `"`)
		switch {
		case text == token:
			return token + " "
		case plainYAML.MatchString(text) && !yamlWords.MatchString(text):
			return text
		default:
			return token
		}
	})
}

// freeFlowName is a name that no flow of the tenant has: the given one, or that one with a number.
func (t *tenant) freeFlowName(name string) string {
	taken := map[string]bool{}
	for _, f := range t.spec.Ingress {
		taken[f.Name] = true
	}
	for _, f := range t.spec.Egress {
		taken[f.Name] = true
	}
	for _, f := range t.spec.AgentIngress {
		taken[f.Name] = true
	}
	free := name
	for i := 2; taken[free]; i++ {
		suffix := fmt.Sprintf("-%d", i)
		free = strings.TrimRight(name[:min(len(name), validation.DNS1123LabelMaxLength-len(suffix))], "-") + suffix
	}
	return free
}
