package fn_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/tenantfence/tenantfence/internal/cilium"
)

// release is what `make` read of one release of Cilium.
type release struct {
	// version is "v1.18.4", and minor 18.
	version string
	minor   int
	dir     string
	// schemas are those of its custom resources, by kind.
	schemas map[string]*crd
}

// crd is how an apiserver checks a custom resource. The validator may not be shared.
type crd struct {
	sync.Mutex
	structural *schema.Structural
	validator  validation.SchemaCreateValidator
}

const crds = "pkg/k8s/apis/cilium.io/client/crds/v2"

// readReleases is one release for each minor version that a profile may declare, oldest
// first.
var readReleases = sync.OnceValues(func() ([]*release, error) {
	const root = "../bin/cilium"
	dirs, err := filepath.Glob(filepath.Join(root, "v1.*"))
	if err != nil || len(dirs) == 0 {
		return nil, errors.Join(err, fmt.Errorf("%s is missing: run make tools", root))
	}
	var out []*release
	for _, dir := range dirs {
		r := &release{version: filepath.Base(dir), minor: cilium.Minor(minorOf(filepath.Base(dir))), dir: dir, schemas: map[string]*crd{}}
		for kind, file := range map[string]string{
			"CiliumNetworkPolicy": "ciliumnetworkpolicies.yaml", "CiliumClusterwideNetworkPolicy": "ciliumclusterwidenetworkpolicies.yaml",
		} {
			if r.schemas[kind], err = readCRD(filepath.Join(dir, crds, file)); err != nil {
				return nil, fmt.Errorf("%s of Cilium %s: %w (make tools installs it)", file, r.version, err)
			}
		}
		out = append(out, r)
	}
	return out, nil
})

// minorOf is "1.18" for "v1.18.4".
func minorOf(version string) string {
	parts := strings.Split(strings.TrimPrefix(version, "v"), ".")
	return strings.Join(parts[:min(2, len(parts))], ".")
}

func releases(t *testing.T) []*release {
	t.Helper()
	out, err := readReleases()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func readCRD(file string) (*crd, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var v1 apiextensionsv1.CustomResourceDefinition
	if err := sigsyaml.Unmarshal(data, &v1); err != nil {
		return nil, err
	}
	for _, v := range v1.Spec.Versions {
		if v.Name != "v2" {
			continue
		}
		var internal apiextensions.JSONSchemaProps
		if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(v.Schema.OpenAPIV3Schema, &internal, nil); err != nil {
			return nil, err
		}
		structural, err := schema.NewStructural(&internal)
		if err != nil {
			return nil, err
		}
		validator, _, err := validation.NewSchemaValidator(&internal)
		return &crd{structural: structural, validator: validator}, err
	}
	return nil, errors.New("it has no version v2")
}

// accepts returns what an apiserver with the CRDs of this release rejects or drops of a policy.
func (r *release) accepts(t *testing.T, doc []byte) error {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal(doc, &object); err != nil {
		t.Fatal(err)
	}
	kind, _ := object["kind"].(string)
	c := r.schemas[kind]
	if c == nil {
		return fmt.Errorf("kind %q is none of Cilium's", kind)
	}
	c.Lock()
	defer c.Unlock()
	errs := append(validation.ValidateCustomResource(nil, object, c.validator), listtype.ValidateListSetsAndMaps(nil, c.structural, object)...)
	dropped := pruning.PruneWithOptions(object, c.structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	if len(dropped) > 0 {
		return fmt.Errorf("fields that the custom resource does not know: %s (%w)", strings.Join(dropped, ", "), errs.ToAggregate())
	}
	return errs.ToAggregate()
}

// source is the text of a file of the release's module. Sources lie there without their .go.
func (r *release) source(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(r.dir, filepath.FromSlash(strings.TrimSuffix(file, ".go"))))
	if err != nil {
		t.Fatalf("%v: run make tools", err)
	}
	return string(data)
}
