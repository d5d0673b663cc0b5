package v1alpha1

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

func (s *FenceProfileSpec) validateLocalNames(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, l := range s.LocalNames {
		at := at.Index(i)
		errs = append(errs, validateFQDNs(l.FQDNs, namesOnly, at.Child("fqdns"))...)
		for j, name := range l.FQDNs {
			if OfCluster(name) {
				errs = append(errs, field.Forbidden(at.Child("fqdns").Index(j), "is of this cluster, whose names are no public ones: remove it, and name the Service as the peer of the flow"))
			}
		}
		errs = append(errs, l.validateTenant(at.Child("tenant"))...)
		switch {
		case l.Entity != "" && l.Service != "":
			errs = append(errs, field.Forbidden(at.Child("entity"), "is set beside service: names end at one of the two, so remove one"))
		case l.Entity != "" && s.Cluster.CNI == CNIKubernetes:
			errs = append(errs, field.Forbidden(at.Child("entity"), "exists with cni: Cilium alone: name the Service of the gateway's pods in service"))
		case l.Entity != "" && l.Entity != EntityIngress:
			errs = append(errs, field.NotSupported(at.Child("entity"), l.Entity, []Entity{EntityIngress}))
		case l.Entity != "":
		case l.Service == "":
			errs = append(errs, field.Required(at.Child("service"), "name the Service at which the names end, as network/gateway, or write entity: ingress for a Gateway of Cilium's own"))
		case !strings.Contains(l.Service, "/"):
			errs = append(errs, field.Invalid(at.Child("service"), l.Service, "must be a Service's namespace and name with one slash between them, as in network/gateway"))
		case l.Service == "default/kubernetes":
			errs = append(errs, field.Invalid(at.Child("service"), l.Service, "is the apiserver's, behind which there are no pods: remove it, and use entities: [kube-apiserver] in the flows"))
		default:
			errs = append(errs, validateServicePeer(l.Service, at.Child("service"))...)
		}
	}
	return errs
}

func (l LocalName) validateTenant(at *field.Path) field.ErrorList {
	switch {
	case l.Tenant == "":
		return nil
	case l.Entity != "":
		return field.ErrorList{field.Forbidden(at, "is for a Service in a shared namespace: remove it beside entity")}
	}
	return validateName(l.Tenant, at)
}

// OfCluster says whether a name or pattern is of the cluster's own DNS, whose names
// end in cluster.local unless the cluster is told another domain.
func OfCluster(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	return name == "kubernetes.default" || strings.HasSuffix(name, ".svc") || strings.HasSuffix(name, ".cluster.local")
}
