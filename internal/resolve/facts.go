package resolve

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// facts are what the pass claim finds out. Later passes only read them.
type facts struct {
	profile resource.Profile
	index   *resource.Index
	// fence has no grants before the pass lower.
	fence *policy.Fence
	// networkPolicyForm reports whether the fence is for NetworkPolicies in addition to those of
	// Cilium: it omits what they cannot express.
	networkPolicyForm bool

	// tenants are sorted by name.
	tenants []*tenant
	byName  map[string]*tenant
	// owner is the tenant of each namespace that a tenant has with all pods, partialTenants are
	// those of a namespace that is fenced in part.
	owner          map[string]*tenant
	partialTenants map[string][]*tenant
	// relation is who is whose child.
	relation relation
	// unread are the names, and unreadNamespaces the namespaces, of Tenants that are refused
	// already: references to them are not checked.
	unread, unreadNamespaces map[string]bool
}

// usesNetworkPolicies reports whether the function generates NetworkPolicies only.
func (r *facts) usesNetworkPolicies() bool { return r.fence.Policies == v1alpha1.PoliciesKubernetes }

// enforcedByCilium reports whether Cilium is the enforcer. Cilium never matches pods, nodes or the
// apiserver of the cluster by address.
func (r *facts) enforcedByCilium() bool { return r.fence.Cluster.CNI == v1alpha1.CNICilium }

// ciliumHint is the alternative fix for NetworkPolicies under Cilium.
func (r *facts) ciliumHint() string {
	if r.usesNetworkPolicies() && r.enforcedByCilium() {
		return ", or set policies: Cilium"
	}
	return ""
}

// tenant is a Tenant while it is resolved.
type tenant struct {
	policy.Owner
	ref    report.Ref
	path   *field.Path
	spec   v1alpha1.TenantSpec
	limits v1alpha1.Limits
	// replacedLimits are the fields of overrides that replace limits, by the name of the limit.
	replacedLimits map[string]string
	// parent is the name of its parent in the profile, "" if it has none, or not a clear one.
	parent string
	// flows are those of the Tenant, and of the profile for it. The pass agree omits inactive ones.
	flows []*declaredFlow
	// mayAllowOnly reports whether the profile lets the tenant be in AllowOnly.
	mayAllowOnly bool
}

// reasonOf is the reason for a spec at a path of a resource.
func reasonOf(ref report.Ref, path *field.Path) report.Reason {
	return report.Reason{Kind: ref.Kind, Name: ref.Name, Field: path.String()}
}

// deniesUnclaimed reports whether default-deny applies to namespaces without a Tenant.
func (r *facts) deniesUnclaimed() bool {
	return r.fence.Clusterwide != nil && r.fence.Clusterwide.Enforcement == v1alpha1.Enforce
}

// minor is Cilium's minor version.
func (r *facts) minor() int {
	if !r.enforcedByCilium() {
		return cilium.AnyVersion
	}
	return cilium.Minor(r.profile.Spec.Cluster.CiliumVersion)
}

// supports reports whether a fact holds in the cluster's version of Cilium.
func (r *facts) supports(fact cilium.Fact) bool { return fact.In(r.minor()) }

// pass is what each pass has: the facts to read, and its own findings.
type pass struct {
	*facts
	findings report.Findings
}

// refuseSubdomain refuses a pattern that an older Cilium matches differently.
func (r *pass) refuseSubdomain(ref report.Ref, name string, at *field.Path) {
	if strings.HasPrefix(name, "**.") {
		r.require(cilium.SubdomainPatterns, ref, at, fmt.Sprintf("the pattern %q", name), fmt.Sprintf("list a pattern for each number of labels, as %q and %q", name[1:], "*."+name[1:]))
	}
}

func (r *pass) warn(check *report.Check, ref report.Ref, path *field.Path, format string, args ...any) {
	r.report(report.Warning, check, ref, path, format, args...)
}

// checkPortRanges refuses port ranges in versions of Cilium without them.
func (r *pass) checkPortRanges(f *declaredFlow, ports []flow.Port, at *field.Path) bool {
	valid := true
	for _, p := range ports {
		switch {
		case p.End <= p.Port:
		case len(f.l7.HTTP()) > 0:
			valid = r.require(cilium.RangesWithHTTP, f.ref, at, fmt.Sprintf("the range %s with http", p), "before it, agents refuse such a policy as a whole: list the ports") && valid
		default:
			valid = r.require(cilium.PortRanges, f.ref, at, fmt.Sprintf("the range %s", p), "list the ports") && valid
		}
	}
	return valid
}

func (r *pass) report(severity report.Severity, check *report.Check, ref report.Ref, path *field.Path, format string, args ...any) {
	f := report.New(check, severity, ref, "", format, args...)
	if path != nil {
		f.Field = path.String()
	}
	r.findings = append(r.findings, f)
}

func (r *pass) refuse(check *report.Check, ref report.Ref, path *field.Path, format string, args ...any) {
	r.report(report.Error, check, ref, path, format, args...)
}

// require refuses a feature that the cluster's version of Cilium does not have, and reports whether it
// has it. instead is the fix.
func (r *pass) require(fact cilium.Fact, ref report.Ref, at *field.Path, what, instead string) bool {
	if r.supports(fact) {
		return true
	}
	r.refuse(report.CiliumTooOld, ref, at, "%s needs Cilium %s, and the profile declares %s: %s", what, fact.Introduced(), r.profile.Spec.Cluster.CiliumVersion, instead)
	return false
}

// podPeers are the peers for a selector in namespaces of a tenant, as far as it selects pods there. A
// selector for all pods needs no pods: they may be created later.
func (r *facts) podPeers(t *tenant, namespaces []string, pods endpoints.Selector) []policy.Peer {
	pods, ok := t.OwnPods(pods)
	if !ok {
		return nil
	}
	var out []policy.Peer
	for _, ns := range namespaces {
		if r.index.WithoutResources || r.index.Partial || endpoints.SelectsAll(pods) || len(r.index.WorkloadsIn(ns, pods)) > 0 {
			peer := t.PeerIn(ns)
			peer.Pods = pods
			out = append(out, peer)
		}
	}
	return out
}

// namespacesWith are the namespaces of the build with all of the labels, including the name label of
// every namespace, and the labels that the profile sets on namespaces of tenants.
func (r *facts) namespacesWith(required map[string]string) []string {
	all := map[string]labels.Set{}
	for name, ns := range r.index.Namespaces {
		all[name] = ns.Labels
	}
	for name := range r.owner {
		if of, known := all[name]; known || len(required) == 0 {
			all[name] = labels.Merge(of, r.profile.Spec.Tenants.NamespaceLabels)
		}
	}
	for name := range r.partialTenants {
		if len(required) == 0 && all[name] == nil {
			all[name] = nil
		}
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if labels.SelectorFromSet(required).Matches(labels.Merge(all[name], labels.Set{corev1.LabelMetadataName: name})) {
			out = append(out, name)
		}
	}
	return out
}

// isShared reports whether several tenants may have a namespace.
func (r *facts) isShared(namespace string) bool {
	return slices.Contains(r.profile.Spec.SharedNamespaces, namespace)
}

// isPartial reports whether a namespace is fenced in part: its Tenants have the pods in spec.pods
// alone. So is each shared namespace, and one whose only Tenant sets spec.pods.
func (r *facts) isPartial(namespace string) bool {
	return r.isShared(namespace) || len(r.partialTenants[namespace]) > 0
}

// describePartial describes a namespace that is fenced in part.
func (r *claimPass) describePartial(namespace string) string {
	if r.isShared(namespace) {
		return "shared"
	}
	return "partly fenced"
}

// holderOf is the tenant that has a namespace for itself, all of it or in part, or nil. It alone
// chooses the labels of the pods and the Services there.
func (r *facts) holderOf(namespace string) *tenant {
	if all := r.partialTenants[namespace]; len(all) > 0 && !r.isShared(namespace) {
		return all[0]
	}
	return r.owner[namespace]
}

// ownerOfPod is the tenant that has a workload's pods, or nil.
func (r *facts) ownerOfPod(w *resource.Workload) *tenant {
	if t := r.owner[w.Ref.Namespace]; t != nil {
		return t
	}
	all := r.partialTenants[w.Ref.Namespace]
	if i := slices.IndexFunc(all, func(t *tenant) bool { return endpoints.Selects(t.Selector, w.Labels) }); i >= 0 {
		return all[i]
	}
	return nil
}

// ownerOf is the tenant that has a peer's pods, or nil.
func (r *facts) ownerOf(p policy.Peer) *tenant {
	switch {
	case p.Kind == policy.Nodes:
		return nil
	case p.Owner != "":
		return r.byName[p.Owner]
	}
	return r.owner[p.Namespace]
}

// podsByTenant are the pods that a selector selects in a namespace, as one peer a tenant, and their
// tenants. The tenant of unclaimed pods is nil.
func (r *facts) podsByTenant(namespace string, pods endpoints.Selector) (peers []policy.Peer, owners []*tenant) {
	for _, t := range append(slices.Clone(r.partialTenants[namespace]), r.owner[namespace]) {
		if t == nil {
			continue
		}
		for _, peer := range r.podPeers(t, []string{namespace}, pods) {
			peers, owners = append(peers, peer), append(owners, t)
		}
	}
	if r.owner[namespace] != nil || !r.selectsUnclaimed(namespace, pods) {
		return peers, owners
	}
	return append(peers, policy.Peer{Kind: policy.Pods, Namespace: namespace, Pods: pods}), append(owners, nil)
}

// selectsUnclaimed reports whether a selector may select pods without a tenant.
func (r *facts) selectsUnclaimed(namespace string, pods endpoints.Selector) bool {
	if r.index.WithoutResources || r.index.Partial || endpoints.SelectsAll(pods) {
		return true
	}
	return slices.ContainsFunc(r.index.WorkloadsIn(namespace, pods), func(w *resource.Workload) bool { return r.ownerOfPod(w) == nil })
}

// dnsPort is the port that clients of DNS dial.
const dnsPort = 53

// includesDNS reports whether a peer includes pods of the cluster's DNS.
func (r *facts) includesDNS(p policy.Peer) bool {
	dns := r.profile.Spec.Baseline.DNS
	switch {
	case p.Kind == policy.Entities:
		return slices.ContainsFunc(p.Entities, r.entityIncludesDNS)
	case p.Kind != policy.Pods || slices.Contains(p.ExcludedNamespaces, dns.Namespace):
		return false
	case p.Namespace != "" && p.Namespace != dns.Namespace:
		return false
	case p.Namespace == "" && len(p.NamespaceLabels) > 0 && !slices.Contains(r.namespacesWith(p.NamespaceLabels), dns.Namespace):
		return false
	}
	_, ok := endpoints.Intersect(p.Pods, endpoints.SelectorOf(dns.Pods))
	return ok
}

// entityIncludesDNS reports whether an entity includes pods of the cluster's DNS.
func (r *facts) entityIncludesDNS(e v1alpha1.Entity) bool {
	dns := r.profile.Spec.Baseline.DNS
	switch e {
	case v1alpha1.EntityCluster, v1alpha1.EntityAll:
		return true
	case v1alpha1.EntityHost:
		return dns.NodeLocal || dns.HostNetwork
	case v1alpha1.EntityRemoteNode:
		return dns.HostNetwork
	}
	return false
}

// includesDNSPort reports whether ports include that of DNS.
func includesDNSPort(ports []flow.Port, dns int32) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p flow.Port) bool {
		return p.IsNamed() || p.Protocol != flow.ICMP && p.Protocol != v1alpha1.SCTP && p.Port <= dns && dns <= max(p.Port, p.End)
	})
}
