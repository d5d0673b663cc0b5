package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/cilium"
)

// inputs are the files of a number of tenants.
type inputs struct {
	dir, bin string
	tenants  int
}

// list is the file of the ResourceList that the function gets, and both has that list and what the function
// returns.
func (in *inputs) list() string { return filepath.Join(in.dir, "list.yaml") }
func (in *inputs) both() string { return filepath.Join(in.dir, "both.yaml") }

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

// writeInputs writes all files of a number of tenants.
func writeInputs(dir, bin, text string) error {
	tenants, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("read the number of tenants: %w", err)
	}
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
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write the inputs: %w", err)
	}
	out, err := in.writeList(all)
	if err != nil {
		return err
	}
	policies, err := policiesOfOne(out)
	if err != nil {
		return err
	}
	files["chart/Chart.yaml"] = "apiVersion: v2\nname: tenants\nversion: 1.0.0\n"
	files["chart/templates/tenants.yaml"] = "{{- range $i := until (int .Values.tenants) }}\n---\n" + strings.ReplaceAll(policies, tenantName(0), "bench{{ $i }}") + "{{- end }}\n"
	one, err := jsonnet(policies)
	if err != nil {
		return err
	}
	files["tenants.jsonnet"] = fmt.Sprintf("[%s for i in std.range(0, %d)]\n", one, tenants-1)
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return fmt.Errorf("write the inputs: %w", err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return fmt.Errorf("write the inputs: %w", err)
		}
	}
	return nil
}

// writeList writes the ResourceList, and returns what the function makes of it.
func (in *inputs) writeList(documents string) ([]byte, error) {
	nodes, err := kio.FromBytes([]byte(documents))
	if err != nil {
		return nil, fmt.Errorf("read the inputs: %w", err)
	}
	var list bytes.Buffer
	w := kio.ByteWriter{
		Writer: &list, WrappingKind: kio.ResourceListKind, WrappingAPIVersion: kio.ResourceListAPIVersion,
		FunctionConfig: yaml.MustParse(fmt.Sprintf(fence, "tenantfence")),
	}
	if err := w.Write(nodes); err != nil {
		return nil, fmt.Errorf("write the list: %w", err)
	}
	if err := os.WriteFile(in.list(), list.Bytes(), 0o600); err != nil {
		return nil, fmt.Errorf("write the list: %w", err)
	}
	out, err := in.function().output()
	if err != nil {
		return nil, err
	}
	return out, os.WriteFile(in.both(), slices.Concat(list.Bytes(), []byte("---\n"), out), 0o600)
}

// policiesOfOne returns the policies of the first tenant.
func policiesOfOne(list []byte) (string, error) {
	nodes, err := kio.FromBytes(list)
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
