package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/cilium"
)

// inputs are the files of a number of tenants.
type inputs struct {
	dir, bin string
	tenants  int
	// list is the ResourceList that the function gets, and both that list and what the function returns.
	list, both []byte
}

const profile = `apiVersion: tenantfence.dev/v1alpha1
kind: FenceProfile
metadata:
  name: platform
spec:
  cluster:
    cni: Cilium
    ciliumVersion: "` + cilium.Newest + `"
  enforcement: Enforce
  limits:
    fqdns:
    - '*.example.com'
    cidrs:
    - 10.0.0.0/8
`

const fence = `apiVersion: tenantfence.dev/v1alpha1
kind: TenantFence
metadata:
  name: platform
  annotations:
    config.kubernetes.io/function: |
      exec: {path: %s}
spec:
  proof: None
`

// tenantName is a name that occurs in the output of its tenant only.
func tenantName(i int) string { return fmt.Sprintf("bench%d", i) }

const tenant = `apiVersion: v1
kind: Namespace
metadata:
  name: tenant-%[1]s
---
apiVersion: tenantfence.dev/v1alpha1
kind: Tenant
metadata:
  name: %[1]s
spec:
  egress:
  - name: llm
    to:
    - fqdns:
      - '%[1]s.example.com'
    ports:
    - port: 443
  - name: lan
    to:
    - cidrs:
      - 10.1.2.0/24
    ports:
    - port: 5432
  - name: proxy
    optional: true
    pods:
      matchLabels:
        app: web
    to:
    - cidrs:
      - 10.9.0.0/16
    ports:
    - port: 3128
`

func newInputs(dir, bin string, tenants int) (*inputs, error) {
	in := &inputs{dir: dir, bin: bin, tenants: tenants}
	files := map[string]string{
		"base/profile.yaml": profile, "fenced/fence.yaml": fmt.Sprintf(fence, filepath.Join(bin, "tenantfence")),
		"fenced/kustomization.yaml": "resources: [../base]\ntransformers: [fence.yaml]\n",
	}
	resources := "resources:\n- profile.yaml\n"
	all := profile
	for i := range tenants {
		file := tenantName(i) + ".yaml"
		files["base/"+file] = fmt.Sprintf(tenant, tenantName(i))
		resources += "- " + file + "\n"
		all += "---\n" + files["base/"+file]
	}
	files["base/kustomization.yaml"] = resources
	if err := in.writeList(all); err != nil {
		return nil, err
	}
	policies, err := in.policiesOfOne()
	if err != nil {
		return nil, err
	}
	files["chart/Chart.yaml"] = "apiVersion: v2\nname: tenants\nversion: 1.0.0\n"
	files["chart/templates/tenants.yaml"] = "{{- range $i := until (int .Values.tenants) }}\n---\n" + strings.ReplaceAll(policies, tenantName(0), "bench{{ $i }}") + "{{- end }}\n"
	one, err := jsonnet(policies)
	if err != nil {
		return nil, err
	}
	files["tenants.jsonnet"] = fmt.Sprintf("[%s for i in std.range(0, %d)]\n", one, tenants-1)
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, fmt.Errorf("write the inputs: %w", err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return nil, fmt.Errorf("write the inputs: %w", err)
		}
	}
	return in, nil
}

// writeList makes the ResourceList, and runs the function on it.
func (in *inputs) writeList(documents string) error {
	nodes, err := kio.FromBytes([]byte(documents))
	if err != nil {
		return fmt.Errorf("read the inputs: %w", err)
	}
	var list bytes.Buffer
	w := kio.ByteWriter{
		Writer: &list, WrappingKind: kio.ResourceListKind, WrappingAPIVersion: kio.ResourceListAPIVersion,
		FunctionConfig: yaml.MustParse(fmt.Sprintf(fence, "tenantfence")),
	}
	if err := w.Write(nodes); err != nil {
		return fmt.Errorf("write the list: %w", err)
	}
	in.list = list.Bytes()
	out, err := in.function().output()
	in.both = append(append(bytes.Clone(in.list), "---\n"...), out...)
	return err
}

// policiesOfOne returns the policies of the first tenant.
func (in *inputs) policiesOfOne() (string, error) {
	_, out, _ := bytes.Cut(in.both, []byte("\n---\n"))
	nodes, err := kio.FromBytes(out)
	if err != nil {
		return "", fmt.Errorf("read the policies: %w", err)
	}
	var policies []string
	for _, n := range nodes {
		if n.GetKind() == "CiliumNetworkPolicy" && n.GetNamespace() == "tenant-"+tenantName(0) {
			policies = append(policies, n.MustString())
		}
	}
	return strings.Join(policies, "---\n"), nil
}

// jsonnet returns policies as an expression of i, the number of a tenant.
func jsonnet(policies string) (string, error) {
	nodes, err := kio.FromBytes([]byte(policies))
	if err != nil {
		return "", fmt.Errorf("read the policies: %w", err)
	}
	var all []json.RawMessage
	for _, n := range nodes {
		data, err := n.MarshalJSON()
		if err != nil {
			return "", fmt.Errorf("read the policies: %w", err)
		}
		all = append(all, data)
	}
	data, err := json.Marshal(all)
	return strings.ReplaceAll(string(data), tenantName(0), `bench" + i + "`), err
}

// installed returns the path of a tool in bin or PATH.
func (in *inputs) installed(tool string) string {
	path := filepath.Join(in.bin, tool)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	path, _ = exec.LookPath(tool)
	return path
}
