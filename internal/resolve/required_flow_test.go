package resolve

import (
	"encoding/json"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

func TestRequiredFlowHasAFreeName(t *testing.T) {
	long := strings.Repeat("a", 60) + "-bc"
	tn := &tenant{spec: v1alpha1.TenantSpec{
		Ingress:      []v1alpha1.IngressFlow{{Name: "db"}, {Name: long}},
		Egress:       []v1alpha1.EgressFlow{{Name: "db-2"}, {Name: "api"}},
		AgentIngress: []v1alpha1.AgentIngress{{Name: "agents"}},
	}}
	for name, want := range map[string]string{
		"web": "web", "api": "api-2", "agents": "agents-2", "db": "db-3", long: strings.Repeat("a", 60) + "-2",
	} {
		if got := tn.freeFlowName(name); got != want || len(validation.IsDNS1123Label(got)) > 0 {
			t.Errorf("freeFlowName(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestSelectorYAMLQuotesOnlyWhatYAMLNeeds(t *testing.T) {
	for in, want := range map[string]string{
		`{"matchLabels":{"app":"db","app.kubernetes.io/name":"web-1"}}`:                              `{matchLabels: {app: db, app.kubernetes.io/name: web-1}}`,
		`{"matchLabels":{"app":"yes","n":"1","x":""}}`:                                               `{matchLabels: {app: "yes", "n": "1", x: ""}}`,
		`{"matchExpressions":[{"key":"app","operator":"In","values":["1.0","On","null","null-1"]}]}`: `{matchExpressions: [{key: app, operator: In, values: ["1.0", "On", "null", null-1]}]}`,
	} {
		var selector, back endpoints.Selector
		if err := json.Unmarshal([]byte(in), &selector); err != nil {
			t.Fatal(err)
		}
		got := selectorYAML(selector)
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if err := yaml.Unmarshal([]byte(got), &back); err != nil || endpoints.JSONKey(back) != endpoints.JSONKey(selector) {
			t.Errorf("%s reads as %s, want %s: %v", got, endpoints.JSONKey(back), in, err)
		}
	}
}
