package v1alpha1

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// EndpointForm says how an endpoint of a FlowTest is written.
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
	// EntityForm, AddressForm and NameForm are a word alone.
	EntityForm  EndpointForm = "entity"
	AddressForm EndpointForm = "address"
	NameForm    EndpointForm = "name"
	// ExternalForm is "external": everything outside the cluster.
	ExternalForm EndpointForm = "external"
)

// FlowEndpoint is an endpoint of a FlowTest, taken apart.
type FlowEndpoint struct {
	Form EndpointForm
	// TenantOrNamespace is the tenant or namespace. For a workload it may be either.
	TenantOrNamespace string
	// Cluster is the name of another cluster of the mesh.
	Cluster string
	// Kind of a workload, "" where it is not said.
	Kind string
	// Name of a workload, Service or node; an entity, address or DNS name itself.
	Name string
	// Labels of a tenant's or namespace's pods, of which none stand for all of its pods. Of
	// a node, or another cluster's pod: all of its labels.
	Labels map[string]string
}

// ParseEndpoint takes the text of an endpoint apart. The error says what is wrong with
// the text, and what to write.
func ParseEndpoint(text string) (FlowEndpoint, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		if addr.Zone() != "" {
			return FlowEndpoint{}, errors.New("must be an address without a zone")
		}
		if addr.Is4In6() {
			return FlowEndpoint{}, errors.New("is an IPv4 address in the form of IPv6: write " + addr.Unmap().String())
		}
		return FlowEndpoint{Form: AddressForm, Name: text}, nil
	}
	if _, err := netip.ParsePrefix(text); err == nil {
		return FlowEndpoint{}, errors.New("is a network: write one address in it")
	}
	switch {
	case strings.Contains(text, "://"):
		return FlowEndpoint{}, errors.New("is a URL: write the host's name alone, and its port into port")
	case strings.Contains(text, "/"):
		return parseParts(text)
	case strings.Contains(text, "."):
		return FlowEndpoint{Form: NameForm, Name: text}, externalNameProblem(text)
	default:
		return parseEntity(text)
	}
}

// externalNameProblem refuses what is not one name outside of the cluster.
func externalNameProblem(name string) error {
	if err := nameProblem(name); err != nil {
		return err
	}
	if _, err := strconv.Atoi(name[strings.LastIndex(name, ".")+1:]); err == nil {
		return errors.New("is no address, and ends in a number, as no name does: correct it")
	}
	if IsClusterDNSName(name) {
		return errors.New("is a name of the cluster's own DNS, which leads to pods: write service/NAMESPACE/NAME")
	}
	return nil
}

// nameProblem refuses what is not one name.
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
		return FlowEndpoint{}, fmt.Errorf("is many endpoints of different kinds: write a case for each that matters, pods as namespace/NAME/*, and the entities %s", entityList())
	case !slices.Contains(entities(), Entity(text)):
		return FlowEndpoint{}, fmt.Errorf(`is no endpoint: write a workload ("namespace/Kind/name" or "namespace/name"), pods ("tenant/NAME/*", "namespace/NAME/app=web", of another cluster "cluster/NAME/namespace/app=web"), "service/namespace/name", a node ("node/NAME", "node/role=worker"), an address, a name with a dot in it, "external" (everything outside the cluster), or an entity (%s)`, entityList())
	}
	return FlowEndpoint{Form: EntityForm, Name: text}, nil
}

var kindName = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)

// parseParts takes apart what has a slash in it. A workload's namespace may be called
// tenant, too: its Kind tells.
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
		return FlowEndpoint{}, errors.New(`must be a workload as "namespace/Kind/name" or "namespace/name", in which the namespace may be a tenant's name; or "tenant/NAME/*", "namespace/NAME/*", "service/namespace/name", "node/NAME", "cluster/NAME/namespace/app=web"`)
	}
	return e, nil
}

func parseService(namespace, name string) (FlowEndpoint, error) {
	if !isLabel(namespace) || !isLabel(name) {
		return FlowEndpoint{}, errors.New(`must be a Service as "service/namespace/name"`)
	}
	return FlowEndpoint{Form: ServiceForm, TenantOrNamespace: namespace, Name: name}, nil
}

// parsePods reads "*" and "app=web,tier=api". A label's key may hold a slash.
func parsePods(form EndpointForm, in, pods string) (FlowEndpoint, error) {
	e := FlowEndpoint{Form: form, TenantOrNamespace: in}
	if !isLabel(in) || pods == "" {
		return FlowEndpoint{}, fmt.Errorf(`must say which pods of which %s: write "%s/NAME/*" for all, or "%s/NAME/app=web,tier=api" for those with labels`, form, form, form)
	}
	if pods == "*" {
		return e, nil
	}
	var err error
	e.Labels, err = parseLabels(pods)
	return e, err
}

// parseLabels reads "app=web,tier=api".
func parseLabels(text string) (map[string]string, error) {
	labels := map[string]string{}
	for label := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(label, "=")
		if _, duplicate := labels[key]; duplicate {
			return nil, fmt.Errorf("says the label %q twice, and a pod has it once: remove one", key)
		}
		if problem := podLabelProblem(label); problem != "" {
			return nil, fmt.Errorf("holds %q: %s", label, problem)
		}
		labels[key] = value
	}
	return labels, nil
}

// parseNode reads a Node's name, and "role=worker,zone=a", which are all labels of one.
func parseNode(node string) (FlowEndpoint, error) {
	e := FlowEndpoint{Form: NodeForm}
	if strings.Contains(node, "=") {
		var err error
		e.Labels, err = parseLabels(node)
		return e, err
	}
	e.Name = node
	if len(validation.IsDNS1123Subdomain(node)) > 0 {
		return FlowEndpoint{}, errors.New(`must be a node as "node/NAME", where the Node is in the build or its inventory, or as "node/role=worker,tier=edge" with all of its labels`)
	}
	return e, nil
}

// parseCluster reads "namespace/app=web" of another cluster. What pods are there nobody
// knows here, so that their labels must be said.
func parseCluster(cluster, pods string) (FlowEndpoint, error) {
	namespace, labels, _ := strings.Cut(pods, "/")
	e := FlowEndpoint{Form: ClusterForm, Cluster: cluster, TenantOrNamespace: namespace}
	if !ValidClusterName(cluster) || !isLabel(namespace) || labels == "" || labels == "*" {
		return FlowEndpoint{}, errors.New(`must be pods of another cluster of the mesh as "cluster/NAME/namespace/app=web", with all of their labels`)
	}
	var err error
	e.Labels, err = parseLabels(labels)
	return e, err
}

// podLabelProblem says what is wrong with "key=value", "" if nothing is.
func podLabelProblem(label string) string {
	key, value, ok := strings.Cut(label, "=")
	switch {
	case !ok:
		return `it is neither * nor a label: write "*" for all pods, or "key=value", with commas between several`
	case len(validation.IsQualifiedName(key)) > 0:
		return "it begins with no label's key: write it as app.kubernetes.io/name=web or app=web"
	case len(validation.IsValidLabelValue(value)) > 0:
		return "its value must be " + labelValue
	}
	if errs := validatePodLabel(key, nil); len(errs) > 0 {
		return errs[0].Detail
	}
	return ""
}

func isLabel(s string) bool { return len(validation.IsDNS1123Label(s)) == 0 }

// entities are those that can be an end. all and cluster are many ends at once.
func entities() []Entity {
	return []Entity{
		EntityHost, EntityRemoteNode, EntityKubeAPIServer, EntityIngress,
		EntityHealth, EntityWorld, EntityWorldIPv4, EntityWorldIPv6,
	}
}

func entityList() string {
	var out []string
	for _, e := range entities() {
		out = append(out, string(e))
	}
	return strings.Join(out, ", ")
}
