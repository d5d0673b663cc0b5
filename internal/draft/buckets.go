package draft

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var bucketURL = regexp.MustCompile(`^(s3|gs|gcs|azblob|abfss?)://[\w.-]+`)

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
