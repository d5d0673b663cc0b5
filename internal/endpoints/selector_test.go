package endpoints_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
)

func app(name string) endpoints.Selector {
	return endpoints.Selector{MatchLabels: map[string]string{"app": name}}
}

func expression(op metav1.LabelSelectorOperator, values ...string) endpoints.Selector {
	return endpoints.Selector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: op, Values: values}}}
}

func TestIntersect(t *testing.T) {
	t.Parallel()
	in, notIn, exists, absent := metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn, metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist
	db := app("db")
	tier := endpoints.Selector{MatchLabels: map[string]string{"tier": "back"}}
	dbTier := endpoints.Selector{MatchLabels: map[string]string{"app": "db", "tier": "back"}}
	for name, c := range map[string]struct {
		a, b endpoints.Selector
		// want is nil if the two contradict each other.
		want *endpoints.Selector
	}{
		"everything and everything is everything":                {endpoints.Selector{}, endpoints.Selector{}, &endpoints.Selector{}},
		"everything and some is those":                           {endpoints.Selector{}, db, &db},
		"some and the same are the same":                         {db, db, &db},
		"different labels add up":                                {db, tier, &dbTier},
		"different values of a label are a contradiction":        {db, app("web"), nil},
		"an expression that a label meets is redundant":          {db, expression(in, "db", "web"), &db},
		"an expression that a label violates is a contradiction": {db, expression(in, "web"), nil},
		"an exclusion of a label's value is a contradiction":     {db, expression(notIn, "db"), nil},
		"an exclusion of another value is redundant":             {db, expression(notIn, "web"), &db},
		"Exists is redundant with a label":                       {db, expression(exists), &db},
		"DoesNotExist contradicts a label":                       {db, expression(absent), nil},
		"the same expression twice appears once":                 {expression(exists), expression(exists), ptr(expression(exists))},
		"different expressions add up": {expression(exists), expression(notIn, "db"), &endpoints.Selector{
			MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: exists}, {Key: "app", Operator: notIn, Values: []string{"db"}}},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, pair := range [][2]endpoints.Selector{{c.a, c.b}, {c.b, c.a}} {
				got, ok := endpoints.Intersect(pair[0], pair[1])
				switch {
				case ok != (c.want != nil):
					t.Errorf("%s and %s: there may be such pods: %v", endpoints.JSONKey(pair[0]), endpoints.JSONKey(pair[1]), ok)
				case ok && len(c.want.MatchExpressions) < 2 && endpoints.JSONKey(got) != endpoints.JSONKey(*c.want):
					t.Errorf("%s and %s are %s, want %s", endpoints.JSONKey(pair[0]), endpoints.JSONKey(pair[1]), endpoints.JSONKey(got), endpoints.JSONKey(*c.want))
				case ok && len(got.MatchExpressions) != len(c.want.MatchExpressions):
					t.Errorf("%s and %s are %s", endpoints.JSONKey(pair[0]), endpoints.JSONKey(pair[1]), endpoints.JSONKey(got))
				}
			}
		})
	}
}

func TestSelects(t *testing.T) {
	t.Parallel()
	if !endpoints.Selects(endpoints.Selector{}, nil) {
		t.Error("an empty selector selects every pod")
	}
	if endpoints.Selects(expression("Unknown"), map[string]string{"app": "db"}) {
		t.Error("a selector that cannot be read selects nothing")
	}
	if !endpoints.Selects(expression(metav1.LabelSelectorOpNotIn, "db"), nil) {
		t.Error("an exclusion selects a pod without labels")
	}
}

func ptr[T any](v T) *T { return &v }

func TestNarrows(t *testing.T) {
	t.Parallel()
	in := func(values ...string) []metav1.LabelSelectorRequirement {
		return []metav1.LabelSelectorRequirement{{Key: "role", Operator: metav1.LabelSelectorOpIn, Values: values}}
	}
	for name, c := range map[string]struct {
		a, b endpoints.Selector
		want bool
	}{
		"everything is no part of something":    {endpoints.Selector{}, endpoints.Selector{MatchLabels: map[string]string{"role": "worker"}}, false},
		"something is a part of everything":     {endpoints.Selector{MatchLabels: map[string]string{"role": "worker"}}, endpoints.Selector{}, true},
		"a label that an expression allows":     {endpoints.Selector{MatchLabels: map[string]string{"role": "worker"}}, endpoints.Selector{MatchExpressions: in("worker", "edge")}, true},
		"a label that an expression excludes":   {endpoints.Selector{MatchLabels: map[string]string{"role": "master"}}, endpoints.Selector{MatchExpressions: in("worker", "edge")}, false},
		"the same expression and another label": {endpoints.Selector{MatchLabels: map[string]string{"zone": "a"}, MatchExpressions: in("worker")}, endpoints.Selector{MatchExpressions: in("worker")}, true},
		"another expression":                    {endpoints.Selector{MatchExpressions: in("worker", "edge")}, endpoints.Selector{MatchExpressions: in("worker")}, false},
	} {
		if got := endpoints.Narrows(c.a, c.b); got != c.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestOtherPods(t *testing.T) {
	t.Parallel()
	s := endpoints.Selector{MatchLabels: map[string]string{"app": "db", "tier": "back"}, MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "old", Operator: metav1.LabelSelectorOpDoesNotExist}}}
	for _, labels := range []map[string]string{nil, {"app": "db"}, {"app": "web", "tier": "back"}, {"app": "db", "tier": "back"}, {"app": "db", "tier": "back", "old": "yes"}} {
		others := 0
		for _, p := range policy.OtherPods("acme", s) {
			if p.Namespace == "acme" && endpoints.Selects(p.Pods, labels) {
				others++
			}
		}
		if endpoints.Selects(s, labels) == (others > 0) {
			t.Errorf("pods %v: the selector selects them: %v, and %d of the peers for other pods", labels, endpoints.Selects(s, labels), others)
		}
	}
}
