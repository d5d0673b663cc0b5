package examples_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// TestAllowOnlyToEnforce compares the Tenants: they differ in one word.
func TestAllowOnlyToEnforce(t *testing.T) {
	t.Parallel()
	before, after := "allow-only-to-enforce/allow-only", "allow-only-to-enforce/enforce"
	if got := diff(t, filepath.Join(before, "tenant.yaml"), filepath.Join(after, "tenant.yaml")); strings.Count(got, "\n+")+strings.Count(got, "\n-") != 3 {
		t.Errorf("the Tenants differ in more than one word:\n%s", got)
	}
}

// TestAllowOnlyDeniesNothing decides by the unmodified policies of a tenant in AllowOnly. The
// proof decides as if the tenant were enforced.
func TestAllowOnlyDeniesNothing(t *testing.T) {
	t.Parallel()
	for dir, want := range map[string]flow.Decision{"allow-only-to-enforce/allow-only": flow.Allowed, "allow-only-to-enforce/enforce": flow.Denied} {
		api := endpoints.Endpoint{Kind: endpoints.PodEndpoint, Name: "api", Namespace: "tenant-acme", Labels: map[string]string{"app": "api"}}
		world := entity(v1alpha1.EntityWorld)
		items := buildExample(t, dir).items
		for _, f := range []flow.Flow{{From: world, To: api, Port: 8080}, {From: api, To: world, Port: 443}} {
			if got := decide(t, items, f); got != want {
				t.Errorf("%s: %s is %s, want %s", dir, f, got, want)
			}
		}
	}
}

func diff(t *testing.T, a, b string) string {
	t.Helper()
	out, err := exec.Command("diff", "-u", "--label", filepath.Base(a), "--label", filepath.Base(b), a, b).CombinedOutput()
	if err == nil || len(out) == 0 {
		t.Fatalf("%s and %s are equal", a, b)
	}
	return string(out)
}
