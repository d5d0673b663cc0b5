package fn

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// needs says what was set on Namespaces and Services, for whoever applies the
// policies alone.
func needs(f *policy.Fence, changes policy.Changes) []string {
	var out []string
	for _, c := range changes {
		if c.Action != policy.Configured {
			continue
		}
		switch c.Ref.Kind {
		case "Namespace":
			var labels []string
			for _, k := range slices.Sorted(maps.Keys(f.NamespaceLabels)) {
				labels = append(labels, k+"="+f.NamespaceLabels[k])
			}
			out = append(out, fmt.Sprintf("Namespace %s: labels %s", c.Ref.Name, strings.Join(labels, ", ")))
		case "Service":
			for _, s := range f.SourceRanges {
				if s.Namespace == c.Ref.Namespace && s.Service == c.Ref.Name {
					out = append(out, fmt.Sprintf("Service %s/%s: loadBalancerSourceRanges %s", s.Namespace, s.Service, strings.Join(s.CIDRs, ", ")))
				}
			}
		}
	}
	return out
}
