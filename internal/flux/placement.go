package flux

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// clusterOwner owns cluster-scoped policies. It is not a valid tenant name.
const clusterOwner = "_cluster"

// stage is a step of the chain, and its folder.
type stage struct {
	label v1alpha1.Stage
	dir   string
}

// stages lists the stages in the order in which Flux applies them.
var stages = [...]stage{
	{v1alpha1.StageBaseline, "baseline"},
	{v1alpha1.StageAllow, "allow"},
	{v1alpha1.StageDefaultDeny, "default-deny"},
}

// defaultDenyStage is the index of the stage that denies what the other stages do not allow.
const defaultDenyStage = len(stages) - 1

// stageFiles has the items of one owner in each stage, by file name.
type stageFiles [len(stages)]map[string]*yaml.RNode

// first returns the earliest stage that is not empty.
func (f *stageFiles) first() int {
	for i := range stages {
		if len(f[i]) > 0 {
			return i
		}
	}
	return 0
}

// placement has the files of every owner.
type placement map[string]*stageFiles

func (p placement) owners() []string { return slices.Sorted(maps.Keys(p)) }

// ownersInSlice returns the owners of a slice.
func (p placement) ownersInSlice(s report.Slice) []string {
	return slices.DeleteFunc(p.owners(), func(owner string) bool {
		if owner == clusterOwner {
			owner = ""
		}
		return !s.Includes(owner)
	})
}

// nothingInSlice refuses an empty tree.
func nothingInSlice(s report.Slice) report.Finding {
	return report.New(report.NothingToRender, report.Error, report.Ref{}, "", "the build has no policy in its slice (%s): choose another slice, or fewer shards. To remove its policies, delete the rendered tree by hand", s)
}

// placer sorts the generated items of a build by owner and stage.
type placer struct {
	at placement
	// ownerOf maps a namespace to its tenant.
	ownerOf  map[string]string
	findings report.Findings
}

// placeItems returns the placement of the generated items. It ignores all other items.
func placeItems(items []*yaml.RNode) (placement, report.Findings) {
	p := placer{at: placement{}, ownerOf: map[string]string{}}
	var configs []resource.Object
	distinct, _ := resource.Deduplicate(items)
	for _, n := range resource.ObjectsOf(distinct) {
		switch {
		case n.Fence == "":
		case !p.valid(n):
		case n.GetKind() == "ConfigMap":
			configs = append(configs, n)
		default:
			p.policy(n)
		}
	}
	if len(p.at) == 0 && len(p.findings) == 0 {
		p.findings = append(p.findings, report.New(report.NothingToRender, report.Error, report.Ref{}, "", "%s", "the build has no policy with the label "+resource.LabelFence+
			": run tenantfence build to find the cause. To remove the fence, delete the rendered tree by hand"))
	}
	// ConfigMaps come last: the policies determine the owners of namespaces and their stages.
	for _, n := range configs {
		p.config(n)
	}
	return p.at, p.findings
}

func isClusterwide(n resource.Object) bool { return n.GetKind() == "CiliumClusterwideNetworkPolicy" }

func (p *placer) refuse(n resource.Object, field, format string, args ...any) {
	p.findings = append(p.findings, report.New(report.PolicyNotRenderable, report.Error, resource.RefOf(n.RNode), field, format, args...))
}

// valid refuses invalid names, because paths contain them.
func (p *placer) valid(n resource.Object) bool {
	switch {
	case len(validation.IsDNS1123Subdomain(n.GetName())) > 0:
		p.refuse(n, "metadata.name", "%q is not a valid policy name: a layer after the fence changed it: remove that change", n.GetName())
	case !isClusterwide(n) && len(validation.IsDNS1123Label(n.GetNamespace())) > 0:
		p.refuse(n, "metadata.namespace", "%q is not a valid namespace: a layer after the fence changed it: remove that change", n.GetNamespace())
	default:
		return true
	}
	return false
}

func (p *placer) policy(n resource.Object) {
	owner := clusterOwner
	if !isClusterwide(n) {
		if owner = n.Tenant; len(validation.IsDNS1123Label(owner)) > 0 {
			p.refuse(n, "metadata.labels", "%s: %q is not a valid tenant name: a layer after the fence changed it: remove that change", resource.LabelTenant, owner)
			return
		}
		p.ownerOf[n.GetNamespace()] = owner
	}
	if i, ok := p.stageOf(n); ok {
		p.add(n, owner, i)
	}
}

// config places a ConfigMap with the policies that need it. A ConfigMap without a stage goes
// to the first stage, which Flux applies before all policies that may need it.
func (p *placer) config(n resource.Object) {
	owner := n.Tenant
	if p.at[owner] == nil {
		owner = p.ownerOf[n.GetNamespace()]
	}
	if owner == "" {
		owner = clusterOwner
	}
	if n.Stage != "" {
		if i, ok := p.stageOf(n); ok {
			p.add(n, owner, i)
		}
		return
	}
	p.add(n, owner, p.stageFiles(owner).first())
}

func (p *placer) stageOf(n resource.Object) (int, bool) {
	i := slices.IndexFunc(stages[:], func(s stage) bool { return s.label == n.Stage })
	if i < 0 {
		p.refuse(n, "metadata.labels", "%s: %q is not a stage: a layer after the fence changed it: remove that change", resource.LabelStage, n.Stage)
	}
	return i, i >= 0
}

func (p *placer) stageFiles(owner string) *stageFiles {
	if p.at[owner] == nil {
		p.at[owner] = &stageFiles{}
	}
	return p.at[owner]
}

func (p *placer) add(n resource.Object, owner string, at int) {
	files := p.stageFiles(owner)
	if files[at] == nil {
		files[at] = map[string]*yaml.RNode{}
	}
	file := fileName(n)
	if files[at][file] != nil {
		p.refuse(n, "metadata.name", "is in the build twice with different content: remove one of the two")
		return
	}
	files[at][file] = n.RNode
}

// maxFileName is less than the 255 bytes that file systems allow for a name.
const maxFileName = 200

// fileName returns a stable and unique name. Names in Kubernetes contain no underscore, and
// names of namespaces contain no dot.
func fileName(n resource.Object) string {
	name := n.GetName()
	if !isClusterwide(n) {
		name = n.GetNamespace() + "." + name
	}
	if kind := n.GetKind(); kind != "CiliumNetworkPolicy" {
		name = strings.ToLower(kind) + "_" + name
	}
	return shorten(name, maxFileName) + ".yaml"
}

// shorten returns a name of at most limit bytes. A shortened name ends with a hash of the
// whole name.
func shorten(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	suffix := "-" + hex.EncodeToString(sum[:4])
	return strings.TrimRight(name[:limit-len(suffix)], "-.") + suffix
}
