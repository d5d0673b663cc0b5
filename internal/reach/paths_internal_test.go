package reach

import (
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// TestUnnormalizedPaths checks that a case with a path that agents normalize is undecided.
func TestUnnormalizedPaths(t *testing.T) {
	t.Parallel()
	for path, changes := range map[string]bool{
		"/": false, "/v1/items": false, "/v1/items/": false, "/v1?next=/../x": false,
		"//v1": true, "/v1/../admin": true, "/v1/./x": true, "/v1/%2e%2e/admin": true,
	} {
		err := checkNormalizedPath(v1alpha1.FlowCase{HTTP: &v1alpha1.HTTPRequest{Method: "GET", Path: path}})
		if (err != nil) != changes {
			t.Errorf("%s: %v", path, err)
		}
	}
}
