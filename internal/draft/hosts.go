package draft

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// textKind is how much of a text names hosts.
type textKind int

const (
	// valueText is the value of a variable or an argument.
	valueText textKind = iota
	// fileText is a file: only Services of the build in it are flows.
	fileText
	// secretText is a value of a Secret: only one whole URL, or the host of a key such as DB_HOST, is read.
	secretText
)

// mention is a host in a text.
type mention struct {
	host string
	// port is 0 if the text has none. protocol is empty for TCP.
	port     int32
	protocol v1alpha1.Protocol
	// srv reports that the name leads to others by SRV records.
	srv bool
	// url reports that the host is in a URL, and public that a name outside the cluster may be a flow.
	url, public bool
	// serviceOnly reports that the text may be no host: it is one only if it names a Service of the build.
	serviceOnly bool
}

// ports are the port of a mention, or none.
func (m mention) ports() []v1alpha1.Port {
	if m.port == 0 {
		return nil
	}
	return []v1alpha1.Port{{Port: intstr.FromInt32(m.port), Protocol: m.protocol}}
}

var (
	urlPattern      = newPattern(`(?i)([a-z][a-z0-9+.-]*)://((?:\[[0-9a-f:.]+\]|\$\([a-z_][a-z0-9_]*\)|\$\{[a-z_][a-z0-9_]*\}|[^\s"'<>` + "`" + `;|)\]}])+)`)
	listedWord      = newPattern(`(?i)(https?://[^\s,]+),(?:direct|off)\b`)
	listedURL       = newPattern(`(?i),([a-z][a-z0-9+.-]*://)`)
	hostPortPattern = newPattern(`(?i)^([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?):(\d{2,5})$`)
	hostPattern     = newPattern(`(?i)^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\.?$`)
	grpcTarget      = newPattern(`\b(dns|passthrough|xds):///`)
	variableHost    = newPattern(`\$(\([A-Za-z_]\w*\)|\{[A-Za-z_]\w*\}):\d{2,5}\b`)
	unresolved      = newPattern(`\$[({]?[A-Za-z_]|\{\{|%[A-Z_]+%`)
)

// injected are variables that Kubernetes sets for the Services of the same namespace.
var injected = newPattern(`_SERVICE_(HOST|PORT)`)

// schemePorts are the ports of schemes without one in the URL.
var schemePorts = map[string]int32{
	"http": 80, "https": 443, "ws": 80, "wss": 443, "grpc": 443, "grpcs": 443, "ftp": 21, "ssh": 22, "smtp": 25, "smtps": 465,
	"postgres": 5432, "postgresql": 5432, "mysql": 3306, "mariadb": 3306, "mongodb": 27017, "redis": 6379, "rediss": 6379,
	"amqp": 5672, "amqps": 5671, "nats": 4222, "mqtt": 1883, "mqtts": 8883, "ldap": 389, "ldaps": 636, "sqlserver": 1433,
	"clickhouse": 9000, "memcached": 11211, "cql": 9042, "neo4j": 7687, "bolt": 7687, "etcd": 2379, "kafka": 9092,
	"statsd": 8125, "coap": 5683, "coaps": 5684, "tftp": 69, "ntp": 123, "snmp": 161,
}

// datagrams are schemes over UDP.
var datagrams = newPattern(`^(udp[46]?|statsd|coaps?|tftp|ntp|snmp)$`)

// localSchemes name no host.
var localSchemes = []string{"file", "unix", "data", "s3", "gs", "gcs", "azblob", "abfs", "abfss", "wasb", "oci", "docker", "arn", "secret", "vault", "classpath", "k8s", "kubernetes", "mem", "inmemory"}

// mentionsIn are the hosts in a text, and whether a part of it depends on a variable without a value.
func mentionsIn(text string, kind textKind) (out []mention, variable bool) {
	if kind == secretText {
		out, _ = secretHosts(text)
		return out, false
	}
	text = listedURL.ReplaceAllString(listedWord.ReplaceAllString(text, "$1"), " $1")
	text = grpcTarget.ReplaceAllString(text, " ")
	if kind != fileText {
		out, text = dataSources(text)
	}
	if kind == fileText {
		text = withoutComments(text)
	}
	rest := urlPattern.ReplaceAllStringFunc(text, func(found string) string {
		parts := urlPattern.FindStringSubmatch(found)
		more, open := inURL(strings.ToLower(parts[1]), parts[2])
		out, variable = append(out, more...), variable || open
		return " "
	})
	return append(out, hosts(rest)...), variable || kind == valueText && variableHost.MatchString(rest)
}

// hosts are the hosts with a port in a text without URLs, and names that may be those of Services.
func hosts(text string) []mention {
	var out []mention
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n,;='\"`()[]{}<>|@&", r) }) {
		word = strings.ToLower(strings.TrimSuffix(word, "/"))
		if m := hostPortPattern.FindStringSubmatch(word); m != nil {
			if p, ok := portNumber(m[2]); ok {
				out = append(out, mention{host: m[1], port: p})
			}
		} else if strings.Contains(word, ".") && hostPattern.MatchString(word) {
			out = append(out, mention{host: word, serviceOnly: true})
		}
	}
	return out
}

// inURL are the hosts of a URL: several if its authority is a list.
func inURL(scheme, rest string) (out []mention, variable bool) {
	scheme = scheme[strings.LastIndex(scheme, ":")+1:]
	scheme, transport, _ := strings.Cut(scheme, "+")
	if slices.Contains(localSchemes, scheme) {
		return nil, false
	}
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority = rest[:i]
	}
	i := strings.LastIndex(authority, "@")
	for host := range strings.SplitSeq(authority[i+1:], ",") {
		if unresolved.MatchString(host) {
			return nil, !injected.MatchString(host)
		}
		if m, ok := authorityHost(host, schemePorts[scheme]); ok {
			out = append(out, m.over(scheme, transport))
		}
	}
	return out, false
}

// over is a host with the protocol of a URL's scheme.
func (m mention) over(scheme, transport string) mention {
	m.srv = transport == "srv"
	if datagrams.MatchString(scheme) || datagrams.MatchString(transport) {
		m.protocol = v1alpha1.UDP
	}
	return m
}

// authorityHost is the host of one element of a URL's authority.
func authorityHost(text string, port int32) (mention, bool) {
	if a, err := netip.ParseAddrPort(text); err == nil {
		return mention{host: a.Addr().String(), port: int32(a.Port()), url: true}, true
	}
	if a, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return mention{host: a.String(), port: port, url: true}, true
	}
	host, number, has := strings.Cut(text, ":")
	host = strings.ToLower(host)
	if has {
		p, ok := portNumber(number)
		if !ok {
			return mention{}, false
		}
		port = p
	}
	return mention{host: host, port: port, url: true}, hostPattern.MatchString(host)
}

func portNumber(text string) (int32, bool) {
	n, err := strconv.ParseUint(text, 10, 16)
	return int32(n), err == nil && n > 0
}

// withoutComments drops the lines of a file that are comments.
func withoutComments(text string) string {
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		trimmed := strings.TrimSpace(line)
		if i := strings.Index(line, " #"); i >= 0 {
			line = line[:i]
		}
		if !strings.HasPrefix(trimmed, "#") && !strings.HasPrefix(trimmed, "//") && !strings.HasPrefix(trimmed, ";") && !strings.HasPrefix(trimmed, "<!--") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

var topLevelDomain = newPattern(`^[a-z]{2,}$`)

// serviceName begins the name of a Service.
var serviceName = newPattern(`^[a-z]`)

// isPublicName reports whether a host is the name of a host outside the cluster.
func isPublicName(host string) bool {
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	return len(labels) > 1 && topLevelDomain.MatchString(labels[len(labels)-1]) && len(validation.IsDNS1123Subdomain(strings.TrimSuffix(host, "."))) == 0
}

// isOwnHost reports whether a host is the pod itself.
func isOwnHost(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.IsLoopback() || a.IsUnspecified() || a.IsMulticast()
	}
	return host == "localhost" || host == "" || strings.HasSuffix(host, ".localhost") || strings.HasPrefix(host, "localhost.")
}

var (
	// notDialed are keys of texts with hosts that nothing connects to.
	notDialed = newPattern(`(?i)(^|[_.])(no_proxy|noProxy|xmlns|license|allowed_hosts|allowed_origins|origins?|audience|redirect_ur[il]|callback_ur[il]|referer|resource_attributes|settings_module|vmodule|image|log_level|external_?url)$`)
	// fileName is a name with the extension of source code: server.go:10 is a line.
	fileName = newPattern(`\.(go|js|ts|py|rb|rs|java|kt|sh|c|cc|cpp|h|php|lua|pl)$`)
)

var (
	keywordHost = newPattern(`(?i)(?:^|\s)host(?:addr)?\s*=\s*(\S+)`)
	keywordPort = newPattern(`(?i)(?:^|\s)port\s*=\s*([0-9,]+)`)
	networkHost = newPattern(`@tcp\(([^()]+)\)`)
	oracleHost  = newPattern(`(?i)jdbc:oracle:[a-z0-9]+:[^@\s]*@(?:tcps?:)?(?://)?([a-z0-9.-]+)(?::(\d+))?[^\s"']*`)
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
