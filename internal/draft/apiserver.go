package draft

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/resource"
)

const rbacGroup = "rbac.authorization.k8s.io"

// findAPIServerClients finds the pods whose ServiceAccount has a role: they connect to the API server.
func (b *build) findAPIServerClients() {
	roles := map[[2]string][]string{}
	for _, n := range b.ofKind(rbacGroup, "RoleBinding", "ClusterRoleBinding") {
		for _, account := range boundAccounts(n) {
			roles[account] = append(roles[account], short(resource.RefOf(n)))
		}
	}
	for _, w := range b.index.Workloads {
		ns := w.Ref.Namespace
		evidence := slices.Concat(roles[[2]string{ns, w.ServiceAccount}], roles[[2]string{ns, "*"}])
		if len(evidence) == 0 || !b.mountsToken(w) {
			continue
		}
		for i := range evidence {
			evidence[i] = fmt.Sprintf("%s ServiceAccount %s in %s", short(w.Ref), w.ServiceAccount, evidence[i])
		}
		b.add(namedFlow{from: b.podsOf(w), to: apiServer(), evidence: evidence})
	}
}

// boundAccounts are the ServiceAccounts of a binding, by namespace and name, which is * for all of a
// namespace.
func boundAccounts(n *yaml.RNode) [][2]string {
	type subject struct {
		Kind      string `json:"kind"`
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	}
	var out [][2]string
	for _, s := range decode[struct {
		Subjects []subject `json:"subjects"`
	}](n).Subjects {
		namespace, ofNamespace := strings.CutPrefix(s.Name, "system:serviceaccounts:")
		switch {
		case s.Kind == "ServiceAccount":
			out = append(out, [2]string{cmp.Or(s.Namespace, n.GetNamespace()), s.Name})
		case s.Kind == "Group" && ofNamespace:
			out = append(out, [2]string{namespace, "*"})
		}
	}
	return out
}

// mountsToken reports whether pods have the token of their ServiceAccount.
func (b *build) mountsToken(w *resource.Workload) bool {
	if own := b.textsOf(w).AutomountServiceAccountToken; own != nil {
		return *own
	}
	account := decode[struct {
		Automount *bool `json:"automountServiceAccountToken"`
	}](b.find("ServiceAccount", w.Ref.Namespace, w.ServiceAccount))
	return account.Automount == nil || *account.Automount
}

// clientConfig is where the API server connects to for a webhook or an aggregated API.
type clientConfig struct {
	Service *struct {
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
		Port      *int32 `json:"port"`
	} `json:"service"`
}

// findWebhooks finds the Services that the API server connects to.
func (b *build) findWebhooks() {
	for _, n := range b.ofKind("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration") {
		for _, w := range decode[struct {
			Webhooks []struct {
				ClientConfig clientConfig `json:"clientConfig"`
			} `json:"webhooks"`
		}](n).Webhooks {
			b.addWebhook(n, w.ClientConfig)
		}
	}
	for _, n := range b.ofKind("apiextensions.k8s.io", "CustomResourceDefinition") {
		b.addWebhook(n, decode[struct {
			Spec struct {
				Conversion struct {
					Webhook struct {
						ClientConfig clientConfig `json:"clientConfig"`
					} `json:"webhook"`
				} `json:"conversion"`
			} `json:"spec"`
		}](n).Spec.Conversion.Webhook.ClientConfig)
	}
	for _, n := range b.ofKind("apiregistration.k8s.io", "APIService") {
		b.addWebhook(n, decode[struct {
			Spec clientConfig `json:"spec"`
		}](n).Spec)
	}
}

func (b *build) addWebhook(n *yaml.RNode, c clientConfig) {
	const defaultPort = 443
	if c.Service == nil {
		return
	}
	ref := short(resource.RefOf(n))
	s := b.index.Service(c.Service.Namespace, c.Service.Name)
	if s == nil {
		b.unseen(ref, fmt.Sprintf("names Service %s/%s, which is not in the build", c.Service.Namespace, c.Service.Name))
		return
	}
	port := int32(defaultPort)
	if c.Service.Port != nil {
		port = *c.Service.Port
	}
	for _, d := range b.destinations(s, []v1alpha1.Port{tcp(port)}, ref) {
		if d.to.service != nil || d.to.isPods() {
			b.add(namedFlow{from: apiServer(), to: d.to, ports: d.ports, evidence: []string{ref}})
		}
	}
}
