package fn_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/kio"
	sigs "sigs.k8s.io/yaml"

	"github.com/tenantfence/tenantfence/internal/proof"
)

// A random NetworkPolicy is converted or refused. The result decides the same and matches the schema, a
// second run has no effect, and comments stay.
func TestConvertRandomPolicies(t *testing.T) {
	t.Parallel()
	skipInShort(t, "converts random policies")
	workloads, err := kio.FromBytes([]byte(agreementWorkloads))
	if err != nil {
		t.Fatal(err)
	}
	openings := 0
	for seed := range uint64(80) {
		d := policyGenerator{newSource(1000 + seed)}
		docs, _ := d.policies(t)
		var text bytes.Buffer
		commentCount := 0
		for _, doc := range docs {
			var out string
			out, commentCount = d.commented(t, doc, commentCount)
			text.WriteString("---\n" + out)
		}
		once, err := proof.Convert(proof.Conversion{Files: []proof.File{{Name: "p.yaml", Data: text.Bytes()}}, Inputs: workloads})
		if err != nil || once.Findings.HasError() {
			t.Fatalf("seed %d: %v\n%v\n%s", seed, err, once.Findings, text.String())
		}
		openings += once.Compared.Openings
		got := once.Texts[0].Bytes()
		for i := range commentCount {
			if comment := fmt.Sprintf("# comment %d.", i); bytes.Count(got, []byte(comment)) != 1 {
				t.Errorf("seed %d: %s does not occur once\n%s\nbecame\n%s", seed, comment, text.String(), got)
			}
		}
		twice, err := proof.Convert(proof.Conversion{Files: []proof.File{{Name: "p.yaml", Data: got}}})
		if err != nil || twice.Findings.HasError() || len(once.Changes) != len(docs) || len(twice.Changes) != 0 || !bytes.Equal(twice.Texts[0].Bytes(), got) {
			t.Errorf("seed %d: a second run: %v, %d changes", seed, err, len(twice.Changes))
		}
		if t.Failed() {
			return
		}
	}
	if openings < 10000 {
		t.Errorf("only %d openings were compared", openings)
	}
}

// commented writes a policy as YAML with comments above many lines or after them: "# comment 1.". It
// returns the number of comments so far.
func (d policyGenerator) commented(t *testing.T, doc []byte, commentCount int) (string, int) {
	t.Helper()
	if d.IntN(5) == 0 {
		// JSON is YAML, in flow style.
		return string(doc) + "\n", commentCount
	}
	text, err := sigs.JSONToYAML(doc)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		if d.IntN(4) == 0 {
			fmt.Fprintf(&out, "%s# comment %d.\n", indent, commentCount)
			commentCount++
		}
		if d.IntN(4) == 0 {
			line += fmt.Sprintf(" # comment %d.", commentCount)
			commentCount++
		}
		out.WriteString(line + "\n")
	}
	return out.String(), commentCount
}

const agreementWorkloads = `
apiVersion: v1
kind: Namespace
metadata: {name: gamma, labels: {team: red}}
---
apiVersion: v1
kind: Pod
metadata: {namespace: acme, name: web, labels: {app: web}}
spec: {containers: [{ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {namespace: acme, name: db, labels: {app: db}}
spec: {containers: [{ports: [{name: http, containerPort: 9090}]}]}
---
apiVersion: v1
kind: Pod
metadata: {namespace: beta, name: other, labels: {app: web}}
---
apiVersion: v1
kind: Pod
metadata: {namespace: gamma, name: team, labels: {app: web}}
spec: {containers: [{ports: [{name: http, containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {namespace: acme, name: named-a, labels: {app: named}}
spec: {containers: [{ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {namespace: acme, name: named-b, labels: {app: named}}
spec: {containers: [{ports: [{name: http, containerPort: 8081}]}]}
---
apiVersion: v1
kind: Pod
metadata: {namespace: kube-system, name: dns, labels: {app: coredns}}
spec: {containers: [{ports: [{name: dns, containerPort: 53, protocol: UDP}]}]}
`
