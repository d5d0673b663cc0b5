package reach

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// TranslationFindings reports passed cases whose connections a Service may also deny or redirect.
func (e Endpoints) TranslationFindings(asked *flow.View, result report.FlowTestResult) report.Findings {
	var out report.Findings
	for _, c := range result.Cases {
		if !c.Passed || e.Fence.Cluster.CNI == v1alpha1.CNIKubernetes {
			continue
		}
		add := func(severity report.Severity, check *report.Check, format string, args ...any) {
			out = append(out, report.New(check, severity, result.Test, field.NewPath("spec", "cases").Index(c.Position).String(), "%s", fmt.Sprintf("%q: ", c.Case.Name)+fmt.Sprintf(format, args...)))
		}
		e.reportServiceEffects(asked, c, add)
		if n, ok := e.mayBeNodePort(c); ok {
			add(report.Info, report.NodePortTranslated, "port %s of nodes is %s: with kube-proxy-replacement, which is not stated in cluster.ciliumConfig, Cilium sends connections to it on to these pods, about which the case decides nothing", n.Port, n.Source)
		}
	}
	return out
}

type reporter func(severity report.Severity, check *report.Check, format string, args ...any)

// reportServiceEffects reports what the Service of a case does to connections.
func (e Endpoints) reportServiceEffects(asked *flow.View, c report.CaseResult, add reporter) {
	to, err := v1alpha1.ParseEndpoint(c.Case.To)
	if err != nil || to.Form != v1alpha1.ServiceForm || c.Case.Expect != v1alpha1.ExpectAllow {
		return
	}
	s := e.Index.Service(to.TenantOrNamespace, to.Name)
	if s == nil {
		return
	}
	if s.Global {
		add(report.Warning, report.GlobalService, "Service %s/%s has the annotation service.cilium.io/global, so Cilium also sends its connections to pods of other clusters, about which the case decides nothing", to.TenantOrNamespace, to.Name)
	}
	denied := slices.ContainsFunc(c.Flows, func(f report.FlowResult) bool { return deniedFromNodes(asked, f.Flow) })
	if s.TranslatesSource() && denied {
		add(report.Warning, report.SourceIPUncertain, "Service %s/%s does not set externalTrafficPolicy: Local, so the address may be translated to that of a node, which policies deny: set it, or allow the entities host and remote-node in the Tenant too", to.TenantOrNamespace, to.Name)
	}
}

// deniedFromNodes reports whether a connection from outside the cluster is denied once its address
// is that of a node.
func deniedFromNodes(asked *flow.View, f flow.Flow) bool {
	if f.From.Kind != endpoints.AddressEndpoint && !isWorld(f.From.Name) {
		return false
	}
	f.From = endpoints.Endpoint{Kind: endpoints.EntityEndpoint, Name: string(v1alpha1.EntityRemoteNode)}
	v, err := asked.Decide(f)
	return err != nil || v.Decision() != flow.Allowed
}

// mayBeNodePort is the port of a node with a number that a case names, where it is not stated
// whether agents translate it.
func (e Endpoints) mayBeNodePort(c report.CaseResult) (resource.NodePort, bool) {
	if c.Case.Port == 0 || !e.Fence.Agent.MayTranslateNodePorts() {
		return resource.NodePort{}, false
	}
	for _, n := range e.Index.NodePorts() {
		for _, f := range c.Flows {
			if isNode(f.Flow.To) && int32(f.Flow.Port) == n.Port.Port && (f.Flow.Protocol == "" || f.Flow.Protocol == n.Port.Protocol) {
				return n, true
			}
		}
	}
	return resource.NodePort{}, false
}
