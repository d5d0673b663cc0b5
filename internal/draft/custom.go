package draft

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

// linkKinds have URLs for people, which nothing connects to.
var linkKinds = []string{"PrometheusRule", "CustomResourceDefinition", "ClusterPolicy", "Policy", "ConstraintTemplate"}

// noteCustomHosts notes the public hosts in resources whose controllers are unknown: their pods may connect to
// them.
func (b *build) noteCustomHosts() {
	pods := b.index.MakesPods()
	for _, n := range b.items {
		group := resource.Group(n)
		if !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io") || resource.IsPolicy(n) || slices.Contains(linkKinds, n.GetKind()) || pods[resource.ID(n)] {
			continue
		}
		sources := scalarSources(describe(resource.RefOf(n)), at(n, "spec"))
		for _, s := range sources {
			b.noteCustomHost(s)
		}
		b.noteBuckets("", sources)
	}
}

func (b *build) noteCustomHost(s source) {
	found, _ := mentionsIn(s.value, secretText)
	for _, m := range found {
		if m.url && isPublicName(m.host) && b.routedHosts()[m.host] == "" && !strings.Contains(m.host, ".svc") {
			b.review(s.evidence, fmt.Sprintf("names %s: the pods of its controller may connect to it, and no flow is written: add one to their Tenant", hostPort(m)))
		}
	}
}

// scalarSources are the texts in a part of a resource, with their fields.
func scalarSources(name string, part *yaml.RNode) []source {
	if part == nil {
		return nil
	}
	var out []source
	walkScalars(part.YNode(), "spec", "spec", func(key, field, value string) {
		out = append(out, source{key: key, value: value, kind: valueText, evidence: name + " " + field})
	})
	return out
}

var bucketURL = newPattern(`^(s3|gs|gcs|azblob|abfss?)://[\w.-]+`)

// noteBuckets notes URLs of an object storage without an endpoint next to them: the host is the provider's.
func (b *build) noteBuckets(namespace string, sources []source) {
	for _, s := range sources {
		bucket := bucketURL.FindString(s.value)
		if bucket == "" || s.kind != valueText {
			continue
		}
		parent := s.key[:strings.LastIndex(s.key, ".")+1]
		hasEndpoint := slices.ContainsFunc(sources, func(o source) bool {
			name, sibling := strings.CutPrefix(o.key, parent)
			return sibling && strings.Contains(strings.ToLower(name), "endpoint") && (o.value != "" || o.unknown)
		})
		if !hasEndpoint {
			b.review(namespace+s.evidence, fmt.Sprintf("names %s without an endpoint: the provider's own hosts serve it, so no flow is written: add a flow with fqdns for these hosts and port 443", bucket))
		}
	}
}
