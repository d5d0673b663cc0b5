package engine

import (
	"errors"
	"regexp"
)

// combining matches Cilium's error about two fields of a rule, which it finds in the order of a map.
var combining = regexp.MustCompile(`combining (\w+) and (\w+) is not supported`)

// stable returns an error of Cilium's parser with the same text in each run.
func stable(err error) error {
	if err == nil {
		return nil
	}
	text := combining.ReplaceAllStringFunc(err.Error(), func(match string) string {
		found := combining.FindStringSubmatch(match)
		one, other := found[1], found[2]
		if one > other {
			one, other = other, one
		}
		return "combining " + one + " and " + other + " is not supported"
	})
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}
