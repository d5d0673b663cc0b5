package resource

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// Annotations of hand-written policies and of this project's kinds.
const (
	// AnnotationAdopt replaces a hand-written policy with the generated policy of the same name.
	AnnotationAdopt = v1alpha1.Group + "/adopt"
	// AnnotationPatch lists the aspects of a hand-written policy that the fence corrects. Its
	// author owns the rest.
	AnnotationPatch = v1alpha1.Group + "/patch"

	// AnnotationSeen marks the inputs of the function within one build, with a SeenMark.
	AnnotationSeen = "internal." + v1alpha1.Group + "/seen"
)

// IsEgressNames reports whether a resource is the generated configuration of a fence's egress
// proxy. It is false for every other ConfigMap, with any labels.
func IsEgressNames(n *yaml.RNode) bool {
	return groupKind(n) == "v1/ConfigMap" && n.GetName() == policy.EgressNamesConfigMap
}

// The kinds of network policy.
const (
	KindCilium      = "CiliumNetworkPolicy"
	KindClusterwide = "CiliumClusterwideNetworkPolicy"
	KindKubernetes  = "NetworkPolicy"
	// KindCIDRGroup is no policy, but policies refer to it.
	KindCIDRGroup = "CiliumCIDRGroup"
	// KindAdministrator is a cluster administrator's policy, of the group AdministratorGroup.
	KindAdministrator  = "ClusterNetworkPolicy"
	AdministratorGroup = "policy.networking.k8s.io"
)

// Namespace is a Namespace of the build or of its external resources.
type Namespace struct {
	Ref    report.Ref
	Labels map[string]string
}

// Node is a Node of the build or of its external resources.
type Node struct {
	Ref    report.Ref
	Labels map[string]string
	// Addresses are the addresses in the node's status.
	Addresses []netip.Addr
}

// Policy is a network policy of the build.
type Policy struct {
	Ref report.Ref
	// Fence is the fence that generated it, or "". Fence is empty for other policies, even with the
	// label.
	Fence string
}

// Index has the resources of the build by kind. Everything in it is sorted, so the order of the
// input has no effect.
type Index struct {
	Namespaces map[string]*Namespace
	Nodes      map[string]*Node
	Workloads  []*Workload
	Services   []*Service
	Slices     []*EndpointSlice
	// Agents are the resources that configure Cilium's agents.
	Agents []*AgentConfig
	// Inferred are the pods that operators create without a pod template. They are also in
	// Workloads.
	Inferred []Inferred
	// UnknownPods are resources whose pods are unknown.
	UnknownPods []UnknownPods
	// PodMetadata has the labels and annotations that pods of each resource have or may have.
	PodMetadata []PodMetadata
	// External has the resources that ExternalResources declare. The index includes them.
	External External
	// Redirects are Cilium's redirects of connections to pods on the same node.
	Redirects []*Redirect
	gateways
	// Partial reports that a resource of the build could not be read and was rejected. Then
	// resources that the index lacks may exist.
	Partial bool
	// WithoutResources reports that the host passed no resource but the function's own
	// configuration, as kustomize does for a generator. Then no resource can be looked up.
	WithoutResources bool

	// operatorServices are Services that an operator creates, if the build has none of the same
	// name.
	operatorServices []*Service
	// templateRefs are resources whose pods use another resource's template.
	templateRefs []templateRef

	byNamespace map[string][]*Workload
	services    map[string][]*Service
	// slices has EndpointSlices by namespace and Service.
	slices map[[2]string][]*EndpointSlice
	// owners has the owner of each address.
	owners map[netip.Addr]AddressOwner
}

// NewIndex indexes the resources of the build and its external resources.
func NewIndex(items []*yaml.RNode) (*Index, report.Findings) {
	x := &Index{Namespaces: map[string]*Namespace{}, Nodes: map[string]*Node{}, byNamespace: map[string][]*Workload{}, services: map[string][]*Service{}, slices: map[[2]string][]*EndpointSlice{}, owners: map[netip.Addr]AddressOwner{}}
	items, findings := Deduplicate(items)
	copies := len(findings)
	if err := embeddedDataError(items); err != nil {
		findings = append(findings, report.New(report.ResourceUnreadable, report.Error, report.Ref{}, "", "the embedded data of operators is invalid: %v: report this as a bug of tenantfence", err))
	}
	seen := map[report.Ref]bool{}
	for _, n := range items {
		id := ID(n)
		if seen[id] {
			findings = append(findings, report.New(report.ResourceDuplicate, report.Error, RefOf(n), "", "is in the build more than once with different content, so the result is undefined: keep one"))
			continue
		}
		seen[id] = true
		if err := x.add(n); err != nil {
			findings = append(findings, *err)
		}
	}
	x.addTemplateRefs(items)
	x.addOperatorServices()
	x.disambiguateNames()
	x.findGatewayPods()
	byRef := func(a, b report.Ref) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	}
	slices.SortStableFunc(x.Workloads, func(a, b *Workload) int { return byRef(a.Ref, b.Ref) })
	slices.SortStableFunc(x.Services, func(a, b *Service) int { return byRef(a.Ref, b.Ref) })
	slices.SortStableFunc(x.Slices, func(a, b *EndpointSlice) int { return byRef(a.Ref, b.Ref) })
	slices.SortStableFunc(x.Inferred, func(a, b Inferred) int { return byRef(a.Resource, b.Resource) })
	slices.SortStableFunc(x.UnknownPods, func(a, b UnknownPods) int { return byRef(a.Resource, b.Resource) })
	slices.SortStableFunc(x.PodMetadata, func(a, b PodMetadata) int {
		return cmp.Or(byRef(a.Resource, b.Resource), cmp.Compare(a.Field, b.Field))
	})
	slices.SortStableFunc(x.Redirects, func(a, b *Redirect) int { return byRef(a.Ref, b.Ref) })
	x.Partial = len(findings) > copies
	for _, w := range x.Workloads {
		x.byNamespace[w.Ref.Namespace] = append(x.byNamespace[w.Ref.Namespace], w)
	}
	for _, s := range x.Services {
		x.services[s.Ref.Namespace] = append(x.services[s.Ref.Namespace], s)
	}
	for _, e := range x.Slices {
		of := [2]string{e.Ref.Namespace, e.Service}
		x.slices[of] = append(x.slices[of], e)
	}
	x.indexAddressOwners()
	return x, findings
}

// add returns a finding as a pointer. Nil means none.
func (x *Index) add(n *yaml.RNode) *report.Finding {
	defer AnnotatePanic(n)
	kind := groupKind(n)
	if namespaced(n, kind) && n.GetNamespace() == "" {
		f := report.New(report.ResourceWithoutNamespace, report.Error, RefOf(n), "metadata.namespace", "has no namespace, so it cannot be fenced: set metadata.namespace, or list the fence in a layer above the one whose kustomization.yaml sets namespace")
		return &f
	}
	if err := x.addByKind(n, kind); err != nil {
		if u := missingVariable(n); u != nil {
			return u
		}
		f := report.New(report.ResourceUnreadable, report.Error, RefOf(n), "", "is not a valid %s: %v: its pods are unknown: correct the field", n.GetKind(), err)
		return &f
	}
	return nil
}

// namespaced reports whether a resource creates pods, or is a Service, and so needs a namespace.
func namespaced(n *yaml.RNode, kind string) bool {
	_, isWorkload := templatePath[kind]
	o, _ := operatorOf(n)
	return isWorkload || kind == "v1/Service" || o != nil || controllerOf(n) != nil
}

func (x *Index) addByKind(n *yaml.RNode, kind string) error {
	switch kind {
	case "v1/Namespace":
		x.Namespaces[n.GetName()] = &Namespace{Ref: RefOf(n), Labels: n.GetLabels()}
	case "v1/Node":
		own, err := NodeAddresses(n)
		if err != nil {
			return err
		}
		x.Nodes[n.GetName()] = &Node{Ref: RefOf(n), Labels: n.GetLabels(), Addresses: own}
	case "v1/Service":
		return appendParsed(&x.Services, n, newService)
	case "discovery.k8s.io/EndpointSlice":
		return appendParsed(&x.Slices, n, newEndpointSlice)
	case "v1/ConfigMap", "cilium.io/CiliumNodeConfig":
		return x.addAgentConfig(n)
	case "v1/Endpoints":
		mirror, err := mirroredSlices(n)
		x.Slices = append(x.Slices, mirror...)
		return err
	case kindGateway, kindGatewayClass, kindPool:
		return x.addGateway(n, kind)
	case localRedirect:
		return appendParsed(&x.Redirects, n, newRedirect)
	default:
		return x.addPods(n, kind)
	}
	return nil
}

func (x *Index) addPods(n *yaml.RNode, kind string) error {
	if c := agentArgsOf(n); c != nil {
		x.Agents = append(x.Agents, c)
	}
	workloads, unknownPods := len(x.Workloads), len(x.UnknownPods)
	defer func() { x.addPodMetadata(n, workloads, unknownPods) }()
	o, k := operatorOf(n)
	_, own := templatePath[kind]
	switch {
	case o != nil:
		return x.addInferred(n, o, k)
	case !own:
		x.addFoundTemplates(n)
		x.collectTemplateRef(n)
		return nil
	}
	return appendParsed(&x.Workloads, n, newWorkload)
}

func appendParsed[T any](to *[]T, n *yaml.RNode, read func(*yaml.RNode) (T, error)) error {
	got, err := read(n)
	if err == nil {
		*to = append(*to, got)
	}
	return err
}

// WorkloadsIn returns the workloads of a namespace that a selector selects.
func (x *Index) WorkloadsIn(namespace string, selector endpoints.Selector) []*Workload {
	var out []*Workload
	for _, w := range x.byNamespace[namespace] {
		if endpoints.Selects(selector, w.Labels) {
			out = append(out, w)
		}
	}
	return out
}

// ServicesIn returns the Services of a namespace.
func (x *Index) ServicesIn(namespace string) []*Service { return x.services[namespace] }

// ServiceByDNSName returns the Service with a name of the cluster's DNS, or nil.
func (x *Index) ServiceByDNSName(name string) *Service {
	name = strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(name), "."), "."+ClusterDomain)
	labels := strings.Split(name, ".")
	if len(labels) != 3 || labels[2] != "svc" {
		return nil
	}
	return x.Service(labels[1], labels[0])
}

// Service returns a Service, or nil.
func (x *Index) Service(namespace, name string) *Service {
	for _, s := range x.services[namespace] {
		if s.Ref.Name == name {
			return s
		}
	}
	return nil
}

// SlicesOf returns the EndpointSlices of a Service.
func (x *Index) SlicesOf(s *Service) []*EndpointSlice {
	return x.slices[[2]string{s.Ref.Namespace, s.Ref.Name}]
}
