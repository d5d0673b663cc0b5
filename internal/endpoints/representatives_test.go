package endpoints_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// An existing pod represents pods with its labels, if it has the ports that policies name.
func TestRepresentativePorts(t *testing.T) {
	t.Parallel()
	web := func(ports ...endpoints.NamedPort) endpoints.Endpoint {
		return endpoints.Endpoint{Kind: endpoints.PodEndpoint, Name: "acme/web", Namespace: "acme", Labels: map[string]string{"app": "web"}, ServiceAccount: "robot", Ports: ports}
	}
	http := endpoints.NamedPort{Name: "http", Port: 8080}
	for desc, c := range map[string]struct {
		existing endpoints.Endpoint
		named    []endpoints.NamedPort
		want     string
	}{
		"no port has a name":                                        {web(), nil, "a pod without labels: "},
		"the pod has the named port":                                {web(http), []endpoints.NamedPort{http}, "a pod without labels: http=8080/TCP"},
		"a representative is added if the pod lacks the named port": {web(), []endpoints.NamedPort{http}, "a pod without labels: http=64999/TCP; a pod with app=web: http=64999/TCP"},
		"a port name belongs to one protocol": {
			web(http), []endpoints.NamedPort{{Name: "http", Protocol: v1alpha1.UDP}}, "a pod without labels: http=64999/UDP; a pod with app=web: http=64999/UDP",
		},
		"pods with the same identity agree on common ports": {
			web(http), []endpoints.NamedPort{http, {Name: "admin"}}, "a pod without labels: http=8080/TCP,admin=64999/TCP; a pod with app=web: http=8080/TCP,admin=64999/TCP",
		},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			selections := endpoints.Selection{Requirements: append(endpoints.InNamespace("acme"), endpoints.RequirementsOf(app("web"), endpoints.PodLabel)...), Ports: c.named}
			env := endpoints.Environment{Namespaces: map[string]map[string]string{"acme": nil}}
			var got []string
			for _, ep := range representatives(t, env, []endpoints.Endpoint{c.existing}, selections) {
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

func representatives(t *testing.T, s endpoints.Environment, existing []endpoints.Endpoint, selections ...endpoints.Selection) []endpoints.Endpoint {
	t.Helper()
	all, err := endpoints.RepresentativePods(s, existing, selections)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// For every selector with exclusions, some representative has a value that it does not exclude.
func TestRepresentativeValues(t *testing.T) {
	t.Parallel()
	expressions := []metav1.LabelSelectorRequirement{
		{Key: "app", Operator: metav1.LabelSelectorOpExists}, {Key: "app", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"any", "other"}},
	}
	selections := endpoints.Selection{Requirements: endpoints.RequirementsOf(endpoints.Selector{MatchExpressions: expressions}, endpoints.PodLabel)}
	found := slices.ContainsFunc(representatives(t, endpoints.Environment{}, nil, selections), func(ep endpoints.Endpoint) bool {
		return endpoints.Selects(endpoints.Selector{MatchExpressions: expressions}, ep.Labels)
	})
	if !found {
		t.Error("the selector selects no representative pod")
	}
}

// in selects pods by one of several values of a label.
func in(key string, values ...string) endpoints.Selection {
	return endpoints.Selection{Policy: "acme/" + key, Requirements: append(endpoints.InNamespace("acme"), endpoints.Requirement{
		Trait: endpoints.PodLabel, LabelSelectorRequirement: metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpIn, Values: values},
	})}
}

func formatPods(pods []endpoints.Endpoint) string {
	var out []string
	for _, ep := range pods {
		if ep.Namespace == "acme" {
			out = append(out, endpoints.FormatLabels(ep.Labels))
		}
	}
	return strings.Join(out, " ")
}

var acme = map[string]map[string]string{"acme": nil}

func TestValuesOfOneClassHaveOneRepresentative(t *testing.T) {
	t.Parallel()
	declared := endpoints.Selection{Requirements: endpoints.RequirementsOf(app("b"), endpoints.PodLabel)}
	for desc, c := range map[string]struct {
		env        endpoints.Environment
		selections []endpoints.Selection
		want       string
	}{
		"all values that nothing distinguishes are one":   {endpoints.Environment{}, []endpoints.Selection{in("app", "a", "b", "c")}, " app=a"},
		"another selector distinguishes some":             {endpoints.Environment{}, []endpoints.Selection{in("app", "a", "b", "c"), in("app", "c", "d")}, " app=a app=c app=d"},
		"a declared selector distinguishes a value":       {endpoints.Environment{Selectors: []endpoints.Selection{declared}}, []endpoints.Selection{in("app", "a", "b", "c")}, " app=a app=b"},
		"the same list in another order is the same list": {endpoints.Environment{}, []endpoints.Selection{in("app", "a", "b"), in("app", "b", "a")}, " app=a"},
		"a value of one label is not one of another":      {endpoints.Environment{}, []endpoints.Selection{in("app", "a", "b"), in("tier", "b")}, " app=a tier=b"},
		"the fresh value differs from declared values":    {endpoints.Environment{Selectors: []endpoints.Selection{{Requirements: endpoints.RequirementsOf(app("other"), endpoints.PodLabel)}}}, []endpoints.Selection{exists("app")}, " app=other-other"},
	} {
		t.Run(desc, func(t *testing.T) {
			c.env.Namespaces = acme
			if got := formatPods(representatives(t, c.env, nil, c.selections...)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func exists(key string) endpoints.Selection {
	s := in(key)
	s.Requirements[1].Operator = metav1.LabelSelectorOpExists
	return s
}

// large is a selection with several values for each of several keys.
func large(keys, values int, operator metav1.LabelSelectorOperator) endpoints.Selection {
	s := endpoints.Selection{Policy: "acme/large", Requirements: endpoints.InNamespace("acme")}
	for k := range keys {
		r := endpoints.Requirement{Trait: endpoints.PodLabel, LabelSelectorRequirement: metav1.LabelSelectorRequirement{Key: fmt.Sprint("k", k), Operator: operator}}
		for v := range values {
			r.Values = append(r.Values, fmt.Sprint("v", v))
		}
		s.Requirements = append(s.Requirements, r)
	}
	return s
}

// The number of representatives does not grow with the values that a selector lists.
func TestLargeSelectorsHaveFewRepresentatives(t *testing.T) {
	t.Parallel()
	half := large(20, 25, metav1.LabelSelectorOpIn)
	for desc, c := range map[string]struct {
		selections []endpoints.Selection
		want       int
	}{
		"In":                        {[]endpoints.Selection{large(20, 50, metav1.LabelSelectorOpIn)}, 2},
		"twice the keys and values": {[]endpoints.Selection{large(40, 100, metav1.LabelSelectorOpIn)}, 2},
		"NotIn":                     {[]endpoints.Selection{large(20, 50, metav1.LabelSelectorOpNotIn)}, 1 + 2*20},
		"two selectors, one with half of the values": {[]endpoints.Selection{large(20, 50, metav1.LabelSelectorOpIn), half}, 2 + 20},
	} {
		t.Run(desc, func(t *testing.T) {
			n := 0
			for _, ep := range representatives(t, endpoints.Environment{Namespaces: acme}, nil, c.selections...) {
				if ep.Namespace == "acme" {
					n++
				}
			}
			if n != c.want {
				t.Errorf("got %d representatives, want %d", n, c.want)
			}
		})
	}
}

// A BudgetError is returned before endpoints are added, and names the policy that needs the most.
func TestBudget(t *testing.T) {
	t.Parallel()
	selections := []endpoints.Selection{in("app", "a", "b", "c", "d"), in("app", "a"), in("app", "b"), in("app", "c")}
	for budget, want := range map[int]error{
		10: nil,
		3:  endpoints.BudgetError{Policy: "acme/app", Needed: 7, Limit: 3},
	} {
		_, err := endpoints.RepresentativePods(endpoints.Environment{Namespaces: acme, Budget: budget}, nil, selections)
		if err != want { //nolint:errorlint // it is compared as a value
			t.Errorf("budget %d: got %v, want %v", budget, err, want)
		}
	}
	huge := large(200, 150, metav1.LabelSelectorOpIn)
	each := []endpoints.Selection{huge}
	for k, r := range huge.Requirements[1:] {
		for _, v := range r.Values {
			each = append(each, in(fmt.Sprint("k", k), v))
		}
	}
	var over endpoints.BudgetError
	if _, err := endpoints.RepresentativePods(endpoints.Environment{Namespaces: acme}, nil, each); !errors.As(err, &over) || over.Needed != 1+200*149 {
		t.Errorf("got %v", err)
	}
}
