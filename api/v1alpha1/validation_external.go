package v1alpha1

import (
	"errors"
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
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
