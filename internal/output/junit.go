package output

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"
)

// junitSuites is the XML that CI systems read as test results.
type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string           `xml:"name,attr"`
	Tests      int              `xml:"tests,attr"`
	Failures   int              `xml:"failures,attr"`
	Properties *junitProperties `xml:"properties,omitempty"`
	Cases      []junitCase      `xml:"testcase"`
}

type junitProperties struct {
	List []junitProperty `xml:"property"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func init() {
	declare(Form{
		Name: "junit", Rank: 3, Help: "has a test suite for each FlowTest, and one, policies, with the outcome as a property and a test, verified, and a test for each check.",
		Write: func(w io.Writer, r report.Report, _ Detail) error { return JUnit(w, r) },
	})
}

// JUnit writes a report as test suites: one for each FlowTest, and one with a test for each check.
func JUnit(w io.Writer, r report.Report) error {
	out := junitSuites{Name: "tenantfence verify"}
	for i := range r.FlowTests {
		out.add(flowTestSuite(&r.FlowTests[i]))
	}
	out.add(checkSuite(r))
	data, err := xml.MarshalIndent(out, "", "  ")
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if _, err := fmt.Fprintf(w, "%s%s\n", xml.Header, data); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

func (s *junitSuites) add(suite junitSuite) {
	suite.Tests = len(suite.Cases)
	for _, c := range suite.Cases {
		if c.Failure != nil {
			suite.Failures++
		}
	}
	s.Tests, s.Failures = s.Tests+suite.Tests, s.Failures+suite.Failures
	s.Suites = append(s.Suites, suite)
}

func flowTestSuite(t *report.FlowTestResult) junitSuite {
	suite := junitSuite{Name: t.Test.String()}
	for i := range t.Cases {
		c := &t.Cases[i]
		test := junitCase{Name: c.Case.Name, Class: "FlowTest." + t.Test.Name}
		if !c.Passed {
			test.Failure = caseFailure(c)
		}
		suite.Cases = append(suite.Cases, test)
	}
	return suite
}

func caseFailure(c *report.CaseResult) *junitFailure {
	var lines []string
	for i := range c.Flows {
		if f := &c.Flows[i]; !f.Passed {
			lines = append(lines, flowText(f))
		}
	}
	message := fmt.Sprintf("%d of %s not as expected (%s)", len(lines), countVerb(len(c.Flows), "flow", "is", "are"), c.Case.Expect)
	if c.Problem != "" {
		message = "cannot be decided: " + c.Problem
	}
	return &junitFailure{Message: message, Text: strings.Join(lines, "\n")}
}

// The tests that combine several checks.
const (
	isolationTest = "isolation"
	declaredTest  = "declared-flows"
)

// comparisonTests are the checks on generated policies.
var comparisonTests = []*report.Check{report.PolicyMissing, report.PolicyChanged, report.PolicyUnexpected, report.PolicyMoved, report.PatchMissing}

// testNames are the tests of checks that have no test of their own.
var testNames = map[*report.Check]string{
	report.NotIsolated: isolationTest, report.UndeclaredOpen: isolationTest, report.UndeclaredOneSided: isolationTest, report.L7RuleShadowed: isolationTest,
	report.DeclaredFlowDenied: declaredTest, report.DeclaredFlowUndecided: declaredTest, report.PolicyRejected: isolationTest,
}

// verifiedTest fails if the outcome is not "verified".
const verifiedTest = "verified"

// checkSuite has the outcome as a property and a test, a test for each check that always runs, and one for
// each other check with findings. Errors fail a test. Warnings and infos are its output.
func checkSuite(r report.Report) junitSuite {
	names := []string{report.PolicyMoved.Name}
	if r.Comparison != nil {
		names = nil
		for _, c := range comparisonTests {
			names = append(names, c.Name)
		}
	}
	if r.Isolation != nil {
		names = append(names, isolationTest, declaredTest)
	}
	findingsByTest := map[string]report.Findings{}
	for _, f := range r.Findings {
		name := cmp.Or(testNames[f.Check], f.Check.Name)
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		findingsByTest[name] = append(findingsByTest[name], f)
	}
	outcome := string(r.Outcome())
	suite := junitSuite{Name: "policies", Properties: &junitProperties{List: []junitProperty{{Name: "outcome", Value: outcome}}}}
	if !r.Slice.IsWhole() {
		suite.Properties.List = append(suite.Properties.List, junitProperty{Name: "slice", Value: r.Slice.String()})
	}
	verified := junitCase{Name: verifiedTest, Class: "policies"}
	if !r.Outcome().Passed() {
		verified.Failure = &junitFailure{Message: outcome, Text: summary(r)}
	}
	suite.Cases = append(suite.Cases, verified)
	for _, name := range names {
		suite.Cases = append(suite.Cases, checkCase(name, findingsByTest[name]))
	}
	return suite
}

func checkCase(name string, findings report.Findings) junitCase {
	test := junitCase{Name: name, Class: "policies"}
	var errors, notes []string
	for _, f := range findings {
		if f.Severity == report.Error {
			errors = append(errors, strings.TrimSuffix(findingText(f, Verbose), "\n"))
		} else {
			notes = append(notes, strings.TrimSuffix(findingText(f, Verbose), "\n"))
		}
	}
	if len(errors) > 0 {
		test.Failure = &junitFailure{Message: report.Count(len(errors), "finding"), Text: strings.Join(errors, "\n")}
	}
	test.Out = strings.Join(notes, "\n")
	return test
}
