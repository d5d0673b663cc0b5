package cli_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

const ciExamples = "../../kustomization-examples/ci/"

// githubWorkflow has the fields of a workflow that the test reads.
type githubWorkflow struct {
	On          map[string]any    `json:"on"`
	Permissions map[string]string `json:"permissions"`
	Jobs        map[string]struct {
		Permissions map[string]string `json:"permissions"`
		Env         map[string]string `json:"env"`
		Steps       []githubStep      `json:"steps"`
	} `json:"jobs"`
}

type githubStep struct {
	Name string            `json:"name"`
	Uses string            `json:"uses"`
	Run  string            `json:"run"`
	If   string            `json:"if"`
	With map[string]any    `json:"with"`
	Env  map[string]string `json:"env"`
}

// readExample reads a YAML file strictly as its type, by way of JSON.
func readExample(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(ciExamples, file))
	if err != nil {
		t.Fatal(err)
	}
	n, err := yaml.Parse(string(data))
	if err != nil {
		t.Fatal(err)
	}
	data, err = n.MarshalJSON()
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatal(file, err)
	}
}

// ciRepository is a repository with a base, and a change of it that opens a connection.
func ciRepository(t *testing.T) (dir, base string) {
	t.Helper()
	dir = t.TempDir()
	kustomization := "resources: [all.yaml]\ntransformers: [fence.yaml]\n"
	policy := func(ports string) string {
		return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c}]}}}\n---\n" +
			"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: web, namespace: shop}\nspec: {endpointSelector: {}, ingress: [{fromEntities: [world], toPorts: [{ports: [" + ports + "]}]}]}\n"
	}
	fence := "apiVersion: tenantfence.dev/v1alpha1\nkind: TenantFence\nmetadata:\n  name: platform\n  annotations:\n    config.kubernetes.io/function: \"exec: {path: tenantfence}\"\nspec:\n  profile: {cluster: {cni: Cilium, ciliumVersion: \"1.20\"}}\n"
	write := func(name, text string) {
		path := filepath.Join(dir, "deploy", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	git := func(args ...string) string {
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=someone", "-c", "user.email=someone@example.com"}, args...)...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %s: %v: %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	write("kustomization.yaml", kustomization)
	write("fence.yaml", fence)
	write("all.yaml", policy(`{port: "80", protocol: TCP}`))
	git("init", "-q", "-b", "main")
	git("add", "-A")
	git("commit", "-qm", "base")
	base = git("rev-parse", "HEAD")
	git("update-ref", "refs/remotes/origin/main", "HEAD")
	write("all.yaml", policy(`{port: "80", protocol: TCP}, {port: "443", protocol: TCP}`))
	git("commit", "-qam", "change")
	return dir, base
}

// stub writes a program that appends its arguments and input to a file, and prints a text.
func stub(t *testing.T, name, prints string) (bin, log string) {
	t.Helper()
	bin = t.TempDir()
	log = filepath.Join(bin, "log")
	script := "#!/bin/sh\nprintf '%s\\n' \"$*\" >> " + log + "\ncase \"$*\" in *--config*) cat >> " + log + ";; esac\ncase \"$*\" in *--paginate*) printf '%s' '" + prints + "';; esac\n"
	if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o700); err != nil { //nolint:gosec // It is run.
		t.Fatal(err)
	}
	return bin, log
}

// runShell runs a script as CI does.
func runShell(t *testing.T, dir, bin, script string, env map[string]string) (code int) {
	t.Helper()
	cmd := exec.Command("bash", "-e", "-o", "pipefail", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	t.Logf("%s", out)
	return cmd.ProcessState.ExitCode()
}

func readText(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var pinned = regexp.MustCompile(`^[\w-]+/[\w-]+@[0-9a-f]{40}$`)

// TestGitHubWorkflow checks that the workflow of the example is safe, and runs its steps.
func TestGitHubWorkflow(t *testing.T) {
	t.Parallel()
	var w githubWorkflow
	readExample(t, "github/tenantfence-diff.yaml", &w)
	job := w.Jobs["diff"]
	if _, ok := w.On["pull_request"]; !ok || len(w.On) != 1 || len(w.Permissions) != 0 || len(w.Jobs) != 1 {
		t.Errorf("the workflow runs on %v with %v", w.On, w.Permissions)
	}
	if len(job.Permissions) != 2 || job.Permissions["contents"] != "read" || job.Permissions["pull-requests"] != "write" {
		t.Errorf("the job has the permissions %v", job.Permissions)
	}
	steps := map[string]githubStep{}
	for _, s := range job.Steps {
		steps[s.Name] = s
		if s.Uses != "" && !pinned.MatchString(s.Uses) {
			t.Errorf("%s is not pinned by its commit", s.Uses)
		}
		if strings.Contains(s.Run, "${{") {
			t.Errorf("%s inserts an expression in its script: pass it by env", s.Name)
		}
		if _, has := s.Env["GH_TOKEN"]; has != (s.Name == "Comment") {
			t.Errorf("%s has the token: %t", s.Name, has)
		}
	}
	testInstallation(t, steps["Install tenantfence"].Run, job.Env["TENANTFENCE_VERSION"])
	if !strings.Contains(steps["Comment"].If, "head.repo.full_name == github.repository") {
		t.Error("forks comment, whose token may not write")
	}
	for name, c := range map[string]struct {
		failOn, comments string
		// status is that of the step Result, and request the call that writes the comment.
		status  int
		request string
	}{
		"the first comment":   {"", "", 0, "pr comment 7 --repo acme/shop --body-file"},
		"a later push":        {"", "4711\n", 0, "api --method PATCH repos/acme/shop/issues/comments/4711 --field body=@"},
		"a failing kind":      {"opened,one-sided", "", 1, "pr comment 7"},
		"a kind without any":  {"closed", "", 0, "pr comment 7"},
		"a misspelt kind":     {"opend", "", 2, "pr comment 7"},
		"comments of 2 pages": {"", "4711\n4712\n", 0, "issues/comments/4711 "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, _ := ciRepository(t)
			bin, log := stub(t, "gh", c.comments)
			env := map[string]string{
				"DIR": job.Env["DIR"], "FAIL_ON": c.failOn, "GITHUB_BASE_REF": "main", "RUNNER_TEMP": bin, "GITHUB_STEP_SUMMARY": filepath.Join(bin, "summary"),
				"GITHUB_OUTPUT": filepath.Join(bin, "output"), "GITHUB_REPOSITORY": "acme/shop", "PULL_REQUEST": "7",
			}
			for _, step := range []string{"Compare", "Comment"} {
				if code := runShell(t, dir, bin, steps[step].Run, env); code != 0 {
					t.Fatalf("%s exits with %d", step, code)
				}
			}
			_, env["STATUS"], _ = strings.Cut(strings.TrimSpace(readText(t, env["GITHUB_OUTPUT"])), "=")
			if code := runShell(t, dir, bin, steps["Result"].Run, env); code != c.status {
				t.Errorf("the job exits with %d, want %d", code, c.status)
			}
			if got := readText(t, log); !strings.Contains(got, c.request) {
				t.Errorf("gh ran with %q, want %q", got, c.request)
			}
			summary, want := readText(t, env["GITHUB_STEP_SUMMARY"]), "<code>shop/Deployment/web</code> | <code>443/TCP</code> |"
			if c.status == 2 {
				want = "could not be compared"
			}
			if !strings.Contains(summary, want) {
				t.Errorf("the summary lacks %q:\n%s", want, summary)
			}
			if comment := readText(t, filepath.Join(bin, "comment.md")); comment != "<!-- tenantfence diff of deploy -->\n"+summary {
				t.Errorf("the comment is not the summary: %s", comment)
			}
		})
	}
}

// testInstallation checks that an unchanged example installs nothing, and that one with a version installs it.
func testInstallation(t *testing.T, script, placeholder string) {
	t.Helper()
	for version, want := range map[string]int{placeholder: 1, "v0.1.0": 0} {
		bin, log := stub(t, "go", "")
		if code := runShell(t, bin, bin, script, map[string]string{"TENANTFENCE_VERSION": version}); code != want {
			t.Errorf("the installation of %s exits with %d, want %d", version, code, want)
		}
		if want != 0 {
			if exists(log) {
				t.Errorf("an example without a version installs %s", readText(t, log))
			}
			continue
		}
		if got := readText(t, log); got != "install github.com/tenantfence/tenantfence@v0.1.0\n" {
			t.Errorf("go ran with %q", got)
		}
	}
}

// TestGitLabJob runs the job of the example with and without a token.
func TestGitLabJob(t *testing.T) {
	t.Parallel()
	var jobs map[string]struct {
		Rules        []map[string]string `json:"rules"`
		Variables    map[string]string   `json:"variables"`
		BeforeScript []string            `json:"before_script"`
		Script       []string            `json:"script"`
	}
	readExample(t, "gitlab/tenantfence-diff.yaml", &jobs)
	job := jobs["tenantfence diff"]
	if len(jobs) != 1 || len(job.Rules) != 1 || job.Rules[0]["if"] != `$CI_PIPELINE_SOURCE == "merge_request_event"` {
		t.Errorf("the job runs by the rules %v", job.Rules)
	}
	testInstallation(t, strings.Join(job.BeforeScript, "\n"), job.Variables["TENANTFENCE_VERSION"])
	for name, c := range map[string]struct {
		token, failOn string
		status        int
	}{
		"with a token":    {"secret", "", 0},
		"without a token": {"", "", 0},
		"a failing kind":  {"secret", "opened", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, base := ciRepository(t)
			bin, log := stub(t, "curl", "")
			code := runShell(t, dir, bin, strings.Join(job.Script, "\n"), map[string]string{
				"DIR": job.Variables["DIR"], "FAIL_ON": c.failOn, "CI_MERGE_REQUEST_DIFF_BASE_SHA": base, "TENANTFENCE_GITLAB_TOKEN": c.token,
				"CI_API_V4_URL": "https://gitlab.example.com/api/v4", "CI_PROJECT_ID": "5", "CI_MERGE_REQUEST_IID": "7",
			})
			if code != c.status {
				t.Errorf("the job exits with %d, want %d", code, c.status)
			}
			if got := readText(t, filepath.Join(dir, "diff.md")); !strings.Contains(got, "| <code>443/TCP</code> |") {
				t.Errorf("the artifact is %s", got)
			}
			if !exists(log) {
				if c.token != "" {
					t.Error("no note is written")
				}
				return
			}
			request, rest, _ := strings.Cut(readText(t, log), "\n")
			if c.token == "" || !strings.Contains(request, "--data-urlencode body@diff.md https://gitlab.example.com/api/v4/projects/5/merge_requests/7/notes") || strings.Contains(request, "secret") || !strings.Contains(rest, "PRIVATE-TOKEN: secret") {
				t.Errorf("curl ran with %q, and reads %q", request, rest)
			}
		})
	}
}
