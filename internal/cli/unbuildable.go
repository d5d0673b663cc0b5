package cli

import (
	"fmt"
	"os"
)

// checkBuildable refuses a folder that kustomize cannot build, with what to do.
func checkBuildable(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return fmt.Errorf("%s: the folder to build does not exist: name the folder of a kustomization", dir)
	case !info.IsDir():
		return fmt.Errorf("%s: is a file, and a build needs a folder: name the folder of its kustomization", dir)
	case isKustomization(dir):
		return nil
	case isKptPackage(dir):
		return fmt.Errorf("%s: is a kpt package, which kpt renders in place: run kpt fn render --allow-exec %s, and then tenantfence verify %s", dir, dir, dir)
	}
	files, _, err := filesOf(dir)
	if err != nil || len(files) == 0 {
		return fmt.Errorf("%s: the folder has no kustomization and no YAML: name the folder of a kustomization", dir)
	}
	return fmt.Errorf("%s: the folder has no kustomization.yaml, so nothing lists its %d files and the fence: run kustomize create --autodetect in it, and move the TenantFence to transformers", dir, len(files))
}
