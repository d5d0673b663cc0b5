package draft

import (
	"slices"
	"strings"
)

// The patterns of a Secret's texts match a whole text: a part of one may be a password that looks like a host. They
// match no text in which the host may be a part of the password.
var (
	secretURL     = newPattern(`(?i)^(?:jdbc:)?([a-z][a-z0-9.-]*)(?:\+([a-z0-9.+-]+))?://([^/?#;@]*@)?([^/?#;@]+)([/?#;][^@]*)?$`)
	secretUser    = newPattern(`^[A-Za-z0-9._~%!$*+=-]*(:[A-Za-z0-9._~%!$*+=-]*)?@$`)
	secretNetwork = newPattern(`^[A-Za-z0-9._~%!$*+=-]*(?::[A-Za-z0-9._~%!$*+=-]*)?@tcp\(([^()@]+)\)(?:/[^@]*)?$`)
	secretWords   = newPattern(`(?i)^(?:(?:host|port|user|password|dbname|database|sslmode|sslrootcert|sslcert|sslkey|connect_timeout|application_name|target_session_attrs|timezone|search_path)=[^\s'"\\=]*(?: |$))+$`)
	urlKey        = newPattern(`(?i)(URL|URI|DSN)$`)
	portKey       = newPattern(`(?i)PORT$`)
)

// secretHosts are the hosts of a Secret's text, which must be one connection as a whole. unread reports that it is
// one whose host is not certain.
func secretHosts(text string) (found []mention, unread bool) {
	text = strings.TrimSpace(text)
	isURL := strings.Contains(text, "://") || strings.Contains(text, "@tcp(")
	if m := secretURL.FindStringSubmatch(text); m != nil {
		if slices.Contains(localSchemes, strings.ToLower(m[1])) {
			return nil, false
		}
		found = secretURLHosts(strings.ToLower(m[1]), strings.ToLower(m[2]), m[3], m[4])
	} else if m := secretNetwork.FindStringSubmatch(text); m != nil {
		found = hostList(m[1], 0)
	} else if secretWords.MatchString(text) && strings.Count(" "+text, " host=") == 1 && strings.Count(" "+text, " port=") < 2 {
		found, _ = dataSources(text)
	}
	return found, isURL && len(found) == 0
}

// secretURLHosts are the hosts in the parts of a URL, if its scheme has a port and its user is none in doubt.
func secretURLHosts(scheme, transport, user, hosts string) []mention {
	if schemePorts[scheme] == 0 || user != "" && !secretUser.MatchString(user) {
		return nil
	}
	found := hostList(hosts, schemePorts[scheme])
	for i := range found {
		found[i] = found[i].over(scheme, transport)
	}
	return found
}

// hostList are hosts with commas between them, or none if one of them is no host.
func hostList(text string, port int32) []mention {
	var out []mention
	for host := range strings.SplitSeq(text, ",") {
		m, ok := authorityHost(host, port)
		if !ok {
			return nil
		}
		out = append(out, m)
	}
	return out
}

// isUnread reports whether the text of a Secret is a connection whose host is not read.
func (s source) isUnread() bool {
	if s.kind != secretText || s.value == "" {
		return false
	}
	found, unread := secretHosts(s.value)
	return unread || len(found) == 0 && urlKey.MatchString(s.key)
}

// inText is what other texts contain in place of a reference to a source with a value: of a Secret only its host, its port, or its
// URL without all else.
func (s source) inText() string {
	if s.kind != secretText {
		return s.value
	}
	value := strings.TrimSpace(s.value)
	if _, isPort := portNumber(value); isPort && portKey.MatchString(s.key) {
		return value
	}
	if isSecretHostKey(s.key) && len(hostList(value, 0)) == 1 {
		return value
	}
	found, _ := secretHosts(value)
	if len(found) == 0 || !secretURL.MatchString(value) {
		return "$" + s.key
	}
	scheme, _, _ := strings.Cut(value, "://")
	var hosts []string
	for _, m := range found {
		hosts = append(hosts, hostPort(m))
	}
	return scheme + "://" + strings.Join(hosts, ",")
}

// isSecretHostKey reports whether a key of a Secret has a host. A key such as DB_URL has one only in a whole URL.
func isSecretHostKey(key string) bool { return isHostKey(key) && !urlKey.MatchString(key) }
