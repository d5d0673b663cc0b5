package draft

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

// valueFrom is where a variable has its value from.
type valueFrom struct {
	ConfigMapKeyRef keyRef `json:"configMapKeyRef"`
	SecretKeyRef    keyRef `json:"secretKeyRef"`
	FieldRef        struct {
		Path string `json:"fieldPath"`
	} `json:"fieldRef"`
}

// valueFrom completes a variable of pods in a namespace with the value that it refers to.
func (b *build) valueFrom(s source, ns string, from *valueFrom) source {
	known := true
	switch {
	case from == nil:
	case from.ConfigMapKeyRef.Name != "":
		r := from.ConfigMapKeyRef
		s.value, known = b.dataOf("ConfigMap", ns, r.Name)[r.Key]
		s.evidence += " of ConfigMap/" + r.Name
	case from.SecretKeyRef.Name != "":
		r := from.SecretKeyRef
		s.value, known = b.dataOf("Secret", ns, r.Name)[r.Key]
		s.kind, s.evidence = secretText, s.evidence+" of Secret/"+r.Name
	case from.FieldRef.Path != "":
		s.setField(ns, from.FieldRef.Path)
		known = s.value != ""
	default:
		known = false
	}
	s.unknown = !known
	return s
}

// dataOf is the data of a ConfigMap or Secret, without what is not text.
func (b *build) dataOf(kind, namespace, name string) map[string]string {
	if name == "" {
		return nil
	}
	d := decode[struct {
		Data       map[string]string `json:"data"`
		StringData map[string]string `json:"stringData"`
	}](b.find(kind, namespace, name))
	if kind != "Secret" {
		return d.Data
	}
	out := map[string]string{}
	for key, value := range d.Data {
		if text, err := base64.StdEncoding.DecodeString(value); err == nil {
			out[key] = string(text)
		}
	}
	maps.Copy(out, d.StringData)
	return out
}

// mounted are the ConfigMaps or Secrets that the pods mount.
func (p podTexts) mounted(kind string) []mountedRef {
	var out []mountedRef
	add := func(configMap, secret mountedRef) {
		if kind == "ConfigMap" {
			out = append(out, configMap)
			return
		}
		secret.Name = cmp.Or(secret.Name, secret.SecretName)
		out = append(out, secret)
	}
	for _, v := range p.Volumes {
		add(v.ConfigMap, v.Secret)
		for _, s := range v.Projected.Sources {
			add(s.ConfigMap, s.Secret)
		}
	}
	return slices.DeleteFunc(out, func(r mountedRef) bool { return r.Name == "" })
}

// rootCertificates is a ConfigMap that Kubernetes writes into each namespace.
const rootCertificates = "kube-root-ca.crt"

// isCertificate reports whether a Secret has a certificate, and so no host.
func isCertificate(n *yaml.RNode) bool {
	kind, err := n.GetString("type")
	return err == nil && kind == "kubernetes.io/tls"
}

// noteMissing notes the ConfigMaps and Secrets of pods whose hosts the draft does not know.
func (b *build) noteMissing(w *resource.Workload, texts podTexts) {
	ns := w.Ref.Namespace
	if b.tenantOf[ns] == "" {
		return
	}
	for _, kind := range []string{"ConfigMap", "Secret"} {
		mounted := texts.mounted(kind)
		for _, r := range append(texts.variables(kind), mounted...) {
			if r.Name != "" && r.Name != rootCertificates && !r.Optional && b.find(kind, ns, r.Name) == nil {
				b.unseen(describe(w.Ref), fmt.Sprintf("uses %s %s/%s, which is not in the build, so the hosts in it are unknown", kind, ns, r.Name))
			}
		}
		if kind == "Secret" && slices.ContainsFunc(mounted, func(r mountedRef) bool { return b.hasFiles(ns, r.Name) }) {
			b.unseen(describe(w.Ref), "mounts a Secret as files, which are never read: add flows to the hosts in them")
		}
	}
}

// hasFiles reports whether a Secret of the build may have hosts in its files.
func (b *build) hasFiles(namespace, name string) bool {
	n := b.find("Secret", namespace, name)
	return n != nil && !isCertificate(n)
}

// variables are the ConfigMaps or Secrets of the containers' variables.
func (p podTexts) variables(kind string) []mountedRef {
	var out []mountedRef
	add := func(configMap, secret keyRef) {
		r := configMap
		if kind == "Secret" {
			r = secret
		}
		out = append(out, mountedRef{Name: r.Name, Optional: r.Optional})
	}
	for _, c := range slices.Concat(p.InitContainers, p.Containers) {
		for _, f := range c.EnvFrom {
			add(f.ConfigMapRef, f.SecretRef)
		}
		for _, e := range c.Env {
			if f := e.ValueFrom; f != nil {
				add(f.ConfigMapKeyRef, f.SecretKeyRef)
			}
		}
	}
	return out
}

var variableReference = newPattern(`\$\(([A-Za-z_][A-Za-z0-9_]*)\)|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$([A-Za-z_][A-Za-z0-9_]*)`)

// expand replaces references to the variables of a container.
func expand(text string, values map[string]string) string {
	const depth = 3
	for range depth {
		next := variableReference.ReplaceAllStringFunc(text, func(found string) string {
			if value, ok := values[strings.Trim(found, "${}()")]; ok {
				return value
			}
			return found
		})
		if next == text {
			break
		}
		text = next
	}
	return text
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
			s.evidence += " " + flagName(name)
		case i > 0 && strings.HasPrefix(all[i-1], "-") && !strings.Contains(all[i-1], "=") && !strings.HasPrefix(arg, "-"):
			s.key = flagKey(all[i-1])
			s.evidence += " " + flagName(all[i-1])
		}
		out = append(out, s)
	}
	return out
}

// flagName is the name of a flag, and of a flag with one dash the first letter: a value may follow it (-psecret).
func flagName(flag string) string {
	if name := flagWord.FindString(flag); strings.HasPrefix(name, "--") {
		return name
	}
	letters := []rune(flag)
	return string(letters[:min(len(letters), len("-p"))])
}

var flagWord = newPattern(`^--[A-Za-z0-9_.-]+`)

// flagKey is the name of a variable with the words of a flag.
func flagKey(flag string) string {
	return strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(strings.TrimLeft(flag, "-")))
}
