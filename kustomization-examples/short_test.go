package examples_test

import "testing"

// skipInShort skips a long test with -short, and prints why.
func skipInShort(t *testing.T, why string) {
	t.Helper()
	if testing.Short() {
		t.Skip("skipped by -short: " + why)
	}
}
