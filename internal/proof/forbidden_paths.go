package proof

import (
	"fmt"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// forbiddenPaths reports the paths that the profile forbids and connections form.
func forbiddenPaths(profile resource.Profile, subject reach.Proof) (report.Findings, error) {
	q := reach.NewQuestions(subject.View, subject.Endpoints)
	found, err := q.ForbiddenPaths(profile.Spec.ForbiddenPaths, profile.Ref, profile.Path.Child("forbiddenPaths"))
	if err != nil {
		return found, fmt.Errorf("decide forbiddenPaths: %w", err)
	}
	return found, nil
}

// endpointsOfPaths are FlowTests that make the endpoints of paths known to the policies that are compiled.
func endpointsOfPaths(paths []v1alpha1.ForbiddenPath) []resource.FlowTest {
	var out []resource.FlowTest
	for _, path := range paths {
		for _, text := range []string{path.From, path.To} {
			out = append(out, Asking(text, text))
		}
	}
	return out
}

// Asking is a FlowTest that makes endpoints known to the policies that are compiled.
func Asking(from, to string) resource.FlowTest {
	var t resource.FlowTest
	t.Test.Spec.Cases = []v1alpha1.FlowCase{{Name: "question", From: from, To: to}}
	return t
}
