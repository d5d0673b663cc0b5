package resource

import (
	"fmt"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// ResourcePanic is the value of a panic during the processing of a resource.
type ResourcePanic struct {
	Resource report.Ref
	Cause    any
}

func (i ResourcePanic) Error() string {
	name := i.Resource.Kind + " " + i.Resource.Name
	if i.Resource.Namespace != "" {
		name = i.Resource.Kind + " " + i.Resource.Namespace + "/" + i.Resource.Name
	}
	if i.Resource.File != "" {
		name = i.Resource.File + ": " + name
	}
	return fmt.Sprintf("%s: %v", name, i.Cause)
}

// AnnotatePanic adds the resource to a panic during its processing. It is deferred.
func AnnotatePanic(n *yaml.RNode) {
	cause := recover()
	if cause == nil {
		return
	}
	if _, named := cause.(ResourcePanic); !named {
		cause = ResourcePanic{Resource: partialRef(content(n.YNode())), Cause: cause}
	}
	panic(cause) //nolint:forbidigo // it rethrows the panic: the program handles it, and writes nothing
}
