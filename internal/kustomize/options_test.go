package kustomize

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// helmBinary returns the path of the helm that `make tools` installs. Without it the test is skipped.
func helmBinary(t *testing.T) string {
	t.Helper()
	helm := filepath.Join(filepath.Dir(kustomizeBinary(t)), "helm")
	if !exists(helm) {
		t.Skipf("skipped: %s is missing: run make tools", helm)
	}
	return helm
}

// buildsLikeKustomize compares an exact build, a fallback and a build with plugins enabled.
func buildsLikeKustomize(t *testing.T, dir string, opts Options, flags ...string) {
	t.Helper()
	opts.Function, opts.Executable = testFunction, functionScript(t)
	want := runKustomize(t, kustomizeBinary(t), opts.Executable, dir, flags...)
	got, err := Build(filesys.MakeFsOnDisk(), dir, opts)
	if err != nil || string(got) != want {
		t.Errorf("%s: error %v\n%s", dir, err, difference(t, want, string(got)))
	}
	b, err := loadBuild(filesys.MakeFsOnDisk(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	got, err = b.buildWithKustomize("tested")
	if err != nil || string(got) != want {
		t.Errorf("%s in a fallback: error %v\n%s", dir, err, difference(t, want, string(got)))
	}
}

// TestChartsMatchKustomize checks charts in the root, and in a layer below the fence.
func TestChartsMatchKustomize(t *testing.T) {
	t.Parallel()
	helm := helmBinary(t)
	opts := Options{
		Helm:             types.HelmConfig{Enabled: true, Command: helm, ApiVersions: []string{"example.com/v1", "example.com/v2"}, KubeVersion: "1.31.0"},
		LoadRestrictions: types.LoadRestrictionsNone, // the chart is in another folder
	}
	flags := []string{"--load-restrictor", "LoadRestrictionsNone", "--enable-helm", "--helm-command", helm, "--helm-api-versions", "example.com/v1", "--helm-api-versions", "example.com/v2", "--helm-kube-version", "1.31.0"}
	for _, dir := range []string{"testdata/chart/exact", "testdata/chart/above", "testdata/chart/generator"} {
		buildsLikeKustomize(t, dir, opts, flags...)
	}
	out, err := Build(filesys.MakeFsOnDisk(), "testdata/chart/exact", Options{Function: testFunction, Helm: opts.Helm})
	if err != nil || !strings.Contains(string(out), "name: pre-shop-web") || !strings.Contains(string(out), "kube: v1.31.0") {
		t.Errorf("error %v, output\n%s", err, out)
	}
	items, err := Plain(filesys.MakeFsOnDisk(), "testdata/chart/plain", opts)
	if err != nil || len(items) != 1 {
		t.Errorf("error %v, items %v", err, items)
	}
}

func TestChartsNeedTheFlag(t *testing.T) {
	t.Parallel()
	for dir, chart := range map[string]string{"testdata/chart/exact": "Helm chart shop", "testdata/chart/above": "Helm chart shop", "testdata/chart/generator": "a Helm chart"} {
		_, err := Build(filesys.MakeFsOnDisk(), dir, Options{Function: testFunction, Executable: "/bin/false"})
		if err == nil || !strings.HasPrefix(err.Error(), "build "+dir+": "+chart+" cannot be inflated, because helm is not enabled: add --enable-helm") {
			t.Errorf("%s: %v", dir, err)
		}
	}
	_, err := Plain(filesys.MakeFsOnDisk(), "testdata/chart/plain", Options{})
	if err == nil || !strings.Contains(err.Error(), "add --enable-helm") {
		t.Error(err)
	}
}

// TestHelmErrors checks a helm that is missing, and one that fails.
func TestHelmErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "helm", "#!/bin/sh\necho 'chart is broken' >&2\nexit 3\n")
	if err := os.Chmod(dir+"/helm", 0o700); err != nil {
		t.Fatal(err)
	}
	for helm, want := range map[string]string{
		"no-such-helm":     `no-such-helm cannot be started (exec: "no-such-helm": executable file not found in $PATH), and a kustomization inflates a Helm chart: install helm, or set its path with --helm-command`,
		dir + "/no-helm":   "/no-helm cannot be started (fork/exec " + dir + "/no-helm: no such file or directory), and a kustomization inflates a Helm chart: ",
		dir + "/helm":      "/helm cannot inflate a chart of the build (exit status 3): correct the chart or its values: chart is broken",
		dir:                " cannot be started (fork/exec " + dir + ": permission denied), ",
		"":                 "must specify --helm-command",
		exactPath(t, "sh"): "sh cannot inflate a chart of the build (exit status 2): ",
	} {
		_, err := Build(filesys.MakeFsOnDisk(), "testdata/chart/exact", Options{Function: testFunction, Helm: types.HelmConfig{Enabled: true, Command: helm}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", helm, err, want)
		}
	}
}

// TestMissingChart checks that the error names the chart that has neither a folder nor a repo.
func TestMissingChart(t *testing.T) {
	t.Parallel()
	helm := types.HelmConfig{Enabled: true, Command: helmBinary(t)}
	for charts, want := range map[string]string{
		"helmCharts: [{name: shop}]": "Helm chart shop cannot be inflated: it has no repo, and the folder ../base/charts/shop does not exist: ",
		"helmGlobals: {chartHome: there}\nhelmCharts: [{name: there}, {name: shop}]": "Helm chart shop cannot be inflated: it has no repo, and the folder ../base/there/shop does not exist: ",
		"generators: [chart.yaml]": "a Helm chart cannot be inflated: it has no repo, and its folder does not exist: ",
	} {
		dir := t.TempDir()
		write(t, dir, "base/kustomization.yaml", charts+"\n")
		write(t, dir, "base/chart.yaml", "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: c}\nname: shop\n")
		write(t, dir, "base/there/there/Chart.yaml", "apiVersion: v2\nname: there\nversion: 1.0.0\n")
		write(t, dir, "base/there/there/values.yaml", "{}\n")
		write(t, dir, "top/kustomization.yaml", "resources: [../base]\n")
		_, err := Plain(filesys.MakeFsOnDisk(), dir+"/top", Options{Helm: helm})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasSuffix(err.Error(), "correct name or helmGlobals.chartHome, or set repo") {
			t.Errorf("%s: %v, want %s", charts, err, want)
		}
	}
}

func exactPath(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFilesOutsideMatchKustomize checks each kind of file outside the directory that lists it.
func TestFilesOutsideMatchKustomize(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	write(t, top, "a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
	write(t, top, "patch.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {patched: yes}}\n")
	write(t, top, "settings.txt", "x")
	write(t, top, "fence.yaml", finishedFence)
	write(t, top, "annotate.yaml", "apiVersion: builtin\nkind: AnnotationsTransformer\nmetadata: {name: x}\nannotations: {a: b}\nfieldSpecs: [{path: metadata/annotations, create: true}]\n")
	write(t, top, "fences/kustomization.yaml", "resources: [../fence.yaml]\n")
	for name, c := range map[string]struct{ kustomization, file string }{
		"resource":       {"resources: [../a.yaml]\ntransformers: [fence.yaml]\n", "../a.yaml"},
		"absolute":       {"resources: [" + top + "/a.yaml]\ntransformers: [fence.yaml]\n", "../a.yaml"},
		"patch":          {"resources: [a.yaml]\npatches: [{path: ../patch.yaml}]\ntransformers: [fence.yaml]\n", "../patch.yaml"},
		"generator":      {"configMapGenerator: [{name: b, files: [../settings.txt]}]\ntransformers: [fence.yaml]\n", "../settings.txt"},
		"fence":          {"resources: [a.yaml]\ntransformers: [../fence.yaml]\n", "../fence.yaml"},
		"absolute-fence": {"resources: [a.yaml]\ntransformers: [" + top + "/fence.yaml]\n", "../fence.yaml"},
		"transformer":    {"resources: [a.yaml]\ntransformers: [../annotate.yaml, fence.yaml]\n", "../annotate.yaml"},
		"directory":      {"resources: [a.yaml]\ntransformers: [../fences]\n", "../fence.yaml"},
		"layer":          {"resources: [layer]\ntransformers: [fence.yaml]\n", "a.yaml is outside the folder layer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(top, name)
			write(t, dir, "kustomization.yaml", c.kustomization)
			write(t, dir, "a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
			write(t, dir, "fence.yaml", finishedFence)
			write(t, dir, "layer/kustomization.yaml", "resources: [../a.yaml]\n")
			_, err := Build(filesys.MakeFsOnDisk(), dir, Options{Function: testFunction})
			if err == nil || !strings.Contains(err.Error(), c.file+" is outside its folder") && !strings.Contains(err.Error(), c.file+",") || !strings.Contains(err.Error(), "add --load-restrictor LoadRestrictionsNone") {
				t.Error(err)
			}
			buildsLikeKustomize(t, dir, Options{LoadRestrictions: types.LoadRestrictionsNone}, "--load-restrictor", "LoadRestrictionsNone")
		})
	}
	if _, err := Plain(filesys.MakeFsOnDisk(), filepath.Join(top, "fences"), Options{LoadRestrictions: types.LoadRestrictionsNone}); err != nil {
		t.Error(err)
	}
}
