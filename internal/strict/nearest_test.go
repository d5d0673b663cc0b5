package strict

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	fields := []string{"name", "pods", "via", "to", "ports", "optional"}
	fqdns := []string{"api.example.com", "*.example.org", strings.Repeat("a", 60) + ".internal.example.com"}
	for _, c := range []struct {
		desc, name string
		candidates []string
		want       string
	}{
		{"a letter is missing", "port", fields, "ports"},
		{"letters are swapped", "prots", fields, "ports"},
		{"the case differs", "Via", fields, "via"},
		{"the candidate is a letter longer", "pod", fields, "pods"},
		{"a letter is missing in the middle", "optinal", fields, "optional"},
		{"a short name allows half of its letters", "pdos", fields, "pods"},
		{"another word", "http", fields, ""},
		{"another short word", "tls", fields, ""},
		{"another long word", "selector", fields, ""},
		{"one letter is a typo of no word", "x", fields, ""},
		{"one letter is no typo of another", "a", []string{"b"}, ""},
		{"one letter in another case", "A", []string{"b", "a"}, "a"},
		{"the empty name", "", fields, ""},
		{"no candidates", "ports", nil, ""},
		{"an empty candidate", "a", []string{""}, ""},
		{"a name that exists is not misspelt", "ports", fields, ""},
		{"the nearest wins over the first", "acme-prd", []string{"acme-dev", "acme-prod"}, "acme-prod"},
		{"the first of equally similar ones wins", "team-x", []string{"team-a", "team-b"}, "team-a"},
		{"a namespace", "tenant-acem", []string{"tenant-acme", "tenant-beta"}, "tenant-acme"},
		{"a Service", "kube-system/kubedns", []string{"default/kubernetes", "kube-system/kube-dns"}, "kube-system/kube-dns"},
		{"a label", "app.kubernetes.io/nam", []string{"app.kubernetes.io/name", "app"}, "app.kubernetes.io/name"},
		{"an FQDN", "api.exmaple.com", fqdns, "api.example.com"},
		{"a pattern", "*.exampel.org", fqdns, "*.example.org"},
		{"a long FQDN", strings.Repeat("a", 60) + ".external.example.com", fqdns, fqdns[2]},
		{"a variable", "CLUSTER_NAM", []string{"CLUSTER_NAME", "REGION"}, "CLUSTER_NAME"},
		{"a check", "fqdn-outside-limit", []string{"cidr-outside-limits", "fqdn-outside-limits"}, "fqdn-outside-limits"},
		{"a text longer than any name", strings.Repeat("a", 254), []string{strings.Repeat("a", 253)}, ""},
	} {
		t.Run(c.desc, func(t *testing.T) {
			if got := Nearest(c.name, c.candidates); got != c.want {
				t.Errorf("Nearest(%q) = %q, want %q", c.name, got, c.want)
			}
		})
	}
}

func TestDidYouMean(t *testing.T) {
	for _, c := range []struct {
		name       string
		candidates []string
		want       string
	}{
		{"bata", []string{"acme", "beta"}, "did you mean beta?"},
		{"gamma-9", []string{"acme", "beta"}, "use one of acme, beta"},
		{"gamma-9", []string{"acme"}, "use acme"},
		{"gamma-9", nil, "none exists"},
		{"gamma-9", strings.Split("a,b,c,d,e,f,g,h,i,j,k,l", ","), "use one of a, b, c, d, e, f, g, h, i, j and 2 more"},
	} {
		if got := DidYouMean(c.name, c.candidates); got != c.want {
			t.Errorf("DidYouMean(%q, %q) = %q, want %q", c.name, c.candidates, got, c.want)
		}
	}
}
