package output

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

// tableWidth is the width at which a list of policies continues on the next line.
const tableWidth = 76

type tableRow struct{ tenant, stage, declaredBy string }

// Table writes the generated policies of each tenant, with the resources that declare them.
func Table(w io.Writer, items []*yaml.RNode) error {
	names := map[tableRow][]string{}
	var rows []tableRow
	for _, n := range items {
		labels := n.GetLabels()
		if resource.FenceOf(n) == "" {
			continue
		}
		// A cluster-wide policy belongs to all tenants.
		row := tableRow{cmp.Or(labels[resource.LabelTenant], "*"), labels[resource.LabelStage], declaredBy(n)}
		if names[row] == nil {
			rows = append(rows, row)
		}
		names[row] = append(names[row], n.GetName())
	}
	slices.SortFunc(rows, func(a, b tableRow) int {
		return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(stageOrder(a.stage), stageOrder(b.stage)), cmp.Compare(a.declaredBy, b.declaredBy))
	})
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	lines := []string{"TENANT\tSTAGE\tDECLARED BY\tPOLICIES"}
	for _, r := range rows {
		slices.Sort(names[r])
		for i, list := range wrap(names[r], tableWidth) {
			if i > 0 {
				r = tableRow{}
			}
			lines = append(lines, strings.Join([]string{r.tenant, r.stage, r.declaredBy, list}, "\t"))
		}
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(t, line); err != nil {
			return fmt.Errorf("write table: %w", err)
		}
	}
	return t.Flush()
}

// declaredBy is the first resource that declares a policy.
func declaredBy(n *yaml.RNode) string {
	reasons := strings.Split(n.GetAnnotations()[resource.AnnotationFor], "\n")
	first, _, _ := strings.Cut(reasons[0], " ")
	for _, r := range reasons[1:] {
		if !strings.HasPrefix(r, first+" ") {
			return first + ", …"
		}
	}
	return first
}

// wrap joins words with spaces into lines of at most width, or of one word.
func wrap(words []string, width int) []string {
	var lines []string
	for _, w := range words {
		if last := len(lines) - 1; last >= 0 && len(lines[last])+1+len(w) <= width {
			lines[last] += " " + w
		} else {
			lines = append(lines, w)
		}
	}
	return lines
}

func stageOrder(stage string) int {
	return slices.Index([]string{"Baseline", "Allow", "DefaultDeny"}, stage)
}
