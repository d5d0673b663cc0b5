package fn_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/cilium"
)

// evidence is how a release shows that it has a fact: its custom resource accepts a policy
// with one spec, or refuses one that older versions accept; or the fact's source holds a
// text, or no longer holds one.
type evidence struct{ accepts, refuses, holds, without string }

var factEvidence = map[string]evidence{
	"additive-policies":  {accepts: `{endpointSelector: {}, egress: [{}], enableDefaultDeny: {egress: false}}`},
	"port-ranges":        {accepts: `{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: "80", endPort: 90}]}]}]}`},
	"icmp-names":         {accepts: `{endpointSelector: {}, egress: [{icmps: [{fields: [{family: IPv4, type: EchoRequest}]}]}]}`},
	"cidr-format":        {accepts: `{endpointSelector: {}, egress: [{toCIDRSet: [{cidr: "64:ff9b::192.0.2.0/120"}]}]}`},
	"host-dns":           {without: "host policies do not support L7 rules yet"},
	"ranges-with-http":   {holds: "DNS rules do not support port ranges"},
	"wildcard-l7":        {holds: "If we have L7 rules and default deny is disabled"},
	"server-patterns":    {refuses: `{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: ["no name"]}]}]}`},
	"subdomain-patterns": {holds: "subdomain wildcard specifier"},
	"local-cluster":      {holds: "policyDefaultLocalCluster: true"},
	"ports-in-label":     {holds: "func NamedPortsIdentityLabels("},
	"server-patterns-inside": {
		accepts: `{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: ["api-*.example.com"]}]}]}`,
	},
	"named-egress-ports":       {holds: "GetEgressNamedPorts("},
	"cluster-network-policies": {holds: "EnableK8sClusterNetworkPolicy"},
	"requirements":             {accepts: `{endpointSelector: {}, egress: [{toRequires: [{matchLabels: {env: prod}}]}]}`},
	"authentication-off":       {holds: "therefore the requests not be allowed.\n  enabled: false"},
	"ztunnel":                  {holds: "ztunnel"},
	"source-ip-delegation":     {holds: "delegate-source-ip-verification"},
	"remote-node-option":       {holds: "enable-remote-node-identity"},
	"proxy-visibility":         {holds: "proxy-visibility"},
	"removed-l7":               {accepts: `{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: "9092", protocol: TCP}], rules: {kafka: [{topic: t}]}}]}]}`},
}

// TestEachFactHoldsInItsReleases holds the table of version facts against Cilium's own
// releases: from the first minor version with a fact on, and before the first without it,
// and not in the versions next to these.
func TestEachFactHoldsInItsReleases(t *testing.T) {
	t.Parallel()
	all := releases(t)
	for _, fact := range cilium.Facts() {
		e, ok := factEvidence[fact.Name]
		if !ok {
			t.Errorf("fact %q has no evidence here", fact.Name)
			continue
		}
		for _, r := range all {
			// A patch release of an older version may have it as well: the version next to the
			// first is one that has not.
			if !fact.In(r.minor) && r.minor != fact.Since-1 && r.minor != fact.Until {
				continue
			}
			if has := r.shows(t, fact, e); has != fact.In(r.minor) {
				t.Errorf("fact %q: Cilium %s has it: %v", fact.Name, r.version, has)
			}
		}
	}
}

func (r *release) shows(t *testing.T, fact cilium.Fact, e evidence) bool {
	t.Helper()
	if spec := e.accepts + e.refuses; spec != "" {
		node := parse(t, "spec", []byte("{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: p, namespace: n}, spec: "+spec+"}"))[0]
		data, err := node.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		return (r.accepts(t, data) == nil) == (e.refuses == "")
	}
	text := r.source(t, fact.Source)
	return strings.Contains(text, e.holds) && (e.without == "" || !strings.Contains(text, e.without))
}

// TestEveryVersionHasARelease: what the profile may declare is what `make` reads, and the
// newest is the one whose engine decides.
func TestEveryVersionHasARelease(t *testing.T) {
	t.Parallel()
	var found []string
	all := releases(t)
	for _, r := range all {
		found = append(found, minorOf(r.version))
	}
	if !slices.Equal(found, cilium.Versions()) {
		t.Errorf("the releases are those of Cilium %v, and a profile may declare %v", found, cilium.Versions())
	}
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	engine := regexp.MustCompile(`github\.com/cilium/cilium (\S+)`).FindSubmatch(mod)
	if newest := all[len(all)-1]; len(engine) != 2 || newest.version != string(engine[1]) {
		t.Errorf("the newest release is %s, and go.mod has %s", newest.version, engine)
	}
}
