package v1alpha1

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tenantfence/tenantfence/internal/strict"

	"k8s.io/apimachinery/pkg/util/validation"
)

// EndpointForm is the form in which an endpoint of a FlowTest is written.
type EndpointForm string

// The forms of endpoint.
const (
	// WorkloadForm is "namespace/Kind/name" or "namespace/name".
	WorkloadForm EndpointForm = "workload"
	// TenantForm and NamespaceForm are pods of a tenant or namespace: "tenant/acme/*",
	// "namespace/x/app=web,tier=api".
	TenantForm    EndpointForm = "tenant"
	NamespaceForm EndpointForm = "namespace"
	// NodeForm is "node/name" or "node/role=worker,zone=a".
	NodeForm EndpointForm = "node"
	// ClusterForm are pods of another cluster of the mesh:
	// "cluster/west/namespace/app=web".
	ClusterForm EndpointForm = "cluster"
	// ServiceForm is "service/namespace/name".
	ServiceForm EndpointForm = "service"
	// EntityForm, AddressForm and NameForm are a single word.
	EntityForm  EndpointForm = "entity"
	AddressForm EndpointForm = "address"
	NameForm    EndpointForm = "name"
	// ExternalForm is "external": everything outside the cluster.
	ExternalForm EndpointForm = "external"
)

// FlowEndpoint is a parsed endpoint of a FlowTest.
type FlowEndpoint struct {
	Form EndpointForm
	// TenantOrNamespace is a tenant or a namespace. For a workload it may be either.
	TenantOrNamespace string
	// Cluster is the name of another cluster of the mesh.
	Cluster string
	// Kind is the kind of a workload, "" if it is not set.
	Kind string
	// Name is the name of a workload, Service or node, or the entity, address or DNS name.
	Name string
	// Labels select pods of a tenant or namespace; no labels select all of them. For a node
	// and for a pod of another cluster, they are all of its labels.
	Labels map[string]string
}

// ParseEndpoint parses the text of an endpoint. The error describes what is wrong with the
// text, and the fix.
func ParseEndpoint(text string) (FlowEndpoint, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		if addr.Zone() != "" {
			return FlowEndpoint{}, errors.New("has a zone: write the address without it")
		}
		if addr.Is4In6() {
			return FlowEndpoint{}, errors.New("is an IPv4 address written as IPv6: write " + addr.Unmap().String())
		}
		return FlowEndpoint{Form: AddressForm, Name: text}, nil
	}
	if _, err := netip.ParsePrefix(text); err == nil {
		return FlowEndpoint{}, errors.New("is a network: write one address of it")
	}
	switch {
	case strings.Contains(text, "://"):
		return FlowEndpoint{}, errors.New("is a URL: write only the host name, and set port")
	case strings.Contains(text, "/"):
		return parseParts(text)
	case strings.Contains(text, "."):
		return FlowEndpoint{Form: NameForm, Name: text}, externalNameProblem(text)
	default:
		return parseEntity(text)
	}
}

// externalNameProblem returns an error for a text that is not one name outside the cluster.
func externalNameProblem(name string) error {
	if err := nameProblem(name); err != nil {
		return err
	}
	if _, err := strconv.Atoi(name[strings.LastIndex(name, ".")+1:]); err == nil {
		return errors.New("is neither an IP address nor a name, which does not end in a number: correct it")
	}
	if IsClusterDNSName(name) {
		return errors.New("is a name of the cluster's own DNS, which resolves to a Service: write service/NAMESPACE/NAME")
	}
	return nil
}

// nameProblem returns an error for a text that is not one name.
func nameProblem(name string) error {
	if strings.Contains(name, "*") {
		return errors.New("is a pattern: write one name that it matches")
	}
	if problem := fqdnProblem(name, namesOnly); problem != "" {
		return errors.New(problem)
	}
	return nil
}

func parseEntity(text string) (FlowEndpoint, error) {
	switch {
	case text == string(ExternalForm):
		return FlowEndpoint{Form: ExternalForm, Name: text}, nil
	case text == string(EntityAll) || text == string(EntityCluster):
		return FlowEndpoint{}, fmt.Errorf("is many endpoints of different kinds: write a case for each that matters, as namespace/NAME/* or one of the entities %s", strings.Join(entityNames(), ", "))
	case slices.Contains(entities(), Entity(text)):
		return FlowEndpoint{Form: EntityForm, Name: text}, nil
	}
	if near := strict.Nearest(text, append(entityNames(), string(ExternalForm))); near != "" {
		return FlowEndpoint{}, fmt.Errorf("is not a valid endpoint: did you mean %s?", near)
	}
	return FlowEndpoint{}, fmt.Errorf("is not a valid endpoint: write one of %s, an IP address, an FQDN, external, or an entity (%s)", endpointForms, strings.Join(entityNames(), ", "))
}

// endpointForms are the forms with a slash, for messages.
const endpointForms = `"namespace/Kind/name", "namespace/name", "tenant/NAME/*", "namespace/NAME/app=web", "service/namespace/name", "node/NAME", "cluster/NAME/namespace/app=web"`

var kindName = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)

// parseParts parses a text with a slash. The namespace of a workload may have the name of a
// form, such as tenant: a Kind in second place then identifies a workload.
func parseParts(text string) (FlowEndpoint, error) {
	parts := strings.SplitN(text, "/", 3)
	if len(parts) == 2 && parts[0] != string(NodeForm) || len(parts) == 3 && kindName.MatchString(parts[1]) {
		return parseWorkload(parts)
	}
	switch form := EndpointForm(parts[0]); form {
	case NodeForm:
		return parseNode(strings.TrimPrefix(text, "node/"))
	case TenantForm, NamespaceForm:
		return parsePods(form, parts[1], parts[2])
	case ServiceForm:
		return parseService(parts[1], parts[2])
	case ClusterForm:
		return parseCluster(parts[1], parts[2])
	}
	return parseWorkload(parts)
}

func parseWorkload(parts []string) (FlowEndpoint, error) {
	e := FlowEndpoint{Form: WorkloadForm, TenantOrNamespace: parts[0], Name: parts[len(parts)-1]}
	if len(parts) == 3 {
		e.Kind = parts[1]
	}
	if !isLabel(e.TenantOrNamespace) || len(validation.IsDNS1123Subdomain(e.Name)) > 0 || len(parts) == 3 && !kindName.MatchString(e.Kind) {
		return FlowEndpoint{}, errors.New("is not a valid endpoint: write one of " + endpointForms)
	}
	return e, nil
}

func parseService(namespace, name string) (FlowEndpoint, error) {
	if !isLabel(namespace) || !isLabel(name) {
		return FlowEndpoint{}, errors.New(`must be a Service: write "service/NAMESPACE/NAME"`)
	}
	return FlowEndpoint{Form: ServiceForm, TenantOrNamespace: namespace, Name: name}, nil
}

// parsePods parses "*" and "app=web,tier=api". The key of a label may contain a slash.
func parsePods(form EndpointForm, in, pods string) (FlowEndpoint, error) {
	e := FlowEndpoint{Form: form, TenantOrNamespace: in}
	if !isLabel(in) || pods == "" {
		return FlowEndpoint{}, fmt.Errorf(`has no valid %s or no pods: write "%s/NAME/*" for all pods, or "%s/NAME/app=web,tier=api" for pods by label`, form, form, form)
	}
	if pods == "*" {
		return e, nil
	}
	var err error
	e.Labels, err = parseLabels(pods)
	return e, err
}

// parseLabels parses "app=web,tier=api".
func parseLabels(text string) (map[string]string, error) {
	labels := map[string]string{}
	for label := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(label, "=")
		if _, duplicate := labels[key]; duplicate {
			return nil, fmt.Errorf("has the label %q twice: remove one", key)
		}
		if problem := podLabelProblem(label); problem != "" {
			return nil, fmt.Errorf("contains %q: %s", label, problem)
		}
		labels[key] = value
	}
	return labels, nil
}

// parseNode parses the name of a Node, or all labels of one: "role=worker,zone=a".
func parseNode(node string) (FlowEndpoint, error) {
	e := FlowEndpoint{Form: NodeForm}
	if strings.Contains(node, "=") {
		var err error
		e.Labels, err = parseLabels(node)
		return e, err
	}
	e.Name = node
	if len(validation.IsDNS1123Subdomain(node)) > 0 {
		return FlowEndpoint{}, errors.New(`must be a node: write "node/NAME" for a Node of the build or its external resources, or "node/role=worker,tier=edge" with all labels of a node`)
	}
	return e, nil
}

// parseCluster parses "namespace/app=web" of another cluster. The labels are required, because
// the pods of that cluster are unknown.
func parseCluster(cluster, pods string) (FlowEndpoint, error) {
	namespace, labels, _ := strings.Cut(pods, "/")
	e := FlowEndpoint{Form: ClusterForm, Cluster: cluster, TenantOrNamespace: namespace}
	if !ValidClusterName(cluster) || !isLabel(namespace) || labels == "" || labels == "*" {
		return FlowEndpoint{}, errors.New(`must be a pod of another cluster of the mesh: write "cluster/NAME/NAMESPACE/app=web" with all labels of the pod`)
	}
	var err error
	e.Labels, err = parseLabels(labels)
	return e, err
}

// podLabelProblem returns what is wrong with "key=value", or "".
func podLabelProblem(label string) string {
	key, value, ok := strings.Cut(label, "=")
	switch {
	case !ok:
		return `it is neither * nor a label: write "*" for all pods, or "key=value", with commas between several`
	case len(validation.IsQualifiedName(key)) > 0:
		return "it does not begin with a label key: write it as app.kubernetes.io/name=web or app=web"
	case len(validation.IsValidLabelValue(value)) > 0:
		return "its value must be " + labelValue
	}
	if errs := validatePodLabel(key, nil); len(errs) > 0 {
		return errs[0].Detail
	}
	return ""
}

func isLabel(s string) bool { return len(validation.IsDNS1123Label(s)) == 0 }

// entities returns the entities that can be an endpoint. all and cluster are many endpoints.
func entities() []Entity {
	return []Entity{
		EntityHost, EntityRemoteNode, EntityKubeAPIServer, EntityIngress,
		EntityHealth, EntityWorld, EntityWorldIPv4, EntityWorldIPv6,
	}
}

func entityNames() []string {
	var out []string
	for _, e := range entities() {
		out = append(out, string(e))
	}
	return out
}
