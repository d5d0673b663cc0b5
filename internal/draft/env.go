package draft

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/resource"
)

// source is a text of a workload's pods.
type source struct {
	key, value string
	kind       textKind
	// unknown reports that the build lacks the value.
	unknown bool
	// evidence names the place.
	evidence string
}

// keyRef refers to a key of a ConfigMap or Secret.
type keyRef struct {
	Name     string `json:"name"`
	Key      string `json:"key"`
	Optional bool   `json:"optional"`
}

// mountedRef is a ConfigMap or Secret of a volume.
type mountedRef struct {
	Name       string   `json:"name"`
	SecretName string   `json:"secretName"`
	Items      []keyRef `json:"items"`
	Optional   bool     `json:"optional"`
}

// podTexts is the part of a pod's spec with texts.
type podTexts struct {
	Containers     []container `json:"containers"`
	InitContainers []container `json:"initContainers"`
	Volumes        []struct {
		ConfigMap mountedRef `json:"configMap"`
		Secret    mountedRef `json:"secret"`
		Projected struct {
			Sources []struct {
				ConfigMap mountedRef `json:"configMap"`
				Secret    mountedRef `json:"secret"`
			} `json:"sources"`
		} `json:"projected"`
	} `json:"volumes"`
	AutomountServiceAccountToken *bool `json:"automountServiceAccountToken"`
}

type container struct {
	Name    string   `json:"name"`
	Image   string   `json:"image"`
	Command []string `json:"command"`
	Args    []string `json:"args"`
	Ports   []struct {
		HostPort int32  `json:"hostPort"`
		HostIP   string `json:"hostIP"`
	} `json:"ports"`
	Env []struct {
		Name      string     `json:"name"`
		Value     string     `json:"value"`
		ValueFrom *valueFrom `json:"valueFrom"`
	} `json:"env"`
	EnvFrom []struct {
		Prefix       string `json:"prefix"`
		ConfigMapRef keyRef `json:"configMapRef"`
		SecretRef    keyRef `json:"secretRef"`
	} `json:"envFrom"`
}

// findMentions finds the hosts that the texts of each workload name.
func (b *build) findMentions() {
	for _, w := range b.index.Workloads {
		if w.External && b.tenantOf[w.Ref.Namespace] == "" {
			continue
		}
		spec := at(b.item(w.Resource), w.Field)
		texts := decode[podTexts](spec)
		b.noteMissing(w, texts)
		for _, c := range slices.Concat(texts.InitContainers, texts.Containers) {
			b.findInContainer(w, c)
		}
		b.findInSources(w, b.volumeSources(w, texts))
		if len(texts.Containers) == 0 {
			b.findInSources(w, scalarSources(short(w.Resource), at(b.item(w.Resource), "spec")))
		}
	}
}

func (b *build) findInContainer(w *resource.Workload, c container) {
	sources := append(b.envSources(w, c), argumentSources(w, c)...)
	values := map[string]string{}
	for _, s := range sources {
		if s.key != "" {
			values[s.key] = s.inText()
		}
	}
	for i, s := range sources {
		// Kubernetes expands no value of a Secret.
		if s.kind != secretText {
			sources[i].value = expand(s.value, values)
		}
	}
	b.findInSources(w, sources)
}

// envSources are the variables of a container.
func (b *build) envSources(w *resource.Workload, c container) []source {
	var out []source
	ns, name := w.Ref.Namespace, short(w.Ref)
	for _, from := range c.EnvFrom {
		for _, kind := range []struct {
			kind, name string
			text       textKind
		}{{"ConfigMap", from.ConfigMapRef.Name, valueText}, {"Secret", from.SecretRef.Name, secretText}} {
			data := b.dataOf(kind.kind, ns, kind.name)
			for _, key := range slices.Sorted(maps.Keys(data)) {
				out = append(out, source{key: from.Prefix + key, value: data[key], kind: kind.text, evidence: name + " env " + from.Prefix + key + " of " + kind.kind + "/" + kind.name})
			}
		}
	}
	for _, e := range c.Env {
		s := source{key: e.Name, value: e.Value, kind: valueText, evidence: name + " env " + e.Name}
		out = append(out, b.valueFrom(s, ns, e.ValueFrom))
	}
	return out
}

// argumentSources are the arguments of a container. A flag has its name as the key.
func argumentSources(w *resource.Workload, c container) []source {
	var out []source
	all := slices.Concat(c.Command, c.Args)
	for i, arg := range all {
		s := source{value: arg, kind: valueText, evidence: short(w.Ref) + " args"}
		name, value, has := strings.Cut(arg, "=")
		switch {
		case strings.HasPrefix(arg, "-") && has:
			s.key, s.value = flagKey(name), value
			s.evidence += shownFlag(name)
		case i > 0 && strings.HasPrefix(all[i-1], "-") && !strings.Contains(all[i-1], "=") && !strings.HasPrefix(arg, "-"):
			s.key = flagKey(all[i-1])
			s.evidence += shownFlag(all[i-1])
		}
		out = append(out, s)
	}
	return out
}

// shownFlag is a flag in the evidence of a flow. After one letter, a flag may have a password: -ppassword.
func shownFlag(flag string) string {
	if strings.HasPrefix(flag, "--") || len(flag) == len("-x") {
		return " " + flag
	}
	return ""
}

// flagKey is the name of a variable with the words of a flag.
func flagKey(flag string) string {
	return strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(strings.TrimLeft(flag, "-")))
}

// volumeSources are the files of ConfigMaps that the pods mount.
func (b *build) volumeSources(w *resource.Workload, texts podTexts) []source {
	var out []source
	for _, v := range texts.mounted("ConfigMap") {
		name, items := v.Name, v.Items
		data := b.dataOf("ConfigMap", w.Ref.Namespace, name)
		for _, key := range slices.Sorted(maps.Keys(data)) {
			if len(items) == 0 || slices.ContainsFunc(items, func(r keyRef) bool { return r.Key == key }) {
				out = append(out, source{value: data[key], kind: fileText, evidence: short(w.Ref) + " file " + key + " of ConfigMap/" + name})
			}
		}
	}
	return out
}

// findInSources adds the flows to the hosts in some texts of one container.
func (b *build) findInSources(w *resource.Workload, sources []source) {
	for _, s := range sources {
		found, variable := s.mentions(sources)
		if variable && s.kind != fileText {
			b.unseen(w.Ref.Namespace+"/"+s.evidence, "has a host that depends on a variable without a value in the build")
		}
		if s.isUnread() && len(found) == 0 {
			b.unseen(w.Ref.Namespace+"/"+s.evidence, "could not be read, since it is no URL whose host is certain: add a flow if pods connect to its host")
		}
		for _, m := range found {
			s.restrict(&m)
			for _, d := range b.resolveMention(m, w.Ref.Namespace, w.Ref.Namespace+"/"+s.evidence) {
				b.add(flow{from: b.podsOf(w), to: d.to, ports: d.ports, evidence: []string{s.evidence}})
			}
		}
	}
}

// mentions are the hosts in a source, and whether a part of it depends on a variable without a value.
func (s source) mentions(others []source) (found []mention, variable bool) {
	found, variable = mentionsIn(s.value, s.kind)
	if s.kind == secretText && isSecretHostKey(s.key) && len(found) == 0 && strings.Contains(s.value, ":") {
		found = hostList(strings.TrimSpace(s.value), 0)
	}
	if m, ok := wholeHost(s, others); ok {
		found = append(found, m)
	}
	return found, variable
}

// restrict limits what a host in a source may be. A host that may be no host is one only if it names a Service of
// the build.
func (s source) restrict(m *mention) {
	switch s.kind {
	case valueText, secretText:
		m.public = true
	case fileText:
		m.serviceOnly = m.serviceOnly || markup.MatchString(s.evidence)
	}
}

// markup are files whose hosts are links and names of schemas, unless they are Services.
var markup = regexp.MustCompile(`\.(svg|html?|css|js|xml|xsd|md) of `)

var hostKey = regexp.MustCompile(`(?i)(HOST|HOSTNAME|HOSTS|SERVER|SERVERS|ENDPOINT|ADDR|ADDRESS|BROKER|BROKERS|URL|URI)$`)

func isHostKey(key string) bool { return hostKey.MatchString(key) }

// wholeHost is a text that is a host without a port, with the port of the variable next to it: DB_PORT for
// DB_HOST.
func wholeHost(s source, others []source) (mention, bool) {
	host := strings.ToLower(strings.TrimSpace(s.value))
	if s.kind == fileText || s.kind == secretText && !isSecretHostKey(s.key) || !hostPattern.MatchString(host) {
		return mention{}, false
	}
	m := mention{host: host, serviceOnly: !isHostKey(s.key)}
	if m.serviceOnly {
		return m, true
	}
	want := hostKey.ReplaceAllString(s.key, "PORT")
	for _, o := range others {
		if p, ok := portNumber(o.value); ok && strings.EqualFold(o.key, want) {
			m.port = p
		}
	}
	return m, true
}
