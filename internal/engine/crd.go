package engine

import (
	"fmt"
	"sync"

	"github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2/validator"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// schema is built once: building it takes about 100 ms.
var schema = sync.OnceValues(func() (*validator.NPValidator, error) { return validator.NewNPValidator(discardLogger) })

// schemaMutex guards the schema, which is not documented as safe for concurrent use.
var schemaMutex sync.Mutex

// Validate checks a CiliumNetworkPolicy or a CiliumClusterwideNetworkPolicy, in JSON, against
// the schema of its CRD. It refuses unknown fields, as an apiserver with strict validation
// does. It does not parse the policy as the agent does: New does that.
//
// A field that is explicitly empty (description: "") counts as unknown.
func Validate(doc []byte) (err error) {
	schemaMutex.Lock()
	defer schemaMutex.Unlock()
	defer recoverError(&err)

	var o object
	if err := decode(doc, &o); err != nil {
		return fmt.Errorf("validate policy: %w", err)
	}
	v, err := schema()
	if err != nil {
		return fmt.Errorf("build the schema of Cilium's policies: %w", err)
	}
	var u unstructured.Unstructured
	if err := u.UnmarshalJSON(doc); err != nil {
		return fmt.Errorf("validate policy %s: %w", o, err)
	}
	switch o.APIVersion + " " + o.Kind {
	case "cilium.io/v2 CiliumNetworkPolicy":
		err = v.ValidateCNP(&u)
	case "cilium.io/v2 CiliumClusterwideNetworkPolicy":
		err = v.ValidateCCNP(&u)
	default:
		err = fmt.Errorf("apiVersion %q, kind %q is not a Cilium policy", o.APIVersion, o.Kind)
	}
	if err != nil {
		return fmt.Errorf("validate policy %s: %w", o, err)
	}
	return nil
}
