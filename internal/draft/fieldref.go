package draft

import (
	"cmp"
	"regexp"
)

// setField sets the value of a variable that has a field of its pod.
func (s *source) setField(namespace, field string) {
	switch field {
	case "metadata.namespace":
		s.value = namespace
	case "status.podIP":
		s.value = "127.0.0.1"
	case "status.hostIP", "status.hostIPs", "spec.nodeName":
		s.onNode = true
	}
}

// usesNode reports whether a text names the pod's node as a host, by itself or by a variable.
func usesNode(s source, onNode map[string]bool) bool {
	if s.onNode {
		return isHostKey(s.key)
	}
	for _, m := range variableReference.FindAllStringSubmatch(s.value, -1) {
		if onNode[cmp.Or(m[1], m[2], m[3])] {
			return true
		}
	}
	return false
}

var wholeVariable = regexp.MustCompile(`^\$(\([A-Za-z_]\w*\)|\{[A-Za-z_]\w*\})$`)

// hostUnknown reports whether a text is a host that the build does not show.
func (s source) hostUnknown() bool {
	return isHostKey(s.key) && (s.unknown || wholeVariable.MatchString(s.value))
}
