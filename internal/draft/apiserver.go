package draft

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	rbacv1 "k8s.io/api/rbac/v1"
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
	var out [][2]string
	for _, s := range decode[[]rbacv1.Subject](at(n, "subjects")) {
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
	ofAccount := decode[*bool](at(b.find("ServiceAccount", w.Ref.Namespace, w.ServiceAccount), "automountServiceAccountToken"))
	return ofAccount == nil || *ofAccount
}

// findWebhooks finds the Services that the API server connects to.
func (b *build) findWebhooks() {
	for _, n := range b.ofKind("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration") {
		for _, w := range decode[[]admissionv1.ValidatingWebhook](at(n, "webhooks")) {
			b.addWebhook(n, w.ClientConfig.Service)
		}
	}
	for _, n := range b.ofKind("apiextensions.k8s.io", "CustomResourceDefinition") {
		b.addWebhook(n, decode[*admissionv1.ServiceReference](at(n, "spec.conversion.webhook.clientConfig.service")))
	}
	for _, n := range b.ofKind("apiregistration.k8s.io", "APIService") {
		b.addWebhook(n, decode[*admissionv1.ServiceReference](at(n, "spec.service")))
	}
}

func (b *build) addWebhook(n *yaml.RNode, to *admissionv1.ServiceReference) {
	const defaultPort = 443
	if to == nil {
		return
	}
	ref := short(resource.RefOf(n))
	s := b.index.Service(to.Namespace, to.Name)
	if s == nil {
		b.unseen(ref, fmt.Sprintf("names Service %s/%s, which is not in the build", to.Namespace, to.Name))
		return
	}
	port := int32(defaultPort)
	if to.Port != nil {
		port = *to.Port
	}
	for _, d := range b.destinations(s, []v1alpha1.Port{tcp(port)}, ref) {
		if d.to.service != nil || d.to.isPods() {
			b.add(namedFlow{from: apiServer(), to: d.to, ports: d.ports, evidence: []string{ref}})
		}
	}
}
