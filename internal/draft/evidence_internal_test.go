package draft

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"
	sigs "sigs.k8s.io/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// TestEvidence reads testdata/*.txtar: manifests, the flows that they name, and what a draft notes.
func TestEvidence(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no case found: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			input, flows := string(archive.Files[0].Data), &archive.Files[1]
			got := summary(New(parseItems(t, input), indexOf(t, parseItems(t, input)), Options{}))
			if got == string(flows.Data) {
				return
			}
			t.Errorf("got\n%s\nwant\n%s", got, flows.Data)
			if os.Getenv("UPDATE") != "" {
				flows.Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestPolicyTypes reads rules of a direction that policyTypes lacks.
func TestPolicyTypes(t *testing.T) {
	t.Parallel()
	items := parseItems(t, `
{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: data, labels: {app: db}}, spec: {containers: [{name: db, image: db}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: ingress-alone, namespace: data}
spec: {podSelector: {}, policyTypes: [Ingress], egress: [{}]}
`)
	got := summary(New(items, indexOf(t, items), Options{}))
	want := "limits fqdns [] cidrs [] entities [] namespaces []\nreview data/NetworkPolicy/ingress-alone: has rules for a direction that policyTypes lacks: no flow is written for them, although Cilium applies them: remove them\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestTextsOfFiles writes paths and names that YAML would read as something else.
func TestTextsOfFiles(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"../a b", "../a #b", "../a: b", "2024", "on", "../x", "'", "- a", "~"} {
		var got struct {
			Resources []any `json:"resources"`
		}
		if err := sigs.Unmarshal(kustomization([]string{text}), &got); err != nil || got.Resources[0] != text {
			t.Errorf("%q becomes %v (%v)", text, got.Resources, err)
		}
		var name struct{ Metadata struct{ Name any } }
		if err := sigs.Unmarshal(fence(text), &name); err != nil || name.Metadata.Name != text {
			t.Errorf("the fence %q becomes %v (%v)", text, name.Metadata.Name, err)
		}
	}
}

// TestOrderHasNoEffect drafts a fence from the same items in random order.
func TestOrderHasNoEffect(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var items []*yaml.RNode
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		suffix := strings.TrimSuffix(filepath.Base(file), ".txtar")
		for _, n := range parseItems(t, string(archive.Files[0].Data)) {
			// Resources of different cases have different names.
			if err := n.SetName(n.GetName() + "." + suffix); err != nil {
				t.Fatal(err)
			}
			items = append(items, n)
		}
	}
	first := ""
	for seed := range uint64(5) {
		shuffled := slices.Clone(items)
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		d := New(shuffled, indexOf(t, shuffled), Options{})
		files, err := d.Files("x", "../x")
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprint(d.Notes)
		for _, f := range files {
			text += f.Path + "\n" + string(f.Content)
		}
		if first == "" {
			first = text
		}
		if text != first {
			t.Fatal("the order of the items changes the draft")
		}
	}
}

func parseItems(t *testing.T, text string) []*yaml.RNode {
	t.Helper()
	items, err := kio.FromBytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return items
}

func indexOf(t *testing.T, items []*yaml.RNode) *resource.Index {
	t.Helper()
	index, findings := resource.NewIndex(items)
	if findings.HasError() {
		t.Fatal(findings)
	}
	return index
}

// summary has a line for each flow of a draft, its limits and its notes.
func summary(d *Result) string {
	var out strings.Builder
	for _, tenant := range d.Tenants {
		for _, f := range tenant.Spec.Ingress {
			fmt.Fprintf(&out, "%s ingress %s: pods %s from %s ports %s%s (%s)\n", tenant.Name, f.Name, selectorText(f.Pods), peerText(f.From[0]), orAny(portsText(f.Ports)), optionalText(f.Optional), strings.Join(tenant.Evidence[f.Name], ", "))
		}
		for _, f := range tenant.Spec.Egress {
			fmt.Fprintf(&out, "%s egress %s: pods %s to %s ports %s%s (%s)\n", tenant.Name, f.Name, selectorText(f.Pods), peerText(f.To[0]), orAny(portsText(f.Ports)), optionalText(f.Optional), strings.Join(tenant.Evidence[f.Name], ", "))
		}
	}
	l := d.Profile.Spec.Limits
	fmt.Fprintf(&out, "limits fqdns %v cidrs %v entities %v namespaces %v\n", l.FQDNs, l.CIDRs, l.Entities, l.Namespaces)
	for _, o := range d.Profile.Spec.Overrides {
		fmt.Fprintf(&out, "override %v fqdns %v cidrs %v entities %v namespaces %v hostNetwork %t\n", o.Tenants, o.Limits.FQDNs, o.Limits.CIDRs, o.Limits.Entities, o.Limits.Namespaces, o.Limits.HostNetwork != nil)
	}
	if dns := d.Profile.Spec.Baseline.DNS; dns.Pods != nil || dns.Port != 0 || dns.NodeLocal || dns.HostNetwork {
		fmt.Fprintf(&out, "dns pods %s port %d nodeLocal %t hostNetwork %t\n", selectorText(dns.Pods), dns.Port, dns.NodeLocal, dns.HostNetwork)
	}
	if version := d.Profile.Spec.Cluster.CiliumVersion; version != cilium.Newest {
		fmt.Fprintf(&out, "cilium %s\n", version)
	}
	for _, n := range d.Notes.Review {
		if strings.HasPrefix(n.Subjects[0], "FenceProfile/") {
			continue // Nearly every case has it. TestInitOfShop shows it.
		}
		fmt.Fprintf(&out, "review %s: %s\n", strings.Join(n.Subjects, ", "), n.Text)
	}
	for _, n := range d.Notes.Unseen {
		fmt.Fprintf(&out, "unseen %s: %s\n", strings.Join(n.Subjects, ", "), n.Text)
	}
	return out.String()
}

func orAny(ports string) string {
	if ports == "" {
		return "any"
	}
	return ports
}

func optionalText(optional bool) string {
	if optional {
		return " optional"
	}
	return ""
}

func selectorText(s *metav1.LabelSelector) string {
	if s == nil {
		return "*"
	}
	return endpoints.FormatLabels(s.MatchLabels)
}

func peerText(p v1alpha1.Peer) string {
	switch {
	case p.Service != "":
		return "service " + p.Service
	case p.Tenant != "":
		return "tenant " + p.Tenant + " " + selectorText(p.Pods)
	case p.Namespace != "":
		return "namespace " + p.Namespace + " " + selectorText(p.Pods)
	}
	return fmt.Sprint(p.Entities, p.CIDRs, p.Except, p.FQDNs)
}

func portsText(ports []v1alpha1.Port) string {
	var out []string
	for _, p := range ports {
		out = append(out, flow.DeclaredPort(p).String())
	}
	return strings.Join(out, ", ")
}
