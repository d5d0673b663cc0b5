package cli

import (
	"runtime/debug"
	"testing"

	"github.com/tenantfence/tenantfence/internal/document"
)

func TestVersions(t *testing.T) {
	t.Parallel()
	info := &debug.BuildInfo{
		GoVersion: "go1.26.0", Main: debug.Module{Version: "v0.1.0"},
		Deps:     []*debug.Module{{Path: "github.com/cilium/cilium", Version: "v1.20.1"}, {Path: "k8s.io/api", Version: "v0.36.3"}, {Path: "sigs.k8s.io/kustomize/api", Version: "v0.21.2"}, {Path: "example.com/other", Version: "v9"}},
		Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}},
	}
	want := document.Version{Version: "v0.1.0", Commit: "abc", Modified: true, Go: "go1.26.0", Cilium: "v1.20.1", Kustomize: "v0.21.2", Kubernetes: "v0.36.3"}
	if got := versionsOf(info); got != want {
		t.Errorf("got %+v", got)
	}
	text := "tenantfence v0.1.0 (commit abc, modified)\nCilium policy engine v1.20.1\nkustomize API v0.21.2\nKubernetes API v0.36.3\nGo go1.26.0\n"
	if got := versionText(want); got != text {
		t.Errorf("got %s", got)
	}
	if got := versionsOf(&debug.BuildInfo{}); got.Version != "unknown" || got.Cilium != "unknown" {
		t.Errorf("got %+v", got)
	}
}
