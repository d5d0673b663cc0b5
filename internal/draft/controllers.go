package draft

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// controller is an ingress controller. Its pods have the labels, in a namespace that is usually this one.
// Without labels, Cilium's own proxy serves the routes.
type controller struct {
	// names begin the controller's name in an IngressClass or GatewayClass, or are the name of the class.
	names     []string
	namespace string
	labels    map[string]string
}

// controllers are the known ingress controllers with pods.
var controllers = []controller{
	{[]string{"k8s.io/ingress-nginx", "nginx"}, "ingress-nginx", map[string]string{"app.kubernetes.io/name": "ingress-nginx"}},
	{[]string{"nginx.org/ingress-controller"}, "nginx-ingress", map[string]string{"app.kubernetes.io/name": "nginx-ingress"}},
	{[]string{"traefik.io/", "traefik"}, "traefik", map[string]string{"app.kubernetes.io/name": "traefik"}},
	{[]string{"haproxy.org/", "haproxy-ingress.github.io/", "haproxy"}, "haproxy-controller", map[string]string{"app.kubernetes.io/name": "kubernetes-ingress"}},
	{[]string{"projectcontour.io/", "contour"}, "projectcontour", map[string]string{"app.kubernetes.io/name": "contour", "app.kubernetes.io/component": "envoy"}},
	{[]string{"ingress-controllers.konghq.com/", "konghq.com/", "kong"}, "kong", map[string]string{"app.kubernetes.io/name": "kong"}},
	{[]string{"istio.io/", "istio"}, "istio-system", map[string]string{"istio": "ingressgateway"}},
	{[]string{"gateway.envoyproxy.io/", "envoy"}, "envoy-gateway-system", map[string]string{"app.kubernetes.io/component": "proxy", "app.kubernetes.io/managed-by": "envoy-gateway"}},
	{[]string{"gateway.nginx.org/"}, "nginx-gateway", map[string]string{"app.kubernetes.io/name": "nginx-gateway"}},
}

// outsideControllers are the names, or begin the names, of controllers that connect from outside the cluster.
var outsideControllers = []string{"ingress.k8s.aws/", "alb", "gke.io/", "gce", "networking.gke.io/", "azure/", "azure-application-gateway", "elbv2.k8s.aws/", "eks.amazonaws.com/"}

// routed is where requests for one class of routes come from. None: from pods that the build does not identify.
type routed struct {
	from endpoint
	none bool
	note string
}

// matchesName reports whether a controller or class has a name, a name with a suffix (nginx-internal), or one in a
// domain (traefik.io/).
func matchesName(name, known string) bool {
	rest, ok := strings.CutPrefix(name, known)
	return ok && (rest == "" || strings.HasSuffix(known, "/") || strings.HasPrefix(rest, "-"))
}

// routesFrom returns the source of requests that a controller forwards for a class.
func (b *build) routesFrom(name, class string) routed {
	matches := func(known string) bool { return matchesName(name, known) }
	world := endpoint{entity: v1alpha1.EntityWorld, name: "world"}
	switch {
	case matches("io.cilium/") || matches("cilium.io/") || name == "cilium":
		return routed{from: endpoint{entity: v1alpha1.EntityIngress, name: "ingress"}}
	case slices.ContainsFunc(outsideControllers, matches):
		return routed{from: world, note: "its load balancer is outside the cluster, so the flow is from the entity world"}
	}
	var candidates []*resource.Workload
	for _, c := range controllers {
		if name != "" && !slices.ContainsFunc(c.names, matches) {
			continue
		}
		pods := b.controllerPods(c)
		if len(pods) == 0 && name != "" {
			return routed{from: endpoint{namespace: c.namespace, labels: c.labels, name: c.namespace}, note: fmt.Sprintf("its controller %q is not in the build, so the flow is from the pods that it usually has in namespace %s, and inactive until the build has that namespace: declare it as an external resource", name, c.namespace)}
		}
		candidates = append(candidates, pods...)
	}
	if len(candidates) == 0 {
		return routed{from: world, note: fmt.Sprintf("its controller %q is unknown, so the flow is from the entity world: name the controller's pods instead if it runs in the cluster", name)}
	}
	from, ok := b.ofClass(candidates, name, class)
	if !ok {
		return routed{none: true, note: fmt.Sprintf("the build has controllers that may serve it, and none of them alone has the class (%q): no flow is written: add one from the pods of its controller", name)}
	}
	return routed{from: from}
}

// controllerPods are the workloads of a controller in the build.
func (b *build) controllerPods(c controller) []*resource.Workload {
	return slices.DeleteFunc(slices.Clone(b.index.Workloads), func(w *resource.Workload) bool {
		return !endpoints.Selects(endpoints.Selector{MatchLabels: c.labels}, w.Labels) || w.Labels["app.kubernetes.io/component"] == "default-backend" || isJob(w)
	})
}

// ofClass returns the pods of the one controller that serves a class: by its arguments or, if these name no class and
// no other controller may serve it, since it is the only one.
func (b *build) ofClass(candidates []*resource.Workload, name, class string) (endpoint, bool) {
	matching, unnamed, all := map[string]endpoint{}, map[string]endpoint{}, map[string]endpoint{}
	for _, w := range candidates {
		pods := b.podsOf(w)
		all[pods.key()] = pods
		switch own := b.classesOf(w); {
		case len(own) == 0:
			unnamed[pods.key()] = pods
		case slices.Contains(own, name) || class != "" && slices.Contains(own, class):
			matching[pods.key()] = pods
		}
	}
	if len(matching) == 0 && len(all) == 1 {
		matching = unnamed
	}
	for _, pods := range matching {
		return pods, len(matching) == 1
	}
	return endpoint{}, false
}

// classFlag is a flag or variable with the class that a controller serves.
var classFlag = newPattern(`(CONTROLLER|INGRESS)_?CLASS$`)

// classesOf are the classes in the arguments of a controller.
func (b *build) classesOf(w *resource.Workload) []string {
	var out []string
	for _, c := range b.textsOf(w).Containers {
		for _, s := range append(b.envSources(w, c), argumentSources(w, c)...) {
			if classFlag.MatchString(s.key) && s.value != "" {
				out = append(out, s.value)
			}
		}
	}
	return out
}

func isJob(w *resource.Workload) bool { return w.Ref.Kind == "Job" || w.Ref.Kind == "CronJob" }

// findOperators finds the flows that the pods of known operators need.
func (b *build) findOperators() {
	for _, in := range b.index.Inferred {
		for _, need := range in.RequiredFlows {
			b.addRequired(in, need)
		}
	}
}

func (b *build) addRequired(in resource.Inferred, need resource.RequiredFlow) {
	pods := b.selected(in.Resource.Namespace, need.Pods, in.Resource.Name)
	if pods.workload == nil {
		return
	}
	evidence := []string{fmt.Sprintf("%s: %s", short(in.Resource), need.Reason)}
	var ports []v1alpha1.Port
	for _, p := range need.Ports {
		ports = append(ports, portOf(p))
	}
	switch {
	case need.ToAPIServer:
		b.add(namedFlow{from: pods, to: apiServer(), evidence: evidence})
	case need.FromOperator:
		if from := b.operatorPods(in); from.namespace != "" {
			b.add(namedFlow{from: from, to: pods, ports: ports, evidence: evidence})
		}
	}
	// The baseline allows flows among the pods.
}

// operatorPods are the operator's own pods: those of the build with its labels, or those that it usually
// has.
func (b *build) operatorPods(in resource.Inferred) endpoint {
	runs := in.Operator.Runs
	for _, w := range b.index.Workloads {
		if len(runs.Labels) > 0 && endpoints.Selects(endpoints.Selector{MatchLabels: runs.Labels}, w.Labels) {
			return b.selected(w.Ref.Namespace, runs.Labels, w.Ref.Name)
		}
	}
	b.unseen(describe(in.Resource), fmt.Sprintf("needs %s, which is not in the build: declare its pods as external resources, so that the flow from it becomes active", in.Operator.Operator))
	return endpoint{namespace: runs.Namespace, labels: runs.Labels, name: "operator"}
}
