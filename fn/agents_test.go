package fn_test

import (
	"fmt"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/output"
)

// agentCase is a tenant in a cluster whose agents are configured so.
func agentCase(t *testing.T, enforcement, ciliumConfig, more string) (string, error) {
	t.Helper()
	config := yaml.MustParse(fmt.Sprintf(`apiVersion: tenantfence.dev/v1alpha1
kind: TenantFence
metadata: {name: platform}
spec:
  profile:
    cluster: {cni: Cilium, ciliumVersion: "1.20", ciliumConfig: {%s}}
    enforcement: %s
    limits: {cidrs: [10.1.0.0/16]}
`, ciliumConfig, enforcement))
	items := []*yaml.RNode{
		yaml.MustParse("{apiVersion: v1, kind: Namespace, metadata: {name: tenant-acme}}"),
		yaml.MustParse("{apiVersion: tenantfence.dev/v1alpha1, kind: Tenant, metadata: {name: acme}, spec: {}}"),
		yaml.MustParse("{apiVersion: v1, kind: Pod, metadata: {namespace: tenant-acme, name: app, labels: {app: app}}, spec: {containers: [{name: app}]}}"),
	}
	for _, doc := range strings.Split(more, "---\n") {
		if doc != "" {
			items = append(items, yaml.MustParse(doc))
		}
	}
	r, err := fn.Process(config, items, fn.Options{})
	var messages strings.Builder
	if err := output.Text(&messages, r.Findings, output.Verbose); err != nil {
		t.Fatal(err)
	}
	return messages.String(), err
}

// TestAgentSettings expects one error for settings that disable policies, one warning for settings
// that may change a decision, and a list of assumed settings.
func TestAgentSettings(t *testing.T) {
	t.Parallel()
	const (
		sctp = "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {namespace: tenant-acme, name: p}, spec: {endpointSelector: {}, enableDefaultDeny: {egress: false}, egress: [{toEntities: [world], toPorts: [{ports: [{port: \"53\", protocol: SCTP}]}]}]}}\n"
		// A rule without ports allows SCTP between these pods.
		sctpTest = "{apiVersion: tenantfence.dev/v1alpha1, kind: FlowTest, metadata: {name: sctp}, spec: {cases: [{name: no SCTP, from: tenant-acme/app, to: namespace/tenant-acme/app=other, port: 9, protocol: SCTP, expect: Deny}]}}\n"
		http     = "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {namespace: tenant-acme, name: p}, spec: {endpointSelector: {}, enableDefaultDeny: {ingress: false}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: \"80\", protocol: TCP}], rules: {http: [{method: GET}]}}]}]}}\n"
		config   = "{apiVersion: v1, kind: ConfigMap, metadata: {namespace: kube-system, name: cilium-config}, data: {%s}}\n"
		nodes    = "{apiVersion: cilium.io/v2, kind: CiliumNodeConfig, metadata: {namespace: kube-system, name: edge}, spec: {nodeSelector: {}, defaults: {%s}}}\n"
		lan      = "{apiVersion: tenantfence.dev/v1alpha1, kind: Tenant, metadata: {name: beta}, spec: {egress: [{name: lan, to: [{cidrs: [10.1.0.0/16]}], ports: [{port: 443}]}]}}\n---\n{apiVersion: v1, kind: Namespace, metadata: {name: tenant-beta}}\n"
		west     = "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {namespace: tenant-acme, name: p}, spec: {endpointSelector: {matchLabels: {io.cilium.k8s.policy.cluster: west}}, enableDefaultDeny: {ingress: false}, ingress: [{fromEntities: [world]}]}}\n"
		auth     = "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {namespace: tenant-acme, name: p}, spec: {endpointSelector: {}, enableDefaultDeny: {ingress: false}, ingress: [{fromEntities: [world], authentication: {mode: required}}]}}\n"
		many     = "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {namespace: tenant-acme, name: many}, spec: {endpointSelector: {}, enableDefaultDeny: {egress: false}, egressDeny: [{toCIDR: [%s]}]}}\n"
		agents   = "{apiVersion: apps/v1, kind: DaemonSet, metadata: {namespace: kube-system, name: cilium}, spec: {template: {spec: {hostNetwork: true, containers: [{name: cilium-agent, command: [cilium-agent], args: [--config-dir=/tmp/config, --enable-policy=never]}]}}}}\n"
		assumed  = "[agent-settings-assumed]"
		disabled = "[policies-not-enforced]"
	)
	for name, c := range map[string]struct {
		enforcement, config, more string
		fails                     bool
		messages, absent          []string
	}{
		"nothing is stated":           {messages: []string{"28 agent settings are assumed (defaults of Cilium's Helm chart ", "    enable-ipv6: false\n", assumed, "[proved]"}},
		"what is stated":              {config: `enable-sctp: "true", unknown-key: "1"`, messages: []string{"27 agent settings are assumed", assumed, "[proved]"}, absent: []string{"enable-sctp", "unknown-key"}},
		"no policy is enforced":       {config: `enable-policy: never`, fails: true, messages: []string{"enable-policy is never (TenantFence/platform)", disabled}, absent: []string{"[not-isolated]", "[proved]"}},
		"policies are logged":         {config: `policy-audit-mode: "true"`, fails: true, messages: []string{"policy-audit-mode is true", disabled}, absent: []string{"[proved]"}},
		"the same in AllowOnly":       {enforcement: "AllowOnly", config: `policy-audit-mode: "true"`, messages: []string{"warning: ", disabled}},
		"no proxy":                    {config: `enable-l7-proxy: "false"`, more: http, fails: true, messages: []string{"[l7-proxy-disabled]"}, absent: []string{"[policy-rejected]"}},
		"a value that is none":        {config: `enable-sctp: maybe`, fails: true, messages: []string{`ciliumConfig[enable-sctp]: (whether agents forward SCTP) must be one of true, false, not "maybe"`}},
		"a mode that is not decided":  {config: `policy-cidr-match-mode: pods`, fails: true, messages: []string{`"pods" is not supported`}},
		"SCTP, unstated":              {more: sctp, messages: []string{"enable-sctp is not set here, and with \"true\" the result differs (undeclared-open at tenant-acme: CiliumNetworkPolicy/p)", "[agent-setting-unspecified]", "[proved]"}},
		"SCTP in a FlowTest, not set": {more: sctpTest, messages: []string{`enable-sctp is not set here, and with "true" the result differs`, "[agent-setting-unspecified]"}},
		"SCTP, on":                    {config: `enable-sctp: "true"`, more: sctp, fails: true, messages: []string{"port 53/SCTP", "[undeclared-open]"}},
		"SCTP, off":                   {config: `enable-sctp: "false"`, more: sctp, messages: []string{"[proved]"}, absent: []string{"[agent-setting-unspecified]"}},
		"by a ConfigMap":              {more: sctp + "---\n" + fmt.Sprintf(config, `enable-sctp: "true"`), fails: true, messages: []string{"port 53/SCTP", "[undeclared-open]"}},
		"which contradicts":           {config: `enable-sctp: "false"`, more: fmt.Sprintf(config, `enable-sctp: "true"`), fails: true, messages: []string{"[cilium-config-conflict]"}},
		"on some nodes":               {config: `enable-sctp: "false"`, more: sctp + "---\n" + fmt.Sprintf(nodes, `enable-sctp: "true"`), fails: true, messages: []string{"CiliumNodeConfig/edge", "port 53/SCTP", "[agent-settings-differ]"}},
		"in any case of letters":      {more: fmt.Sprintf(config, `Enable-Policy: never`), fails: true, messages: []string{disabled}},
		"a value with spaces":         {config: `enable-sctp: " T "`, more: sctp, fails: true, messages: []string{"port 53/SCTP"}},
		"policies of Cilium off":      {config: `enable-cilium-network-policy: "false"`, fails: true, messages: []string{"agents enforce no CiliumNetworkPolicy", disabled}},
		"a folder of policies":        {config: `static-cnp-path: /etc/policies`, fails: true, messages: []string{"[cilium-config-unsupported]"}},
		"another name of the cluster": {more: west, messages: []string{"cluster-name is not set here, and with \"west\"", "[agent-setting-unspecified]"}},
		"the name by the ConfigMap":   {more: west + "---\n" + fmt.Sprintf(config, `cluster-name: west`), fails: true, messages: []string{"[undeclared-open]"}},
		"two that select the same nodes": {
			config: `enable-sctp: "false"`, more: auth + "---\n" + fmt.Sprintf(nodes, `mesh-auth-enabled: "true"`) + "---\n" + strings.Replace(fmt.Sprintf(nodes, `mesh-auth-mutual-enabled: "true"`), "edge", "lab", 1),
			fails: true, messages: []string{"[agent-settings-differ]"},
		},
		"by the agents' own arguments": {config: `enable-policy: default`, more: agents, fails: true, messages: []string{"[cilium-config-conflict]"}},
		"nothing on some nodes":        {more: fmt.Sprintf(nodes, `enable-policy: never`), fails: true, messages: []string{"CiliumNodeConfig/edge: spec.defaults[enable-policy]", disabled}},
		"networks of nodes, where they match": {
			config: `policy-cidr-match-mode: nodes`, more: lan, messages: []string{"3 declared flows allowed on both sides", "[proved]"},
		},
		"networks of nodes, where they may match": {more: lan, messages: []string{"policy-cidr-match-mode is not set here, and with \"nodes\" the result differs (undeclared-open at ", "reach remote-node"}},
		"a policy map that is full": {
			config: `bpf-policy-map-max: "256"`, fails: true, messages: []string{"need 303 entries in its policy map, and agents allocate 256", "[policy-map-full]"},
			more: fmt.Sprintf(many, networks(300)),
		},
		"a policy map that is nearly full": {
			config: `bpf-policy-map-max: "378"`, messages: []string{"need 303 entries in its policy map, 80 % of the 378 that agents allocate", "with one address for each DNS name", "[policy-map-nearly-full]"},
			absent: []string{"[policy-map-full]", "enable-ipv6 is not set"}, more: fmt.Sprintf(many, networks(300)),
		},
		"a policy map that is not nearly full": {
			config: `bpf-policy-map-max: "379"`, absent: []string{"[policy-map-full]", "[policy-map-nearly-full]"}, more: fmt.Sprintf(many, networks(300)),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.enforcement == "" {
				c.enforcement = "Enforce"
			}
			messages, err := agentCase(t, c.enforcement, c.config, c.more)
			if (err != nil) != c.fails {
				t.Errorf("err = %v", err)
			}
			for _, want := range c.messages {
				if !strings.Contains(messages, want) {
					t.Errorf("it lacks %q", want)
				}
			}
			for _, not := range c.absent {
				if strings.Contains(messages, not) {
					t.Errorf("unexpected text %q", not)
				}
			}
			if t.Failed() {
				t.Log(messages)
			}
		})
	}
}

func networks(n int) string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf(`"198.51.%d.%d/32"`, i/200, i%200))
	}
	return strings.Join(out, ", ")
}
