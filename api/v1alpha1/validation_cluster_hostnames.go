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
			if IsClusterDNSName(name) {
				errs = append(errs, field.Forbidden(at.Child("fqdns").Index(j), "is of this cluster, whose names are no public ones: remove it, and name the Service as the peer of the flow"))
			}
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
		return field.ErrorList{field.Forbidden(at, "is set beside service: names resolve to one of the two, so remove one")}
	case cni == CNIKubernetes:
		return field.ErrorList{field.Forbidden(at, "exists with cni: Cilium alone: name the Service of the gateway's pods in service")}
	case l.Entity != EntityIngress:
		return field.ErrorList{field.NotSupported(at, l.Entity, []Entity{EntityIngress})}
	}
	return nil
}

func (l ClusterHostname) validateService(at *field.Path) field.ErrorList {
	switch {
	case l.Service == "":
		return field.ErrorList{field.Required(at, "name the Service at which the names end, as network/gateway, or write entity: ingress for a Gateway of Cilium's own")}
	case !strings.Contains(l.Service, "/"):
		return field.ErrorList{field.Invalid(at, l.Service, "must be a Service's namespace and name with one slash between them, as in network/gateway")}
	case l.Service == "default/kubernetes":
		return field.ErrorList{field.Invalid(at, l.Service, "is the apiserver's, behind which there are no pods: remove it, and use entities: [kube-apiserver] in the flows")}
	default:
		return validateServicePeer(l.Service, at)
	}
}

func (l ClusterHostname) validateTenant(at *field.Path) field.ErrorList {
	switch {
	case l.Tenant == "":
		return nil
	case l.Entity != "":
		return field.ErrorList{field.Forbidden(at, "is for a Service in a shared namespace: remove it beside entity")}
	}
	return validateName(l.Tenant, at)
}

// IsClusterDNSName says whether a name or pattern is of the cluster's own DNS, whose names
// end in cluster.local unless the cluster is told another domain.
func IsClusterDNSName(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	return name == "kubernetes.default" || strings.HasSuffix(name, ".svc") || strings.HasSuffix(name, ".cluster.local")
}
