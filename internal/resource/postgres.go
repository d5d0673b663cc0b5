package resource

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// postgresCluster is the kind from which the operator CloudNativePG makes pods and
// Services, in no build.
const postgresCluster = "postgresql.cnpg.io/Cluster"

// The labels of CloudNativePG's pods. It sets the older label role beside the newer one.
const (
	postgresName    = "cnpg.io/cluster"
	postgresPod     = "cnpg.io/podRole"
	postgresRole    = "cnpg.io/instanceRole"
	postgresOldRole = "role"
	// postgresInstance holds the instance's own name.
	postgresInstance = "cnpg.io/instanceName"
)

const postgresPort = 5432

// addPostgres adds what CloudNativePG makes of a Cluster: the primary, its replicas where
// it has some, and the Services in front of them. Its Jobs come and go with a change of
// the instances, and are left out.
func (x *Index) addPostgres(n *yaml.RNode) error {
	var in struct {
		Spec struct {
			Instances         *int `json:"instances"`
			InheritedMetadata struct {
				Labels map[string]string `json:"labels"`
			} `json:"inheritedMetadata"`
			Managed struct {
				Services struct {
					Disabled []string `json:"disabledDefaultServices"`
				} `json:"services"`
			} `json:"managed"`
		} `json:"spec"`
	}
	if err := decode(n, &in); err != nil {
		return err
	}
	ref, inherited := RefOf(n), in.Spec.InheritedMetadata.Labels
	x.Workloads = append(x.Workloads, postgres(ref, "primary", inherited))
	if in.Spec.Instances != nil && *in.Spec.Instances > 1 {
		replica := ref
		replica.Kind = "Replica"
		x.Workloads = append(x.Workloads, postgres(replica, "replica", inherited))
	}
	for _, s := range []struct{ name, label, value string }{
		{"rw", postgresRole, "primary"}, {"ro", postgresRole, "replica"}, {"r", postgresPod, "instance"},
	} {
		if !slices.Contains(in.Spec.Managed.Services.Disabled, s.name) {
			x.made = append(x.made, postgresService(ref, s.name, map[string]string{postgresName: ref.Name, s.label: s.value}))
		}
	}
	return nil
}

// postgres are the instances of one role.
func postgres(ref policy.Ref, role string, inherited map[string]string) *Workload {
	w := &Workload{Ref: ref, Labels: map[string]string{}, ServiceAccount: ref.Name}
	maps.Copy(w.Labels, inherited)
	maps.Copy(w.Labels, map[string]string{postgresName: ref.Name, postgresPod: "instance", postgresRole: role, postgresOldRole: role})
	// Each instance has its own name.
	w.Labels[postgresInstance] = ref.Name + "-" + GeneratedValue
	w.addControllerLabels(w.Labels, job{})
	for _, p := range []policy.NamedPort{{Name: "postgresql", Port: postgresPort}, {Name: "metrics", Port: 9187}, {Name: "status", Port: 8000}} {
		p.Protocol = v1alpha1.TCP
		w.Ports = append(w.Ports, p)
		w.Numbers = append(w.Numbers, policy.Port{Port: int32(p.Port), Protocol: p.Protocol})
	}
	return w
}

// postgresService is one of the Services that stand in front of the instances.
func postgresService(of policy.Ref, name string, selector map[string]string) *Service {
	ref := policy.Ref{APIVersion: "v1", Kind: "Service", Namespace: of.Namespace, Name: of.Name + "-" + name, File: of.File, Index: of.Index}
	return &Service{Ref: ref, Selector: selector, Type: "ClusterIP", Ports: []ServicePort{
		{Name: "postgres", Port: postgresPort, Protocol: v1alpha1.TCP, TargetPort: intstr.FromInt32(postgresPort)},
	}}
}
