package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SetDefaults sets the defaults of omitted fields. A Tenant's namespaces, enforcement and
// baseline stay omitted, because the profile decides their defaults.
func (t *Tenant) SetDefaults() { t.Spec.setDefaults() }

// SetDefaults sets the defaults of omitted fields.
func (p *FenceProfile) SetDefaults() { p.Spec.setDefaults() }

// SetDefaults sets the defaults of omitted fields, also in the inline profile and Tenants.
func (f *TenantFence) SetDefaults() {
	if f.Spec.Stages == nil {
		f.Spec.Stages = []Stage{StageBaseline, StageAllow, StageDefaultDeny}
	}
	setDefault(&f.Spec.Proof, ProofIsolation)
	if f.Spec.Profile != nil {
		f.Spec.Profile.setDefaults()
	}
	for i := range f.Spec.Tenants {
		f.Spec.Tenants[i].Spec.setDefaults()
	}
}

// SetDefaults sets the defaults of omitted fields. An omitted port or protocol that it does
// not set is every port or protocol.
func (t *FlowTest) SetDefaults() {
	for i := range t.Spec.Cases {
		t.Spec.Cases[i].setDefaults()
	}
}

// SetDefaults sets the defaults of omitted fields. Omitted labels of a namespace stay omitted,
// because the Namespace of the build decides them.
func (e *ExternalResources) SetDefaults() {
	for _, n := range e.Spec.Namespaces {
		for i := range n.Workloads {
			n.Workloads[i].setDefaults()
		}
		for i := range n.Services {
			n.Services[i].setDefaults()
		}
	}
}

func (w *ExternalWorkload) setDefaults() {
	setDefault(&w.Kind, WorkloadDeployment)
	setDefault(&w.ServiceAccount, "default")
	for i := range w.Ports {
		setDefault(&w.Ports[i].Protocol, TCP)
	}
}

func (s *ExternalService) setDefaults() {
	if s.ExternalName == "" {
		setDefault(&s.Type, ServiceClusterIP)
	}
	for i := range s.Ports {
		setDefault(&s.Ports[i].Protocol, TCP)
	}
	for _, e := range s.Endpoints {
		for i := range e.Ports {
			setDefault(&e.Ports[i].Protocol, TCP)
		}
	}
}

func (c *FlowCase) setDefaults() {
	switch {
	case c.ICMP != "":
	case c.DNS != "":
		setDefault(&c.Port, 53)
	case c.HTTP != nil:
		setDefault(&c.HTTP.Method, "GET")
		setDefault(&c.HTTP.Path, "/")
		setDefault(&c.Protocol, TCP)
	case c.ServerName != "" || c.Port != 0:
		setDefault(&c.Protocol, TCP)
	}
}

func (s *TenantSpec) setDefaults() {
	setFlowProtocols(s.Ingress, s.Egress)
	for i := range s.AgentIngress {
		a := &s.AgentIngress[i]
		setProtocols(a.Ports)
		setProtocols(a.ProxyPorts)
		if a.Mode == LoadBalancer {
			setDefault(&a.SourceIP, SourceClient)
		}
	}
}

func (s *FenceProfileSpec) setDefaults() {
	s.Cluster.setDefaults()
	setDefault(&s.Policies, s.Cluster.defaultPolicyForm())
	setDefault(&s.Scope, ScopeNamespace)
	setDefault(&s.Enforcement, AllowOnly)
	setDefault(&s.Tenants.NamespacePattern, "tenant-"+namePlaceholder)
	s.Baseline.setDefaults(s.Cluster)
	setFlowProtocols(s.AllTenants.Ingress, s.AllTenants.Egress)
	for i := range s.Nodes {
		s.Nodes[i].setDefaults()
	}
	setProtocols(s.Limits.Ports)
	for _, o := range s.Overrides {
		if o.Limits != nil {
			setProtocols(o.Limits.Ports)
		}
	}
}

// defaultPolicyForm returns the form that the cluster's enforcer supports best.
func (c *Cluster) defaultPolicyForm() PolicyForm {
	if c.CNI == CNIKubernetes {
		return PoliciesKubernetes
	}
	return PoliciesCilium
}

func (c *Cluster) setDefaults() {
	if c.APIServer != nil && c.APIServer.Ports == nil {
		c.APIServer.Ports = APIServerPorts()
	}
}

// AllowsIntraNamespace reports whether the baseline allows the flows among the pods of one namespace.
func (b Baseline) AllowsIntraNamespace() bool { return b.IntraNamespace == nil || *b.IntraNamespace }

func (b *Baseline) setDefaults(c Cluster) {
	setDefault(&b.DNS.Namespace, "kube-system")
	setDefault(&b.DNS.Port, 53)
	if b.DNS.Pods == nil {
		b.DNS.Pods = &metav1.LabelSelector{MatchLabels: map[string]string{"k8s-app": "kube-dns"}}
	}
	if b.DNS.Names == nil {
		b.DNS.Names = []string{"*"}
	}
	if b.IntraNamespace == nil {
		allowed := true
		b.IntraNamespace = &allowed
	}
	if b.APIServer != nil && b.APIServer.Ports == nil {
		b.APIServer.Ports = APIServerPorts()
		if c.APIServer != nil {
			b.APIServer.Ports = c.APIServer.Ports
		}
	}
	if b.Monitoring != nil {
		setProtocols(b.Monitoring.Ports)
	}
}

func setFlowProtocols(ingress []IngressFlow, egress []EgressFlow) {
	for i := range ingress {
		setProtocols(ingress[i].Ports)
	}
	for i := range egress {
		setProtocols(egress[i].Ports)
	}
}

func setProtocols(ports []Port) {
	for i := range ports {
		setDefault(&ports[i].Protocol, TCP)
	}
}

// setDefault sets a field that has no value.
func setDefault[T comparable](field *T, value T) {
	var none T
	if *field == none {
		*field = value
	}
}

// APIServerPorts returns the default ports of an apiserver: its Service's, and its own.
func APIServerPorts() []int32 { return []int32{443, 6443} }
