package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// A pod that is there stands for those with its labels, as far as it has the ports that
// policies name there.
func TestImaginedPorts(t *testing.T) {
	t.Parallel()
	web := func(ports ...policy.NamedPort) policy.Endpoint {
		return policy.Endpoint{Kind: policy.PodEndpoint, Name: "acme/web", Namespace: "acme", Labels: map[string]string{"app": "web"}, ServiceAccount: "robot", Ports: ports}
	}
	http := policy.NamedPort{Name: "http", Port: 8080}
	for sentence, c := range map[string]struct {
		there policy.Endpoint
		named []policy.NamedPort
		want  string
	}{
		"it stands for all where no port has a name":        {web(), nil, "a pod without labels: "},
		"and where it has the name":                         {web(http), []policy.NamedPort{http}, "a pod without labels: http=8080/TCP"},
		"one that has the name is beside it where it lacks": {web(), []policy.NamedPort{http}, "a pod without labels: http=64999/TCP; a pod with app=web: http=64999/TCP"},
		"a name is one of a protocol": {
			web(http), []policy.NamedPort{{Name: "http", Protocol: v1alpha1.UDP}}, "a pod without labels: http=64999/UDP; a pod with app=web: http=64999/UDP",
		},
		"they agree on what both have": {
			web(http), []policy.NamedPort{http, {Name: "admin"}}, "a pod without labels: http=8080/TCP,admin=64999/TCP; a pod with app=web: http=8080/TCP,admin=64999/TCP",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			told := policy.Selection{Requirements: append(policy.InNamespace("acme"), policy.RequirementsOf(app("web"), policy.PodLabel)...), Ports: c.named}
			around := policy.Surroundings{Namespaces: map[string]map[string]string{"acme": nil}}
			var got []string
			for _, ep := range imagine(t, around, []policy.Endpoint{c.there}, told) {
				var ports []string
				for _, p := range ep.Ports {
					ports = append(ports, fmt.Sprintf("%s=%d/%s", p.Name, p.Port, p.Protocol))
				}
				if ep.Namespace == "acme" {
					got = append(got, strings.TrimSuffix(ep.Name, " in acme")+": "+strings.Join(ports, ","))
				}
			}
			if got := strings.Join(got, "; "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func imagine(t *testing.T, s policy.Surroundings, there []policy.Endpoint, told ...policy.Selection) []policy.Endpoint {
	t.Helper()
	all, err := policy.ImaginePods(s, there, told)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Whatever a selector excludes, there is a value that it does not.
func TestImaginedValues(t *testing.T) {
	t.Parallel()
	expressions := []metav1.LabelSelectorRequirement{
		{Key: "app", Operator: metav1.LabelSelectorOpExists}, {Key: "app", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"any", "other"}},
	}
	told := policy.Selection{Requirements: policy.RequirementsOf(policy.Selector{MatchExpressions: expressions}, policy.PodLabel)}
	found := slices.ContainsFunc(imagine(t, policy.Surroundings{}, nil, told), func(ep policy.Endpoint) bool {
		return policy.Selects(policy.Selector{MatchExpressions: expressions}, ep.Labels)
	})
	if !found {
		t.Error("no pod that is imagined is selected")
	}
}
