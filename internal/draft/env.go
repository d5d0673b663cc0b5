package draft

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/resource"
)

// source is a text of a workload's pods.
type source struct {
	key, value string
	kind       textKind
	// evidence names the place.
	evidence string
	// unknown reports that the build does not show the value, and onNode that it is an address of the pod's node.
	unknown, onNode bool
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

// textsOf is the part with texts of a workload's pods.
func (b *build) textsOf(w *resource.Workload) podTexts {
	return decode[podTexts](at(b.item(w.Resource), w.Field))
}

// findMentions finds the hosts that the texts of each workload name.
func (b *build) findMentions() {
	for _, w := range b.index.Workloads {
		if w.External && b.tenantOf[w.Ref.Namespace] == "" {
			continue
		}
		texts := b.textsOf(w)
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
	variables := lastOfKeys(b.envSources(w, c))
	values, onNode := map[string]string{}, map[string]bool{}
	for _, s := range variables {
		if !s.unknown {
			values[s.key] = s.inText()
		}
		onNode[s.key] = s.onNode
	}
	sources := slices.Concat(variables, argumentSources(w, c))
	for i, s := range sources {
		// Kubernetes expands no value of a Secret.
		if s.kind != secretText {
			sources[i].value = expand(s.value, values)
		}
		sources[i].onNode = usesNode(sources[i], onNode)
	}
	b.findInSources(w, sources)
}

// lastOfKeys are variables without those that a later one replaces.
func lastOfKeys(variables []source) []source {
	last := map[string]int{}
	for i, s := range variables {
		last[s.key] = i
	}
	var out []source
	for i, s := range variables {
		if last[s.key] == i {
			out = append(out, s)
		}
	}
	return out
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
	b.noteBuckets(w.Ref.Namespace+"/", sources)
	for _, s := range sources {
		if notDialed.MatchString(s.key) {
			continue
		}
		found, variable := s.mentions(sources)
		b.noteUnknown(w.Ref.Namespace+"/", s, variable, len(found) > 0)
		found = append(found, pairedHosts(s)...)
		for _, m := range withoutBare(found) {
			s.restrict(&m)
			for _, d := range b.resolveMention(m, w.Ref.Namespace, w.Ref.Namespace+"/"+s.evidence) {
				b.add(namedFlow{from: b.podsOf(w), to: d.to, ports: d.ports, evidence: []string{s.evidence}})
			}
		}
	}
}

// noteUnknown notes the hosts of a source that the build does not show.
func (b *build) noteUnknown(namespace string, s source, variable, found bool) {
	switch {
	case s.onNode:
		b.review(namespace+s.evidence, "names the pod's own node, where an agent may listen: no flow is written: if pods connect to it, add a flow with entities: [host] and the agent's port")
	case s.kind != fileText && (variable || s.hostUnknown()):
		b.unseen(namespace+s.evidence, "has a host that depends on a variable without a value in the build")
	case s.isUnread() && !found:
		b.unseen(namespace+s.evidence, "could not be read, since it is no URL whose host is certain: add a flow if pods connect to its host")
	}
}

// withoutBare are mentions without those of a host that another one names with a port.
func withoutBare(found []mention) []mention {
	ported := map[string]bool{}
	for _, m := range found {
		ported[m.host] = ported[m.host] || m.port > 0
	}
	return slices.DeleteFunc(slices.Clone(found), func(m mention) bool { return m.port == 0 && ported[m.host] })
}

// mentions are the hosts in a source, and whether a part of it depends on a variable without a value.
func (s source) mentions(others []source) (found []mention, variable bool) {
	found, variable = mentionsIn(s.value, s.kind)
	if s.kind == secretText && isSecretHostKey(s.key) && len(found) == 0 && strings.Contains(s.value, ":") {
		found = hostList(strings.TrimSpace(s.value), 0)
	}
	if m, ok := wholeHost(s, others); ok && s.kind != fileText {
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
		m.serviceOnly = m.serviceOnly || !m.url && fileName.MatchString(m.host) && !isHostKey(s.key)
	case fileText:
		m.serviceOnly = m.serviceOnly || markup.MatchString(s.evidence)
	}
}

// markup are files whose hosts are links and names of schemas, unless they are Services.
var markup = newPattern(`\.(svg|html?|css|js|xml|xsd|md) of `)

var hostKey = newPattern(`(?i)(HOST|HOSTNAME|HOSTS|SERVER|SERVERS|ENDPOINT|ADDR|ADDRESS|BROKER|BROKERS|URL|URI)$`)

func isHostKey(key string) bool { return hostKey.MatchString(key) }

// wholeHost is a text that is a host without a port, with the port of the variable next to it: DB_PORT for
// DB_HOST.
func wholeHost(s source, others []source) (mention, bool) {
	host := strings.ToLower(strings.TrimSpace(s.value))
	if s.kind == secretText && !isSecretHostKey(s.key) || !hostPattern.MatchString(host) {
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

var wholeVariable = newPattern(`^\$(\([A-Za-z_]\w*\)|\{[A-Za-z_]\w*\})$`)

// hostUnknown reports whether a text is a host that the build does not show.
func (s source) hostUnknown() bool {
	return isHostKey(s.key) && (s.unknown || wholeVariable.MatchString(s.value))
}
