package main

import (
	"strings"
	"testing"
)

const sample = `package sample

var table = []int{1, 2}

func f(a, b int) int {
	sum := a + b
	if a > 0 && b > 0 {
		sum++
	}
	switch {
	case a > 2:
		return sum
	}
	return sum * 2
}
`

func TestMutate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ before, after, want string }{
		"a condition evaluates one version": {
			"b > 0", "b >= 0", `if (isMutation("m") && (a > 0 && b >= 0) || !isMutation("m") && (a > 0 && b > 0)) {`,
		},
		"a case evaluates one version": {
			"a > 2", "a > 3", `case (isMutation("m") && (a > 3) || !isMutation("m") && (a > 2)):`,
		},
		"statements after a definition are in the branch": {
			"a + b", "a - b", "if isMutation(\"m\") {\nsum := a - b\n\tif a > 0",
		},
		"a statement is in the branch": {
			"sum * 2", "sum * 3", "if isMutation(\"m\") {\nreturn sum * 3\n} else {\nreturn sum * 2\n}",
		},
		"a statement is removed": {
			"\t\tsum++\n", "", "if isMutation(\"m\") {\n\n} else {\nsum++\n}",
		},
		"shared lines only locate the change": {
			"\t}\n\treturn sum * 2", "\t}\n\treturn sum * 3", "if isMutation(\"m\") {\n\treturn sum * 3\n} else {\nreturn sum * 2\n}",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := mutate(sample, []mutation{{name: "m", before: c.before, after: c.after}})
			if err != nil || !strings.Contains(got, c.want) {
				t.Errorf("error %v, it is\n%s\nwithout\n%s", err, got, c.want)
			}
		})
	}
}

func TestMutationsNest(t *testing.T) {
	t.Parallel()
	got, err := mutate(sample, []mutation{
		{name: "inner", before: "sum++", after: "sum--"},
		{name: "outer", before: "if a > 0 && b > 0 {\n\t\tsum++\n\t}\n", after: ""},
		{name: "first", before: "a > 0", after: "a < 0"},
		{name: "second", before: "b > 0", after: "b < 0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `if isMutation("outer") {

} else {
if (isMutation("first") && (a < 0 && b > 0) || !isMutation("first") && ((isMutation("second") && (a > 0 && b < 0) || !isMutation("second") && (a > 0 && b > 0)))) {
		if isMutation("inner") {
sum--
} else {
sum++
}
	}
}`
	if !strings.Contains(got, want) {
		t.Errorf("it is\n%s\nwithout\n%s", got, want)
	}
}

func TestMutationsThatCannotBeApplied(t *testing.T) {
	t.Parallel()
	for want, all := range map[string][]mutation{
		"occurs 0 times":            {{name: "m", before: "c > 0"}},
		"occurs 2 times":            {{name: "m", before: "return sum"}},
		"with new it is not Go":     {{name: "m", before: "a > 2", after: "a >"}},
		"no statement or condition": {{name: "m", before: "[]int{1, 2}", after: "[]int{1}"}},
		"m and n overlap in : neither holds ": {
			{name: "m", before: "sum++\n\t}\n\tswitch {", after: "sum--\n\t}\n\tswitch a {"},
			{name: "n", before: "return sum\n\t}\n\treturn sum * 2", after: "return a\n\t}\n\treturn a * 2"},
		},
	} {
		if got, err := mutate(sample, all); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q:\n%s", err, want, got)
		}
	}
}
