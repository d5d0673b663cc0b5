package cilium_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
)

// TestMakefileReadsEachVersion compares CILIUM_RELEASES with the versions.
func TestMakefileReadsEachVersion(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^CILIUM_RELEASES := .*`).Find(makefile)
	var found []string
	for _, m := range regexp.MustCompile(`v(1\.\d+)\.\d+`).FindAllSubmatch(line, -1) {
		found = append(found, string(m[1]))
	}
	if !slices.Equal(found, cilium.Versions()) {
		t.Errorf("CILIUM_RELEASES has %v, want %v", found, cilium.Versions())
	}
}

// TestAPIAcceptsEachVersion requires that the API, which does not import this package, accepts these
// versions alone.
func TestAPIAcceptsEachVersion(t *testing.T) {
	t.Parallel()
	var accepted []string
	for minor := range 100 {
		version := fmt.Sprintf("1.%d", minor)
		_, errs := v1alpha1.Decode[v1alpha1.FenceProfile](yaml.MustParse(fmt.Sprintf(
			`{apiVersion: %s, kind: FenceProfile, metadata: {name: p}, spec: {cluster: {cni: Cilium, ciliumVersion: %q}}}`, v1alpha1.APIVersion, version)), nil)
		if len(errs) == 0 {
			accepted = append(accepted, version)
		} else if want := fmt.Sprintf("from %q to %q", cilium.Oldest, cilium.Newest); !strings.Contains(errs[0].Detail, want) {
			t.Errorf("%s: %q, want %q", version, errs[0].Detail, want)
		}
	}
	if !slices.Equal(accepted, cilium.Versions()) {
		t.Errorf("the API accepts %v, want %v", accepted, cilium.Versions())
	}
}

// TestAPINamesTheReleaseWithoutKafka requires that the API names the release of the fact.
func TestAPINamesTheReleaseWithoutKafka(t *testing.T) {
	t.Parallel()
	_, errs := v1alpha1.Decode[v1alpha1.Tenant](yaml.MustParse(fmt.Sprintf(
		`{apiVersion: %s, kind: Tenant, metadata: {name: t}, spec: {egress: [{name: f, kafka: []}]}}`, v1alpha1.APIVersion)), nil)
	if want := "Cilium " + cilium.RemovedL7.Removed() + " removed Kafka rules"; len(errs) == 0 || !strings.Contains(errs.ToAggregate().Error(), want) {
		t.Errorf("got %v, want %q", errs, want)
	}
}
