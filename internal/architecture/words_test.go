package architecture

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// phrase is forbidden in every text of the project: code, comments, messages, tests, samples and
// documentation. Its place is taken by the words that Kubernetes and Cilium use.
type phrase struct {
	pattern, instead string
}

// phrases are searched without regard to case, in whole words.
var phrases = []phrase{
	{`says?|said|saying|tells?|told|telling`, "declares, sets, reports, states, shows"},
	{`(is|was|are|were) meant`, "is intended; name the intent"},
	{`spoken|speaks?`, "L7 rules; uses, accepts"},
	{`look(s|ed)? into`, "inspects, inspected"},
	{`lets? (it |them |all |everything |nothing |more |less |any |the |a |no )?(\w+ )?(pass|through|in)`, "allows"},
	{`imagined?|imagines|imagination`, "representative endpoints"},
	{`moot|dead|twins?`, "shadowed, without effect, NetworkPolicy form"},
	{`strangers?|strange`, "unknown, unclaimed"},
	{`whoever|nobody|somebody|anybody|everybody`, "name the subject: no policy, no Tenant, another team"},
	{`of which|by which|for which nothing`, "split the sentence"},
	{`(the|this|that|an|its|their|either|each|both|other|whose|one|near|far) (other )?ends?`, "source, destination, egress side, ingress side"},
	{`(the|its|one|other) (other )?hal(f|ves)`, "egress side, ingress side"},
	{`clos(e|es|ed|ing)`, "denies, default-denied, isolates"},
	{`opens? up|wide open`, "allows, exposes"},
	{`(is|are|was|were) (not )?there`, "exists, is missing"},
	{`there (is|are|was|were)`, "exists, has; put the subject first"},
	{`inventor(y|ies)`, "external resources"},
	{`beside`, "next to, in addition to, with"},
	{`stands? (in|on|for|at|there|once|beside|alone|behind)`, "is in, is; represents"},
	{`bears?|borne`, "has"},
	{`lies? in|lies? below|lies? outside|lies? beyond`, "is in, is outside"},
	{`all the same|for nothing|come(s)? to nothing|own words|takes? its word`, "state it without the idiom"},
	{`judge[ds]?|judging`, "decides, evaluates"},
	{`account for|the account`, "coverage"},
	{`the house|rooms?`, "package structure, packages"},
}

// wordExceptions are files that keep a phrase, with the reason.
var wordExceptions = map[string]string{
	"internal/architecture/words_test.go":                        "lists the phrases",
	"kustomization-examples/components/platform/namespaces.yaml": "has a team inventory",
	"kustomization-examples/components/platform/tenants.yaml":    "has a team inventory",
	"kustomization-examples/components/platform/workloads.yaml":  "has a team inventory",
	"docs/decisions/0022-plain-words.md":                         "lists the names as they were before",
	"LICENSE":                                                    "is a legal text",
	"go.sum":                                                     "is written by go",
	".docker/passwd":                                             "has the user nobody, a name of Unix",
	"Dockerfile":                                                 "has the user nobody, a name of Unix",
}

// lineExceptions are names that contain a phrase, with the reason.
var lineExceptions = map[string]string{
	"traffic-closed": "is a check: connections are opened and closed",
	// The kinds of diff, in code and in what it prints.
	"Closed":        "is a kind of difference: opened, closed, changed, one-sided",
	"opened;closed": "is a kind of difference",
	" closed, ":     "is a kind of difference",
	",closed":       "is a kind of difference",
	`\"closed\"`:    "is a kind of difference",
	"0 closed":      "is a kind of difference",
	`"closed"`:      "is a kind of difference",
	"`closed`":      "is a kind of difference",
	"  closed ":     "is a kind of difference",
	"close(":        "is a function of Go",
	".Close()":      "is a method of Go",
	"user nobody":   "is a user of Unix",
	"everybody":     "is a flow of a golden case, and part of names that are generated",
}

func TestWordsArePlain(t *testing.T) {
	var all []string
	for _, p := range phrases {
		all = append(all, p.pattern)
	}
	some := regexp.MustCompile(`(?i)\b(` + strings.Join(all, "|") + `)\b`)
	each := make([]*regexp.Regexp, len(phrases))
	for i, p := range phrases {
		each[i] = regexp.MustCompile(`(?i)\b(` + p.pattern + `)\b`)
	}
	for _, name := range committed(t) {
		if wordExceptions[name] != "" || !isText(name) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(content), "\n") {
			line = withoutExceptions(line)
			if !some.MatchString(line) {
				continue
			}
			for j, e := range each {
				if found := e.FindString(line); found != "" {
					t.Errorf("%s:%d: %q: write %s", name, i+1, found, phrases[j].instead)
				}
			}
		}
	}
}

func withoutExceptions(line string) string {
	for e := range lineExceptions {
		line = strings.ReplaceAll(line, e, "")
	}
	return line
}

func isText(name string) bool {
	switch path.Ext(name) {
	case ".go", ".md", ".txt", ".txtar", ".yaml", ".yml", ".json", ".out", "":
		return true
	}
	return false
}
