package engine_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/engine"
)

// TestWrongTypeErrorsNameTheField checks that errors name fields and YAML types, not Go types.
func TestWrongTypeErrorsNameTheField(t *testing.T) {
	t.Parallel()
	for spec, want := range map[string]string{
		`{"endpointSelector": {}, "egress": [{"toRequires": [{"matchLabels": {}}]}]}`:        "spec.egress.toRequires is of type object, but Cilium expects type string",
		`{"endpointSelector": {}, "ingress": {"fromEndpoints": []}}`:                         "spec.ingress is of type object, but Cilium expects type list",
		`{"endpointSelector": {}, "ingress": [{"toPorts": [{"ports": [{"port": 80}]}]}]}`:    "spec.ingress.toPorts.ports.port is of type number, but Cilium expects type string",
		`{"endpointSelector": {}, "ingress": [{"fromEntities": "world"}]}`:                   "spec.ingress.fromEntities is of type string, but Cilium expects type list",
		`{"endpointSelector": {}, "egress": [{}], "enableDefaultDeny": {"egress": "false"}}`: "spec.enableDefaultDeny.egress is of type string, but Cilium expects type bool",
		`["endpointSelector"]`: "spec is of type list, but Cilium expects type object",
	} {
		doc := `{"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"name": "p", "namespace": "n"}, "spec": ` + spec + `}`
		_, err := newEngine(engine.Options{Agent: cilium.AllFeatures()}, []json.RawMessage{json.RawMessage(doc)}, nil)
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", spec, err, want)
		}
	}
}
