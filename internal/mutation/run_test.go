package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// example is a module with two functions and their tests.
var example = map[string]string{
	"go.mod": "module example\n\ngo 1.26\n",
	"sum/sum.go": `package sum

func Sum(a, b int) int {
	if a < 0 {
		return b
	}
	return a + b
}

func Index(at int) int { return []int{1, 2}[at] }
`,
	"sum/sum_test.go": `package sum

import "testing"

func TestSum(t *testing.T) {
	t.Run("of two", func(t *testing.T) {
		if Sum(1, 2) != 3 {
			t.Error("no sum")
		}
	})
}

func TestIndex(t *testing.T) { _ = Index(1) }

func TestIndexElsewhere(t *testing.T) {
	done := make(chan int)
	go func() { done <- Index(1) }()
	<-done
}

func TestBroken(t *testing.T) { t.Error("it fails anyway") }
`,
}

const (
	minus = "name: minus\nfile: sum/sum.go\nold: a + b\nnew: a - b\nkilled by: sum TestSum/of_two\n"
	never = "name: never\nfile: sum/sum.go\nold: a < 0\nnew: a < 0 && b < 0\nkilled by: sum TestSum/of_two\n"
	index = "name: index\nfile: sum/sum.go\nold: [at]\nnew: [at+1]\nkilled by: sum "
)

func TestRun(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		list       string
		report     string
		killed     bool
		everything selection
	}{
		"a test fails":                        {minus, "killed   minus by sum TestSum/of_two", true, selection{every: 1}},
		"a test panics":                       {index + "TestIndex\n", "killed   index by sum TestIndex, which panics", true, selection{every: 1}},
		"no test fails":                       {minus + "\n" + never, `SURVIVED never: with "a < 0 && b < 0" in sum/sum.go, [sum TestSum/of_two] still pass`, false, selection{every: 1}},
		"one of two mutations is selected":    {minus + "\n" + never, "all 1 mutations are killed", true, selection{every: 2, from: 6}},
		"a mutation is selected by its name":  {minus + "\n" + never, "SURVIVED never", false, selection{every: 1, names: "nev"}},
		"a panic outside the test is no kill": {index + "TestIndexElsewhere\n", "without a failure of the test, which is no kill", false, selection{every: 1}},
		"a test fails without a mutation":     {strings.Replace(minus, "TestSum/of_two", "TestBroken", 1), "sum TestBroken does not pass without a mutation", false, selection{every: 1}},
		"a test is missing":                   {strings.Replace(minus, "of_two", "of_three", 1), "sum TestSum/of_three does not pass without a mutation", false, selection{every: 1}},
		"a mutant does not build":             {strings.Replace(minus, "a - b", "c", 1), "undefined: c", false, selection{every: 1}},
		"no mutation has the name":            {minus, "none of the 1 mutations is chosen", false, selection{every: 1, names: "none"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, listFile, c.list)
			for file, text := range example {
				write(t, dir, file, text)
			}
			var out strings.Builder
			err := run(t.Context(), dir, c.everything, &out)
			if err != nil {
				out.WriteString(err.Error())
			}
			if (err == nil) != c.killed || !strings.Contains(out.String(), c.report) {
				t.Errorf("killed: %t, and it reports\n%s", err == nil, out.String())
			}
		})
	}
}

func write(t *testing.T, dir, file, text string) {
	t.Helper()
	file = filepath.Join(dir, file)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
