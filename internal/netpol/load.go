package netpol

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "sigs.k8s.io/json"

	"github.com/tenantfence/tenantfence/internal/flow"
)

// object is a policy before its kind is known.
type object struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
}

// String is how errors name it.
func (o object) String() string { return flow.FullName(o.Kind, o.Namespace, o.Name) }

// load compiles every policy, or returns the reasons why it cannot.
func (p *Program) load(policies []json.RawMessage) error {
	var rejected flow.RejectedError
	seen := map[string]bool{}
	for i, doc := range policies {
		var o object
		err := kjson.UnmarshalCaseSensitivePreserveInts(doc, &o)
		name := cmp.Or(o.String(), strconv.Itoa(i))
		if err == nil {
			err = p.put(o, doc)
		}
		if seen[name] {
			err = errors.New("it is given twice")
		}
		if seen[name] = true; err != nil {
			rejected = append(rejected, flow.Rejected{Name: name, Err: err})
		}
	}
	if len(rejected) > 0 {
		return rejected
	}
	for _, list := range p.policies {
		slices.SortFunc(list, func(a, b *compiled) int { return a.id.Compare(b.id) })
	}
	return nil
}

func (p *Program) put(o object, doc []byte) error {
	if err := checkEnforced(o); err != nil {
		return err
	}
	var np networkingv1.NetworkPolicy
	strict, err := kjson.UnmarshalStrict(doc, &np)
	if err := errors.Join(append([]error{err}, strict...)...); err != nil {
		return err
	}
	if errs := flow.CheckNetworkPolicy(&np); len(errs) > 0 {
		return errs.ToAggregate()
	}
	one, err := compile(&np)
	if err != nil {
		return err
	}
	p.policies[np.Namespace] = append(p.policies[np.Namespace], one)
	p.networks = append(p.networks, one.networks...)
	return nil
}

// checkEnforced returns an error for every kind other than NetworkPolicy.
func checkEnforced(o object) error {
	group, _, _ := strings.Cut(o.APIVersion, "/")
	switch {
	case o.APIVersion == "networking.k8s.io/v1" && o.Kind == "NetworkPolicy":
		return nil
	case group == "cilium.io":
		return fmt.Errorf("a %s is Cilium's, which does not enforce policies here (cni: Kubernetes): write a NetworkPolicy", o.Kind)
	case group == "crd.projectcalico.org" || group == "projectcalico.org":
		return fmt.Errorf("%s is Calico's own kind, which is not decided, so nothing can be proved next to it: write a NetworkPolicy of networking.k8s.io/v1", o.Kind)
	default:
		return fmt.Errorf("apiVersion %q, kind %q is no policy that is known here: write a NetworkPolicy of networking.k8s.io/v1", o.APIVersion, o.Kind)
	}
}
