package v1alpha1

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Validate finds what is wrong within the FlowTest. Whether its endpoints are there is
// not looked at.
func (t *FlowTest) Validate() field.ErrorList {
	at := field.NewPath("spec", "cases")
	errs := validateResourceName(t.Name, field.NewPath("metadata", "name"))
	if len(t.Spec.Cases) == 0 {
		errs = append(errs, field.Required(at, "a FlowTest without cases proves nothing"))
	}
	seen := unique{}
	for i := range t.Spec.Cases {
		c, at := &t.Spec.Cases[i], at.Index(i)
		if strings.TrimSpace(c.Name) == "" {
			errs = append(errs, field.Required(at.Child("name"), "say what the flow is for"))
		}
		errs = append(errs, seen.name(c.Name, at.Child("name"))...)
		errs = append(errs, validatePortNumber(c.Port, at.Child("port"))...)
		errs = append(errs, validateFrom(c.From, at.Child("from"))...)
		if problem := endpointProblem(c.To); problem != "" {
			errs = append(errs, field.Invalid(at.Child("to"), c.To, problem))
		}
	}
	return errs
}

func validateFrom(endpoint string, at *field.Path) field.ErrorList {
	problem := endpointProblem(endpoint)
	if problem == "" && isName(endpoint) {
		problem = "is a name, and nobody knows the name of who connects: write world, or an address"
	}
	if problem == "" {
		return nil
	}
	return field.ErrorList{field.Invalid(at, endpoint, problem)}
}

// endpointProblem says what is wrong with the text of an endpoint, "" if nothing is.
func endpointProblem(endpoint string) string {
	if addr, err := netip.ParseAddr(endpoint); err == nil {
		if addr.Zone() != "" {
			return "must be an address without a zone"
		}
		return ""
	}
	if _, err := netip.ParsePrefix(endpoint); err == nil {
		return "is a network: write one address in it"
	}
	switch {
	case strings.Contains(endpoint, "://"):
		return "is a URL: write the host's name alone, and its port into port"
	case strings.Contains(endpoint, "/"):
		return workloadProblem(strings.Split(endpoint, "/"))
	case isName(endpoint):
		if strings.Contains(endpoint, "*") {
			return "is a pattern: write one name that it matches"
		}
		return fqdnProblem(endpoint, namesOnly)
	case !slices.Contains(entities(), Entity(endpoint)):
		return `is no endpoint: write a workload ("namespace/Kind/name" or "namespace/name"), an address, a name with a dot in it, or an entity (` + entityList() + ")"
	}
	return ""
}

func isName(endpoint string) bool {
	_, err := netip.ParseAddr(endpoint)
	return err != nil && strings.Contains(endpoint, ".") && !strings.Contains(endpoint, "/")
}

var kindName = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)

func workloadProblem(parts []string) string {
	namespace, name := parts[0], parts[len(parts)-1]
	if len(parts) > 3 || len(validation.IsDNS1123Label(namespace)) > 0 || len(validation.IsDNS1123Subdomain(name)) > 0 ||
		len(parts) == 3 && !kindName.MatchString(parts[1]) {
		return `must be a workload as "namespace/Kind/name" or "namespace/name", in which the namespace may be a tenant's name`
	}
	return ""
}

func entities() []Entity {
	return []Entity{
		EntityAll, EntityCluster, EntityHost, EntityRemoteNode, EntityKubeAPIServer,
		EntityIngress, EntityHealth, EntityWorld, EntityWorldIPv4, EntityWorldIPv6,
	}
}

func entityList() string {
	var out []string
	for _, e := range entities() {
		out = append(out, string(e))
	}
	return strings.Join(out, ", ")
}
