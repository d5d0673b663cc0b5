package fn_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// parentAndProfile are a parent, and a profile that makes its children known by their names.
const parentAndProfile = `apiVersion: tenantfence.dev/v1alpha1
kind: FenceProfile
metadata: {name: platform}
spec:
  cluster: {cni: Cilium, ciliumVersion: "1.19"}
  enforcement: Enforce
  tenants:
    children: [{parent: control, names: [customer-*]}]
---
apiVersion: tenantfence.dev/v1alpha1
kind: Tenant
metadata: {name: control}
spec:
  ingress:
  - {name: reports, from: [{children: true}], ports: [{port: 8443}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: tenant-control}
`

const childOfControl = `apiVersion: tenantfence.dev/v1alpha1
kind: Tenant
metadata: {name: customer-%[1]s}
spec:
  egress:
  - {name: reports, to: [{parent: true}], ports: [{port: 8443}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: tenant-customer-%[1]s}
`

// A new child needs no edit of its parent or of the profile. In the policies that exist, it adds a peer
// to the parent's, with the reason.
func TestNewChildAddsOnePeerToItsParent(t *testing.T) {
	t.Parallel()
	policies := func(children ...string) map[string]string {
		items := parse(t, "inputs.yaml", []byte(parentAndProfile))
		for _, name := range children {
			items = append(items, parse(t, name+".yaml", fmt.Appendf(nil, childOfControl, name))...)
		}
		config := parse(t, "fence.yaml", []byte("apiVersion: tenantfence.dev/v1alpha1\nkind: TenantFence\nmetadata: {name: platform}\n"))[0]
		out, messages, err := process(t, config, items)
		if err != nil {
			t.Fatal(err, messages)
		}
		byName := map[string]string{}
		for _, n := range ownPolicies(out) {
			byName[n.GetNamespace()+"/"+n.GetName()] = text(t, []*yaml.RNode{n})
		}
		return byName
	}
	one, two := policies("a"), policies("a", "b")
	for name, before := range one {
		var want []string
		if name == "tenant-control/ingress-reports" {
			want = []string{
				"      Tenant/customer-b spec.egress[reports]",
				"    - matchLabels:",
				"        k8s:io.kubernetes.pod.namespace: tenant-customer-b",
			}
		}
		if diff := cmp.Diff(want, addedLines(t, before, two[name])); diff != "" {
			t.Errorf("%s has other changes:\n%s", name, diff)
		}
	}
	for name := range two {
		if one[name] == "" && !strings.HasPrefix(name, "tenant-customer-b/") {
			t.Errorf("%s is new, and not in the namespace of the new child", name)
		}
	}
	if one["tenant-control/ingress-reports"] == "" {
		t.Error("the parent has no policy for its child")
	}
}

// addedLines are the lines of a text that an earlier one does not have. No line is removed.
func addedLines(t *testing.T, before, after string) []string {
	t.Helper()
	rest := strings.Split(before, "\n")
	var added []string
	for line := range strings.SplitSeq(after, "\n") {
		if len(rest) > 0 && rest[0] == line {
			rest = slices.Delete(rest, 0, 1)
		} else {
			added = append(added, line)
		}
	}
	if len(rest) > 0 {
		t.Errorf("lines are removed: %q", rest)
	}
	return added
}
