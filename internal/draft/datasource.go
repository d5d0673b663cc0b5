package draft

import (
	"cmp"
	"regexp"
	"strings"
)

var (
	keywordHost = regexp.MustCompile(`(?i)(?:^|\s)host(?:addr)?\s*=\s*(\S+)`)
	keywordPort = regexp.MustCompile(`(?i)(?:^|\s)port\s*=\s*([0-9,]+)`)
	networkHost = regexp.MustCompile(`@tcp\(([^()]+)\)`)
	oracleHost  = regexp.MustCompile(`(?i)jdbc:oracle:[a-z0-9]+:[^@\s]*@(?:tcps?:)?(?://)?([a-z0-9.-]+)(?::(\d+))?[^\s"']*`)
)

const oraclePort = 1521

// dataSources are the hosts in the forms of database drivers, and the text without these: host=a,b port=5432,
// user:password@tcp(db:3306) and jdbc:oracle:thin:@db:1521/x.
func dataSources(text string) ([]mention, string) {
	var out []mention
	if m := keywordHost.FindStringSubmatch(text); m != nil {
		var ports []string
		if p := keywordPort.FindStringSubmatch(text); p != nil {
			ports = strings.Split(p[1], ",")
		}
		out = append(out, keywordHosts(strings.Split(m[1], ","), ports)...)
	}
	for _, m := range networkHost.FindAllStringSubmatch(text, -1) {
		if found, ok := authorityHost(m[1], 0); ok {
			out = append(out, found)
		}
	}
	for _, m := range oracleHost.FindAllStringSubmatch(text, -1) {
		port, _ := portNumber(m[2])
		if found, ok := authorityHost(m[1], cmp.Or(port, oraclePort)); ok {
			out = append(out, found)
		}
	}
	return out, oracleHost.ReplaceAllString(networkHost.ReplaceAllString(text, " "), " ")
}

// keywordHosts are hosts with the port at the same position, or with the only one.
func keywordHosts(hosts, ports []string) []mention {
	var out []mention
	for i, host := range hosts {
		var port int32
		switch {
		case i < len(ports):
			port, _ = portNumber(ports[i])
		case len(ports) == 1:
			port, _ = portNumber(ports[0])
		}
		if found, ok := authorityHost(host, port); ok {
			out = append(out, found)
		}
	}
	return out
}
