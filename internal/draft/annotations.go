package draft

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/resource"
)

var (
	// controllerAnnotation is a key that an ingress controller reads.
	controllerAnnotation = regexp.MustCompile(`(?i)(ingress|nginx|haproxy|traefik|konghq)[^/]*/`)
	// clientAnnotation is a key whose URLs are for clients.
	clientAnnotation = regexp.MustCompile(`(?i)(signin|redirect(-to|-from)?|origin|error-page|app-root|rewrite-target)$`)
	// requestPath is a variable of nginx behind a host.
	requestPath = regexp.MustCompile(`\$(request_uri|escaped_request_uri|uri|is_args|args)\b`)
)

// findAnnotations finds the flows from the controller of an Ingress to the URLs in its annotations, as that of an
// authentication service.
func (b *build) findAnnotations() {
	for _, n := range b.ofKind("networking.k8s.io", "Ingress") {
		annotations := n.GetAnnotations()
		for _, key := range slices.Sorted(maps.Keys(annotations)) {
			if controllerAnnotation.MatchString(key) && !clientAnnotation.MatchString(key) && strings.Contains(annotations[key], "://") {
				from := b.routesFrom(b.ingressController(n)).from
				_, name, _ := strings.Cut(key, "/")
				b.addAnnotated(from, n.GetNamespace(), source{value: annotations[key], kind: valueText, evidence: short(resource.RefOf(n)) + " annotation " + name})
			}
		}
	}
}

func (b *build) addAnnotated(from endpoint, namespace string, s source) {
	where := namespace + "/" + s.evidence
	found, variable := mentionsIn(requestPath.ReplaceAllString(s.value, "/"), s.kind)
	if variable {
		b.unseen(where, "has a host that depends on a variable without a value in the build")
	}
	for _, m := range found {
		s.restrict(&m)
		if !from.isPods() {
			b.review(where, "names "+hostPort(m)+", and the controller's pods are unknown: no flow is written: add one from the pods of the controller")
			continue
		}
		for _, d := range b.resolveMention(m, from.within(), where) {
			b.add(namedFlow{from: from, to: d.to, ports: d.ports, evidence: []string{s.evidence}})
		}
	}
}
