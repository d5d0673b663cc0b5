package draft

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// secretForms are connections with a user and a password.
var secretForms = []string{
	"postgres://%s:%s@db.data:5432/x", "postgresql+asyncpg://%s:%s@db.example.com/x?ssl=on", "redis://%[2]s:%[1]s@db.data", "jdbc:sqlserver://db.data:3306;user=%s;password=%s;x=y",
	"mongodb://%s:%s@a.example.com:27017,b.example.com:27017/x", "%s:%s@tcp(db.data:3306)/x", "user=%s password=%s host=db.data port=5432", "host=db.data user=%s password=%s",
	"https://git.example.com/?u=%s&p=%s", "https://%s%s@git.example.com/x", "%s:%s", "%s %s", "amqp://%s:%s@db.data", "http://x.example.com/%s#%s",
}

// TestSecretsAreNeverWritten drafts fences with random users and passwords in Secrets. Every part of them has a
// word that no file and no note may contain.
func TestSecretsAreNeverWritten(t *testing.T) {
	t.Parallel()
	const word, drafts = "zqj", 40
	for seed := range uint64(drafts) {
		r := rand.New(rand.NewPCG(seed, 1))
		data := map[string]string{}
		for i, form := range secretForms {
			for j, key := range []string{"URL", "TOKEN", "PASSPORT", "DSN"} {
				data[fmt.Sprintf("K%d_%d_%s", i, j, key)] = fmt.Sprintf(form, randomSecret(r, word), randomSecret(r, word))
			}
		}
		var args []string
		for key := range data {
			args = append(args, "--a=$("+key+")", "--b=https://$("+key+")/x", "http://x.example.com:$("+key+")/", "x $"+key+" y", "--c=postgres://u:$("+key+")@db.data:5432/x")
		}
		text, err := json.Marshal(map[string]any{"data": data, "args": args})
		if err != nil {
			t.Fatal(err)
		}
		values := yaml.MustParse(string(text))
		items := parseItems(t, `
{apiVersion: v1, kind: Service, metadata: {name: db, namespace: data}, spec: {selector: {app: db}, ports: [{port: 5432}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: data, labels: {app: db}}, spec: {containers: [{name: c, image: x}]}}
---
{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: shop}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}}, spec: {containers: [{name: web, image: x, envFrom: [{secretRef: {name: s}}]}]}}
`)
		secret, pod := items[2], items[3]
		if err := secret.PipeE(yaml.SetField("stringData", values.Field("data").Value)); err != nil {
			t.Fatal(err)
		}
		if err := pod.PipeE(yaml.Lookup("spec", "containers", "0"), yaml.SetField("args", values.Field("args").Value)); err != nil {
			t.Fatal(err)
		}
		d := New(items, indexOf(t, items), Options{})
		files, err := d.Files("x", "../x")
		if err != nil {
			t.Fatal(err)
		}
		out := fmt.Sprint(d.Notes)
		for _, f := range files {
			out += string(f.Content)
		}
		if !strings.Contains(out, "service: data/db") {
			t.Fatalf("seed %d: no flow is read:\n%s", seed, out)
		}
		if i := strings.Index(out, word); i >= 0 {
			t.Fatalf("seed %d: a secret is written: …%s…\n%v", seed, out[max(0, i-80):min(len(out), i+300)], data)
		}
	}
}

// randomSecret is a text of printable characters. Parts of it often look like hosts, and each has the word.
func randomSecret(r *rand.Rand, word string) string {
	parts := []string{".", ":", "/", "@", "://", " ", ";", ",", "?", "#", "=", "(", ")", "@tcp(", " host=", "http://", ".com", ":48211", "-", "%40", "&", "'", `"`, "\\", "[", "]", "$"}
	var out strings.Builder
	for range 1 + r.IntN(5) {
		fmt.Fprintf(&out, "%s%c", word, rune(' '+1+r.IntN('~'-' ')))
		out.WriteString(word + parts[r.IntN(len(parts))])
		if r.IntN(2) == 0 {
			out.WriteString(word)
		}
	}
	return out.String()
}
