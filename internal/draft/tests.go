package draft

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// unknownNamespace returns a name that no namespace of the build has. It represents namespaces that the profile gives to
// no Tenant.
func (b *build) unknownNamespace() string {
	const name = "without-tenant"
	used := map[string]bool{}
	for ns := range b.index.Namespaces {
		used[ns] = true
	}
	for _, w := range b.index.Workloads {
		used[w.Ref.Namespace] = true
	}
	free := name
	for i := 2; used[free]; i++ {
		free = fmt.Sprintf("%s-%d", name, i)
	}
	return free
}

// writeTests writes a case for each flow, and for each Tenant one that unknown namespaces do not reach it.
func (w *writer) writeTests() {
	w.Tests.TypeMeta, w.Tests.Name = typeMeta(v1alpha1.KindFlowTest), "flows"
	for _, t := range w.build.tenants {
		c := v1alpha1.FlowCase{Name: "unknown namespaces do not reach " + t.name, From: "namespace/" + w.Unknown + "/*", To: "tenant/" + t.name + "/*", Expect: v1alpha1.ExpectDeny}
		id := FlowID(c.Name)
		if w.options.Untested[id] != "" {
			w.build.review("Tenant/"+t.name, "policies of the build or of an operator allow pods of unknown namespaces to reach it, so no FlowTest denies that: narrow these policies, and add such a case")
			continue
		}
		w.cases[c.Name] = id
		w.Tests.Spec.Cases = append(w.Tests.Spec.Cases, c)
	}
	for _, f := range w.written {
		if failed := w.options.Untested[f.id()]; failed != "" {
			w.build.review(strings.Join(f.evidence, ", "), fmt.Sprintf("its flow is written without a FlowTest, since the case %q does not hold or is undecided: find out why before you rely on the flow", failed))
			continue
		}
		w.writeCases(f)
	}
}

// writeCases writes the cases of a flow: one for each port, if both sides are in the build.
func (w *writer) writeCases(f namedFlow) {
	from, to := w.testEndpoint(f.from), w.testEndpoint(f.to)
	if f.to.entity == v1alpha1.EntityKubeAPIServer {
		to = "service/default/kubernetes"
	}
	if from == "" || to == "" || f.to.optional || f.from.optional {
		return
	}
	ports := f.ports
	if len(ports) == 0 && (f.to.service != nil || f.to.entity != "") {
		// Every port of the Service. For other destinations, one case cannot hold for every port.
		ports = []v1alpha1.Port{{}}
	}
	for _, p := range ports {
		c := v1alpha1.FlowCase{From: from, To: to, Protocol: p.Protocol, Expect: v1alpha1.ExpectAllow}
		if number, ok := w.testPort(f.to, p); ok {
			c.Port = number
			w.addCase(c, f.id())
		}
	}
}

// addCase adds a case, unless the FlowTest has the same one.
func (w *writer) addCase(c v1alpha1.FlowCase, id FlowID) {
	c.Name = fmt.Sprintf("%s to %s", c.From, c.To)
	if c.Port > 0 {
		c.Name += fmt.Sprintf(":%d", c.Port)
	}
	if c.Protocol != "" {
		c.Name += "/" + string(c.Protocol)
	}
	if _, known := w.cases[c.Name]; !known {
		w.cases[c.Name] = id
		w.Tests.Spec.Cases = append(w.Tests.Spec.Cases, c)
	}
}

// testEndpoint is the text of an endpoint in a FlowTest, or "" if it has none.
func (w *writer) testEndpoint(e endpoint) string {
	text := ""
	switch {
	case e.alias != nil:
		text = "service/" + e.alias.Ref.Namespace + "/" + e.alias.Ref.Name
	case e.fqdn != "":
		text = e.fqdn
	case e.cidr != "":
		if p, err := netip.ParsePrefix(e.cidr); err == nil {
			text = p.Addr().String()
		}
	case e.entity != "":
		text = string(e.entity)
	case w.build.isOnNodes(e):
		return ""
	case e.service != nil:
		text = "service/" + e.service.Ref.Namespace + "/" + e.service.Ref.Name
	case e.workload != nil:
		text = e.namespace + "/" + e.workload.Ref.Kind + "/" + e.workload.Ref.Name
	}
	if _, err := v1alpha1.ParseEndpoint(text); err != nil {
		return ""
	}
	return text
}

// testPort is the number of a port in a FlowTest. It is 0 for every port of a Service.
func (w *writer) testPort(to endpoint, p v1alpha1.Port) (int32, bool) {
	number := flow.DeclaredPort(p)
	switch {
	case to.service != nil && number.Name != "":
		for _, s := range matching(to.service, p) {
			return s.Port, true
		}
		return 0, false
	case number.Name != "" && to.workload == nil:
		// Only pods have named ports.
		return 0, false
	case number.Name != "":
		n, ok := to.workload.ResolveTargetPort(flow.Port{Name: number.Name, Protocol: number.Protocol})
		return n.Port, ok
	}
	return number.Port, number.Port > 0 || to.service != nil || to.entity == v1alpha1.EntityKubeAPIServer
}
