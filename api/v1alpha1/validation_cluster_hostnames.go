package v1alpha1

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

func (s *FenceProfileSpec) validateClusterHostnames(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, l := range s.ClusterHostnames {
		at := at.Index(i)
		errs = append(errs, validateFQDNs(l.FQDNs, namesOnly, at.Child("fqdns"))...)
		for j, name := range l.FQDNs {
			errs = append(errs, errorIf(IsClusterDNSName(name), field.Forbidden(at.Child("fqdns").Index(j), "is a name of the cluster's own DNS, not a public name: remove it, and set the Service as the peer of the flow"))...)
		}
		errs = append(errs, l.validateTenant(at.Child("tenant"))...)
		if l.Entity != "" {
			errs = append(errs, l.validateEntity(s.Cluster.CNI, at)...)
		} else {
			errs = append(errs, l.validateService(at.Child("service"))...)
		}
	}
	return errs
}

func (l ClusterHostname) validateEntity(cni CNI, at *field.Path) field.ErrorList {
	switch at := at.Child("entity"); {
	case l.Service != "":
		return field.ErrorList{field.Forbidden(at, "is set together with service, but names resolve to one of the two: remove one")}
	case cni == CNIKubernetes:
		return field.ErrorList{field.Forbidden(at, "requires cni: Cilium: set service to the Service of the gateway's pods instead")}
	case l.Entity != EntityIngress:
		return field.ErrorList{field.NotSupported(at, l.Entity, []Entity{EntityIngress})}
	}
	return nil
}

func (l ClusterHostname) validateService(at *field.Path) field.ErrorList {
	switch {
	case l.Service == "":
		return field.ErrorList{field.Required(at, "set the Service that the names resolve to, as network/gateway, or set entity: ingress for Cilium's own Gateway")}
	case !strings.Contains(l.Service, "/"):
		return field.ErrorList{field.Invalid(at, l.Service, "must be the namespace and name of a Service, as in network/gateway")}
	case l.Service == "default/kubernetes":
		return field.ErrorList{field.Invalid(at, l.Service, "is the Service of the apiserver, which has no pods: remove it, and use entities: [kube-apiserver] in the flows")}
	default:
		return validateServicePeer(l.Service, at)
	}
}

func (l ClusterHostname) validateTenant(at *field.Path) field.ErrorList {
	switch {
	case l.Tenant == "":
		return nil
	case l.Entity != "":
		return field.ErrorList{field.Forbidden(at, "is only for a Service in a shared namespace, not for entity: remove it")}
	}
	return validateName(l.Tenant, at)
}

// IsClusterDNSName reports whether a name or pattern belongs to the cluster's own DNS. Its
// domain is cluster.local unless the cluster sets another.
func IsClusterDNSName(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	return name == "kubernetes.default" || strings.HasSuffix(name, ".svc") || strings.HasSuffix(name, ".cluster.local")
}
