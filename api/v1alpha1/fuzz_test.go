package v1alpha1

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/tenantfence/tenantfence/internal/strict"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// FuzzDecode decodes arbitrary YAML. It must not panic, and a valid resource must stay valid
// when it is written with all its defaults.
func FuzzDecode(f *testing.F) {
	for _, file := range samples(f, "testdata/*/*.yaml") {
		content, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(content))
	}
	f.Fuzz(func(t *testing.T, content string) {
		n, err := yaml.Parse(content)
		if err != nil {
			return
		}
		decoded, errs := decodeAny(n)
		if len(errs) > 0 {
			for _, e := range errs {
				_ = strict.Message(e)
			}
			return
		}
		written, err := json.Marshal(decoded)
		if err != nil {
			t.Fatal(err)
		}
		again, err := yaml.Parse(string(written))
		if err != nil {
			t.Fatal(err)
		}
		if _, errs := decodeAny(again); len(errs) > 0 {
			t.Errorf("valid, but not with its defaults:\n%s\n%s", written, lines(errs))
		}
	})
}
