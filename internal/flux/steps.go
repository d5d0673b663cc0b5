package flux

import (
	"path"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

// The folders that belong to no owner. They are not valid tenant names.
const (
	// stepsDir contains the Kustomizations of Flux.
	stepsDir = "_flux"
	// stagesDir contains, for ByStage, a kustomization.yaml for each stage of all owners.
	stagesDir = "_stages"
)

// step is one Kustomization of Flux: the folder that it applies, and its dependencies.
type step struct {
	name, dir string
	labels    map[string]string
	dependsOn []string
}

// maxName is the maximum length of a Kustomization's name. Flux sets the name as a label on
// every object that it applies.
const maxName = 63

func stepName(owner string, at int) string {
	if owner == clusterOwner {
		return "tenantfence-cluster-" + stages[at].dir
	}
	const prefix = "tenantfence-tenant-"
	suffix := "-" + stages[at].dir
	return prefix + shorten(owner, maxName-len(prefix)-len(suffix)) + suffix
}

// stepsByTenant chains the stages of some owners. They may depend on those of others.
func stepsByTenant(p placement, owners []string) []step {
	var steps []step
	for _, owner := range owners {
		var previous []string
		for i, s := range stages {
			if len(p[owner][i]) == 0 {
				continue
			}
			object := resource.Metadata{Stage: s.label}
			if owner != clusterOwner {
				object.Tenant = owner
			}
			next := step{name: stepName(owner, i), dir: path.Join(owner, s.dir), labels: object.Labels(), dependsOn: previous}
			if i == defaultDenyStage {
				next.dependsOn = append(next.dependsOn, p.dependenciesAcrossOwners(owner)...)
			}
			steps = append(steps, next)
			previous = []string{next.name}
		}
	}
	return steps
}

// dependenciesAcrossOwners returns the dependencies of a default-deny outside of its own chain.
// Policies of the cluster select the pods of tenants. So a tenant's default-deny depends on the
// allows of the cluster, and the cluster's default-deny depends on the allows of every tenant.
func (p placement) dependenciesAcrossOwners(owner string) []string {
	var names []string
	for _, other := range p.owners() {
		if other == owner || (other != clusterOwner && owner != clusterOwner) {
			continue
		}
		for i := defaultDenyStage - 1; i >= 0; i-- {
			if len(p[other][i]) > 0 {
				names = append(names, stepName(other, i))
				break
			}
		}
	}
	return names
}

// stepsByStage chains the stages. Each step applies one stage of all owners.
func stepsByStage(p placement) []step {
	var steps []step
	var previous []string
	for i, s := range stages {
		if len(p.ownersIn(i)) == 0 {
			continue
		}
		next := step{name: "tenantfence-stage-" + s.dir, dir: path.Join(stagesDir, s.dir), labels: resource.Metadata{Stage: s.label}.Labels(), dependsOn: previous}
		steps = append(steps, next)
		previous = []string{next.name}
	}
	return steps
}

// ownersIn returns the owners that have files in a stage.
func (p placement) ownersIn(at int) []string {
	var owners []string
	for _, owner := range p.owners() {
		if len(p[owner][at]) > 0 {
			owners = append(owners, owner)
		}
	}
	return owners
}

// fluxKustomization has the rendered fields of a kustomize.toolkit.fluxcd.io/v1
// Kustomization, in their usual order.
type fluxKustomization struct {
	APIVersion string       `yaml:"apiVersion"`
	Kind       string       `yaml:"kind"`
	Metadata   fluxMetadata `yaml:"metadata"`
	Spec       fluxSpec     `yaml:"spec"`
}

type fluxMetadata struct {
	Name      string            `yaml:"name"`
	Namespace string            `yaml:"namespace"`
	Labels    map[string]string `yaml:"labels"`
}

type fluxSpec struct {
	DependsOn     []fluxName `yaml:"dependsOn,omitempty"`
	Interval      string     `yaml:"interval"`
	RetryInterval string     `yaml:"retryInterval"`
	Timeout       string     `yaml:"timeout"`
	SourceRef     Source     `yaml:"sourceRef"`
	Path          string     `yaml:"path"`
	Prune         bool       `yaml:"prune"`
	Wait          bool       `yaml:"wait"`
}

type fluxName struct {
	Name string `yaml:"name"`
}

// object returns the step as a Kustomization. With prune, Flux deletes objects that a later
// tree omits. With wait, a failed stage blocks the stages that depend on it.
func (s step) object(o Options) ([]byte, error) {
	k := fluxKustomization{
		APIVersion: "kustomize.toolkit.fluxcd.io/v1",
		Kind:       "Kustomization",
		Metadata:   fluxMetadata{Name: s.name, Namespace: o.Namespace, Labels: s.labels},
		Spec: fluxSpec{
			Interval:      "10m",
			RetryInterval: "1m",
			Timeout:       "3m",
			SourceRef:     o.Source,
			Path:          "./" + path.Join(o.Path, s.dir),
			Prune:         true,
			Wait:          true,
		},
	}
	for _, name := range s.dependsOn {
		k.Spec.DependsOn = append(k.Spec.DependsOn, fluxName{Name: name})
	}
	return yaml.Marshal(k)
}
