package fn_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/output"
)

const wellFormed = `
apiVersion: config.kubernetes.io/v1
kind: ResourceList
functionConfig:
  apiVersion: tenantfence.dev/v1alpha1
  kind: TenantFence
  metadata: {name: fence, labels: {a: b}, annotations: {c: d}}
  spec: {profile: {cluster: {cni: Cilium, ciliumVersion: "1.19"}, enforcement: Enforce, limits: {fqdns: ["*.example.com"]}}}
items:
- apiVersion: tenantfence.dev/v1alpha1
  kind: Tenant
  metadata: {name: acme, labels: {a: b}, annotations: {c: d}}
  spec: {egress: [{name: out, to: [{fqdns: [api.example.com]}], ports: [{port: 443}]}], ingress: [{name: web, from: [{service: shop/web}], ports: [{port: http}], optional: true}]}
- apiVersion: v1
  kind: Namespace
  metadata: {name: tenant-acme, labels: {a: b}, annotations: {c: d}}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: web, namespace: tenant-acme, labels: {a: b}, annotations: {c: d}}
  spec: {template: {metadata: {labels: {app: web}}, spec: {hostNetwork: false, serviceAccountName: web, containers: [{name: web, ports: [{name: http, containerPort: 8080}]}]}}}
- apiVersion: v1
  kind: Service
  metadata: {name: web, namespace: tenant-acme}
  spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
- apiVersion: discovery.k8s.io/v1
  kind: EndpointSlice
  metadata: {name: web, namespace: tenant-acme, labels: {kubernetes.io/service-name: web}}
  endpoints: [{addresses: [192.0.2.1]}]
  ports: [{name: http, port: 80}]
- apiVersion: cilium.io/v2
  kind: CiliumNetworkPolicy
  metadata: {name: own, namespace: tenant-acme, labels: {a: b}}
  spec: {endpointSelector: {matchLabels: {app: web}}, ingress: [{fromEndpoints: [{matchExpressions: [{key: app, operator: In, values: [web]}]}], toPorts: [{ports: [{port: "8080", protocol: TCP}], rules: {http: [{method: GET}]}}]}], egressDeny: [{toCIDR: [10.0.0.0/8]}]}
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: other, namespace: tenant-acme}
  spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: web}}}, {ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.1/32]}}], ports: [{port: 80}]}]}
- apiVersion: tenantfence.dev/v1alpha1
  kind: FlowTest
  metadata: {name: flows}
  spec: {cases: [{name: a, from: tenant-acme/Deployment/web, to: api.example.com, port: 443, expect: Allow}]}
- apiVersion: postgresql.cnpg.io/v1
  kind: Cluster
  metadata: {name: db, namespace: tenant-acme}
  spec: {instances: 3}
`

// shapes are what any node may be replaced by.
var shapes = []string{"null", "[]", "[null]", "[a]", "{}", "{a: b}", "{a: null}", `""`, "text", "5", "99999999999999999999", "1.5", "true", "!!binary aGk=", "${VAR}", "-1",
	"&a [*a]", "&a {b: *a}", "&a {? *a : b}", "&a {<<: *a}", bomb()}

// bomb is a list of lists whose aliases expand to ten million values.
func bomb() string {
	out := []string{"&a0 [x, x, x, x, x, x, x, x, x, x]"}
	for i := range 6 {
		alias := fmt.Sprintf("*a%d", i)
		out = append(out, fmt.Sprintf("&a%d [%s]", i+1, strings.Join(slices.Repeat([]string{alias}, 10), ", ")))
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// nodesOf are all nodes below one.
func nodesOf(n *yaml.Node) []*yaml.Node {
	out := []*yaml.Node{n}
	for _, c := range n.Content {
		out = append(out, nodesOf(c)...)
	}
	return out
}

// FuzzShapes replaces nodes of a ResourceList. For every input the function returns, and an error has a
// message.
func FuzzShapes(f *testing.F) {
	for seed := range uint64(150) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 1))
		list := yaml.MustParse(wellFormed)
		for range 1 + r.IntN(2) {
			all := nodesOf(list.YNode())
			*all[1+r.IntN(len(all)-1)] = *yaml.MustParse(shapes[r.IntN(len(shapes))]).YNode()
		}
		in, err := list.String()
		if err != nil {
			t.Skip("no YAML")
		}
		var messages bytes.Buffer
		defer func() {
			if cause := recover(); cause != nil {
				t.Fatalf("panic: %v\n%s", cause, in)
			}
		}()
		err = fn.Execute(strings.NewReader(in), io.Discard, fn.Options{}, func(r fn.Result, err error) error {
			return fn.Report(&messages, r, err, output.Summary)
		})
		if err != nil && strings.TrimSpace(messages.String()+err.Error()) == "" {
			t.Errorf("refused without a message:\n%s", in)
		}
	})
}
