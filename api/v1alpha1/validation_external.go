package v1alpha1

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/internal/strict"
)

// Validate returns the errors in the ExternalResources. It does not compare them with the build.
func (e *ExternalResources) Validate() field.ErrorList {
	at := field.NewPath("spec")
	errs := validateResourceName(e.Name, field.NewPath("metadata", "name"))
	errs = append(errs, errorIf(len(e.Spec.Namespaces)+len(e.Spec.Nodes) == 0, field.Required(at.Child("namespaces"), "ExternalResources without namespaces and nodes declare nothing: add one, or remove the resource"))...)
	seen := unique{}
	for i, n := range e.Spec.Namespaces {
		at := at.Child("namespaces").Index(i)
		errs = append(errs, seen.add(n.Name, at.Child("name"), "write its workloads and services in one entry")...)
		errs = append(errs, n.validate(at)...)
	}
	seen = unique{}
	for i, n := range e.Spec.Nodes {
		at := at.Child("nodes").Index(i)
		errs = append(errs, validateResourceName(n.Name, at.Child("name"))...)
		errs = append(errs, seen.name(n.Name, at.Child("name"))...)
		errs = append(errs, validateLabels(n.Labels, at.Child("labels"))...)
		errs = append(errs, validateIPs(n.Addresses, at.Child("addresses"))...)
	}
	return errs
}

func (n *ExternalNamespace) validate(at *field.Path) field.ErrorList {
	errs := append(validateName(n.Name, at.Child("name")), validateLabels(n.Labels, at.Child("labels"))...)
	if value, ok := n.Labels[corev1.LabelMetadataName]; ok && value != n.Name {
		errs = append(errs, field.Invalid(at.Child("labels").Key(corev1.LabelMetadataName), value, "is the name of another namespace, and Kubernetes sets this label to "+n.Name+": remove the label"))
	}
	seen := unique{}
	for i, w := range n.Workloads {
		at := at.Child("workloads").Index(i)
		kind := w.Kind
		setDefault(&kind, WorkloadDeployment)
		if w.Name != "" {
			errs = append(errs, seen.name(string(kind)+"/"+w.Name, at.Child("name"))...)
		}
		errs = append(errs, w.validate(at)...)
	}
	seen = unique{}
	for i, s := range n.Services {
		at := at.Child("services").Index(i)
		errs = append(errs, seen.name(s.Name, at.Child("name"))...)
		errs = append(errs, s.validate(at)...)
	}
	return errs
}

func (w *ExternalWorkload) validate(at *field.Path) field.ErrorList {
	errs := append(validateResourceName(w.Name, at.Child("name")), validateLabels(w.Labels, at.Child("labels"))...)
	errs = append(errs, optional(w.ServiceAccount, at.Child("serviceAccount"), validateResourceName)...)
	seen := unique{}
	for i, p := range w.Ports {
		at := at.Child("ports").Index(i)
		errs = append(errs, validatePortNumber(p.Port, at.Child("port"))...)
		errs = append(errs, validateTransport(p.Protocol, at.Child("protocol"))...)
		errs = append(errs, optional(p.Name, at.Child("name"), validatePortName)...)
		errs = append(errs, optional(p.HostPort, at.Child("hostPort"), validatePortNumber)...)
		errs = append(errs, errorIf(p.HostPort != 0 && w.HostNetwork, field.Forbidden(at.Child("hostPort"), "has no effect with hostNetwork, where port is a port of the node: remove it"))...)
		errs = append(errs, seen.item(portKey(p.Name, p.Port, p.Protocol), at)...)
	}
	return append(errs, optional(w.DNS, at.Child("dns"), (*ExternalPodDNS).validate)...)
}

func (d *ExternalPodDNS) validate(at *field.Path) field.ErrorList {
	if d.Policy == "" && len(d.Nameservers)+len(d.Searches)+len(d.HostAliases) == 0 {
		return field.ErrorList{field.Invalid(at, field.OmitValueType{}, "is empty: set a field of it, or remove it")}
	}
	errs := validateIPs(d.Nameservers, at.Child("nameservers"))
	for i, domain := range d.Searches {
		// As in Kubernetes, a domain may end with a dot and contain underscores.
		name := strings.ReplaceAll(strings.TrimSuffix(domain, "."), "_", "-")
		errs = append(errs, errorIf(domain != "." && len(validation.IsDNS1123Subdomain(name)) > 0, field.Invalid(at.Child("searches").Index(i), domain, "must be a DNS domain"))...)
	}
	for i, a := range d.HostAliases {
		at := at.Child("hostAliases").Index(i)
		if _, err := parseIP(a.IP); err != nil {
			errs = append(errs, field.Invalid(at.Child("ip"), a.IP, err.Error()))
		}
		for j, name := range a.Hostnames {
			errs = append(errs, validateResourceName(name, at.Child("hostnames").Index(j))...)
		}
	}
	return errs
}

// validateLabels validates labels of a resource or of pods.
func validateLabels(labels map[string]string, at *field.Path) field.ErrorList {
	return withoutExpressions(metav1validation.ValidateLabels(labels, at))
}

// validateIPs validates IP addresses that differ.
func validateIPs(addresses []string, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := unique{}
	for i, a := range addresses {
		ip, err := parseIP(a)
		if err != nil {
			errs = append(errs, field.Invalid(at.Index(i), a, err.Error()))
			continue
		}
		errs = append(errs, seen.item(ip.String(), at.Index(i))...)
	}
	return errs
}

// parseIP parses an IP address. An IPv4 address in IPv6 notation becomes IPv4.
func parseIP(text string) (netip.Addr, error) {
	ip, err := netip.ParseAddr(text)
	if err != nil || ip.Zone() != "" {
		return ip, errors.New("must be one IP address, without a port, mask or zone")
	}
	return ip.Unmap(), nil
}

func (s *ExternalService) validate(at *field.Path) field.ErrorList {
	errs := validateName(s.Name, at.Child("name"))
	errs = append(errs, s.validateDestination(at)...)
	errs = append(errs, validateLabels(s.Selector, at.Child("selector"))...)
	errs = append(errs, s.validatePorts(at.Child("ports"))...)
	errs = append(errs, s.validateType(at)...)
	for i, e := range s.Endpoints {
		errs = append(errs, s.validateEndpoints(e, at.Child("endpoints").Index(i))...)
	}
	for _, f := range []struct {
		name      string
		addresses []string
	}{{"clusterIPs", s.ClusterIPs}, {"externalIPs", s.ExternalIPs}, {"loadBalancerIPs", s.LoadBalancerIPs}} {
		errs = append(errs, validateIPs(f.addresses, at.Child(f.name))...)
	}
	return append(errs, validateCIDRs(s.LoadBalancerSourceRanges, at.Child("loadBalancerSourceRanges"))...)
}

// validateDestination requires exactly one of selector, externalName and endpoints.
func (s *ExternalService) validateDestination(at *field.Path) field.ErrorList {
	set := 0
	for _, isSet := range []bool{len(s.Selector) > 0, s.ExternalName != "", len(s.Endpoints) > 0} {
		if isSet {
			set++
		}
	}
	switch {
	case set == 0:
		return field.ErrorList{field.Required(at.Child("selector"), "set the labels of the Service's pods; without a selector, set endpoints; for type ExternalName, set externalName")}
	case set > 1:
		return field.ErrorList{field.Invalid(at, field.OmitValueType{}, "has more than one of selector, externalName and endpoints: keep one, and write other forms as a Service with the annotation config.kubernetes.io/local-config")}
	case s.ExternalName != "":
		return append(s.forbidWithExternalName(at), validateHost(s.ExternalName, at.Child("externalName"))...)
	}
	return nil
}

// validateHost validates a DNS name. Addresses and patterns are none.
func validateHost(name string, at *field.Path) field.ErrorList {
	host := strings.TrimSuffix(strings.ToLower(name), ".")
	if _, err := parseIP(host); err == nil || len(validation.IsDNS1123Subdomain(host)) > 0 {
		return field.ErrorList{field.Invalid(at, name, "must be one DNS name: for an address, write endpoints and the ports of the Service")}
	}
	return nil
}

func (s *ExternalService) forbidWithExternalName(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"type", s.Type != ""}, {"headless", s.Headless}, {"clusterIPs", len(s.ClusterIPs) > 0}, {"externalIPs", len(s.ExternalIPs) > 0},
		{"loadBalancerIPs", len(s.LoadBalancerIPs) > 0}, {"loadBalancerSourceRanges", len(s.LoadBalancerSourceRanges) > 0}, {"externalTrafficPolicy", s.ExternalTrafficPolicy != ""},
	} {
		errs = append(errs, errorIf(f.set, field.Forbidden(at.Child(f.name), "is not supported with externalName, which is only a DNS name: remove one of them"))...)
	}
	return errs
}

// validateType refuses fields that other types of Services have.
func (s *ExternalService) validateType(at *field.Path) field.ErrorList {
	if s.ExternalName != "" {
		return nil
	}
	var errs field.ErrorList
	exposed := s.Type == ServiceNodePort || s.Type == ServiceLoadBalancer
	require := func(path *field.Path, set, ok bool, types string) {
		errs = append(errs, errorIf(set && !ok, field.Forbidden(path, "requires type: "+types+": set type, or remove the field"))...)
	}
	require(at.Child("loadBalancerIPs"), len(s.LoadBalancerIPs) > 0, s.Type == ServiceLoadBalancer, "LoadBalancer")
	require(at.Child("loadBalancerSourceRanges"), len(s.LoadBalancerSourceRanges) > 0, s.Type == ServiceLoadBalancer, "LoadBalancer")
	require(at.Child("externalTrafficPolicy"), s.ExternalTrafficPolicy != "", exposed, "NodePort or LoadBalancer")
	for i, p := range s.Ports {
		require(at.Child("ports").Index(i).Child("nodePort"), p.NodePort != 0, exposed, "NodePort or LoadBalancer")
	}
	errs = append(errs, errorIf(s.Headless && (exposed || len(s.ClusterIPs) > 0), field.Forbidden(at.Child("headless"), "is a Service of type ClusterIP without an address: remove headless, or remove clusterIPs and type"))...)
	return errs
}

func (s *ExternalService) validatePorts(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	names, numbers := unique{}, unique{}
	for i, p := range s.Ports {
		at := at.Index(i)
		errs = append(errs, validatePortNumber(p.Port, at.Child("port"))...)
		errs = append(errs, validateTransport(p.Protocol, at.Child("protocol"))...)
		errs = append(errs, optional(p.NodePort, at.Child("nodePort"), validatePortNumber)...)
		errs = append(errs, validateServicePortName(p.Name, len(s.Ports), at.Child("name"))...)
		errs = append(errs, names.name(p.Name, at.Child("name"))...)
		errs = append(errs, numbers.item(portKey("", p.Port, p.Protocol), at)...)
		if p.TargetPort != nil {
			errs = append(errs, validateTargetPort(*p.TargetPort, at.Child("targetPort"))...)
		}
	}
	return errs
}

func validateServicePortName(name string, ports int, at *field.Path) field.ErrorList {
	switch {
	case name != "":
		return validateName(name, at)
	case ports > 1:
		return field.ErrorList{field.Required(at, "the Service has several ports: give each its name")}
	}
	return nil
}

func validateTargetPort(port intstr.IntOrString, at *field.Path) field.ErrorList {
	if port.Type == intstr.Int {
		return validatePortNumber(port.IntVal, at)
	}
	if strict.IsDigits(port.StrVal) {
		return field.ErrorList{field.Invalid(at, port.StrVal, "is a port name because it is in quotes: write "+port.StrVal+" without quotes")}
	}
	return validatePortName(port.StrVal, at)
}

func (s *ExternalService) validateEndpoints(e ExternalEndpoints, at *field.Path) field.ErrorList {
	errs := validateIPs(e.Addresses, at.Child("addresses"))
	seen := unique{}
	known := map[string]bool{}
	for _, p := range s.Ports {
		known[portKey(p.Name, 0, p.Protocol)] = true
	}
	for i, p := range e.Ports {
		at := at.Child("ports").Index(i)
		errs = append(errs, validatePortNumber(p.Port, at.Child("port"))...)
		errs = append(errs, validateTransport(p.Protocol, at.Child("protocol"))...)
		errs = append(errs, seen.item(portKey(p.Name, p.Port, p.Protocol), at)...)
		errs = append(errs, errorIf(!known[portKey(p.Name, 0, p.Protocol)], field.Invalid(at.Child("name"), p.Name, "is the name of no port of the Service with this protocol: write the name of one"))...)
	}
	for i, p := range s.Ports {
		errs = append(errs, errorIf(len(e.Ports) == 0 && p.TargetPort != nil && p.TargetPort.Type == intstr.String, field.Required(at.Child("ports"), "targetPort of ports["+strconv.Itoa(i)+"] is a name, and addresses have no names of ports: list the ports"))...)
	}
	return errs
}

// validateTransport refuses ANY where a container or a Service declares one protocol.
func validateTransport(p Protocol, at *field.Path) field.ErrorList {
	if p != ANY {
		return nil
	}
	return field.ErrorList{field.NotSupported(at, p, Protocols())}
}

func validatePortName(name string, at *field.Path) field.ErrorList {
	return problemAt(at, name, strings.Join(validation.IsValidPortName(name), "; "))
}

// portKey is the same for equal ports.
func portKey(name string, port int32, protocol Protocol) string {
	setDefault(&protocol, TCP)
	return strings.TrimPrefix(name+":", ":") + strconv.Itoa(int(port)) + "/" + string(protocol)
}
