package reach

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Run decides every case of a FlowTest. Case by case, what cannot be decided is the
// result's Problem.
func Run(asked *flow.View, all Endpoints, test resource.FlowTest) report.FlowTestResult {
	out := report.FlowTestResult{Test: test.Ref, Omitted: test.Omitted}
	for i, c := range test.Test.Spec.Cases {
		r := report.CaseResult{Case: c, Position: test.Position(i)}
		var err error
		if r.Flows, err = all.decide(asked, c); err != nil {
			r.Problem = err.Error()
		}
		r.Passed = err == nil && !slices.ContainsFunc(r.Flows, func(f report.FlowResult) bool { return !f.Passed })
		out.Cases = append(out.Cases, r)
	}
	return out
}

// decide decides the flows of a case, up to the first that cannot be decided.
func (e Endpoints) decide(asked *flow.View, c v1alpha1.FlowCase) ([]report.FlowResult, error) {
	if err := checkNormalizedPath(c); err != nil {
		return nil, err
	}
	flows, err := e.flows(asked, c)
	if err != nil {
		return nil, err
	}
	for _, checkUndecidedPolicies := range []func() error{
		func() error { return e.checkUndecidedPolicies(flows) },
		func() error { return e.checkBuildFacts(asked, c, flows) },
	} {
		if err := checkUndecidedPolicies(); err != nil {
			return nil, err
		}
	}
	var out []report.FlowResult
	for _, f := range flows {
		v, err := asked.Decide(f)
		if err != nil {
			return out, err
		}
		if v.Egress.Decision == flow.NotEnforced && v.Ingress.Decision == flow.NotEnforced {
			return out, errors.New(f.String() + ": neither the source nor the destination is a pod or node of this cluster, so no policy decides it")
		}
		v = e.allowPacketTooBig(c, f, v)
		if c.Expect == v1alpha1.ExpectAllow {
			v = e.narrowByNetworks(asked, f, v)
		}
		for _, hint := range []string{e.clusterHostnameHint(asked, c, f, v), portHint(c, f, v)} {
			if hint != "" {
				v.Note = strings.TrimPrefix(v.Note+"; "+hint, "; ")
			}
		}
		out = append(out, report.FlowResult{Flow: f, Verdict: v, Passed: v.Decision() == expectedDecision(c), DeclaredBy: e.reasons(v)})
	}
	return out, nil
}

// checkUndecidedPolicies returns an error where a policy that is not decided may select the source or
// destination of a flow: one of its namespace, or a cluster-wide one.
func (e Endpoints) checkUndecidedPolicies(flows []flow.Flow) error {
	for _, f := range flows {
		for _, endpoint := range []endpoints.Endpoint{f.From, f.To} {
			var by []string
			for _, ref := range e.Undecided {
				if ref.Namespace == "" || endpoint.Kind == endpoints.PodEndpoint && endpoint.IsSelected() && endpoint.Namespace == ref.Namespace {
					by = append(by, ref.String())
				}
			}
			if slices.Sort(by); len(by) > 0 {
				return fmt.Errorf("%s may select %s, and is not decided: correct or remove it, or accept its kind in undecidedKinds if kind-undecided reports it", strings.Join(slices.Compact(by), ", "), endpoint.Name)
			}
		}
	}
	return nil
}

// checkNormalizedPath returns an error for a path that agents change before rules apply.
func checkNormalizedPath(c v1alpha1.FlowCase) error {
	if c.HTTP == nil || c.HTTP.Path == "" {
		return nil
	}
	text, query, _ := strings.Cut(c.HTTP.Path, "?")
	plain, err := url.PathUnescape(text)
	if err != nil {
		return fmt.Errorf("http.path %q: %w", c.HTTP.Path, err)
	}
	clean := path.Clean(plain)
	if strings.HasSuffix(text, "/") && clean != "/" {
		clean += "/"
	}
	if text == clean && !strings.Contains(text, "%") || !strings.HasPrefix(text, "/") {
		return nil
	}
	if query != "" {
		clean += "?" + query
	}
	return fmt.Errorf("agents normalise the path %q before rules apply (%s): write the path that results: %s", c.HTTP.Path, cilium.NormalizePath, clean)
}

// portHint is what to do where a flow on every port is allowed on some of them.
func portHint(c v1alpha1.FlowCase, f flow.Flow, v flow.Verdict) string {
	if !isExternal(c.To) && !isExternal(c.From) && v.Decision() == flow.Depends && f.Port == 0 && f.ICMP == "" {
		return "a case without port is about every port: set port"
	}
	return ""
}

// expectedDecision returns the decision that a case expects.
func expectedDecision(c v1alpha1.FlowCase) flow.Decision {
	if c.Expect == v1alpha1.ExpectAllow {
		return flow.Allowed
	}
	return flow.Denied
}

// reasons returns the fields behind the policies that decided.
func (e Endpoints) reasons(v flow.Verdict) []string {
	var out []string
	for _, by := range slices.Concat(v.Egress.Policies, v.Ingress.Policies) {
		out = append(out, e.Reasons[by]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
