# A fresh machine needs Go, git and a POSIX shell. Everything else is installed into bin/,
# at the versions pinned here. Changing a pin installs the tool again.
KUSTOMIZE_VERSION      := v5.8.2
GOLANGCI_LINT_VERSION  := v2.15.0
CONTROLLER_GEN_VERSION := v0.23.0
HELM_VERSION           := v4.3.1
JSONNET_VERSION        := v0.21.0
# One release for each minor version of Cilium that a profile may declare. Tests check generated
# policies against these files of each release, which are copied to bin/cilium/VERSION. Go files
# are copied without .go, or they would be packages of this module.
CILIUM_RELEASES := v1.14.19 v1.15.19 v1.16.19 v1.17.0 v1.18.4 v1.19.1 v1.20.1
CILIUM_FILES    := \
	pkg/k8s/apis/cilium.io/client/crds/v2/ciliumnetworkpolicies.yaml \
	pkg/k8s/apis/cilium.io/client/crds/v2/ciliumclusterwidenetworkpolicies.yaml \
	pkg/policy/api/rule_validation.go \
	pkg/policy/l4.go \
	pkg/option/config.go \
	pkg/fqdn/matchpattern/matchpattern.go \
	pkg/k8s/labels.go \
	pkg/annotation/k8s.go \
	install/kubernetes/cilium/values.yaml

IMAGE        ?= tenantfence:dev
TEST_TIMEOUT ?= 30m

# One set of build settings for building, testing and linting. So Cilium's engine is
# compiled once, and a C compiler is never needed.
export CGO_ENABLED := 0
export GOFLAGS     := $(strip $(shell go env GOFLAGS) -trimpath)
export PATH        := $(CURDIR)/bin:$(PATH)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

.PHONY: build
build: ## build bin/tenantfence, a static binary
	@go build -ldflags '-s -w' -o bin/tenantfence .

.PHONY: demo
demo: build bin/kustomize ## build the SocTalk example with kustomize, and verify it
	@bin/kustomize build --enable-alpha-plugins --enable-exec kustomization-examples/soctalk 2>bin/soctalk.log >bin/soctalk.yaml || { cat bin/soctalk.log >&2; exit 1; }
	@bin/tenantfence verify bin/soctalk.yaml --inputs kustomization-examples/soctalk -o summary

.PHONY: test
test: build bin/kustomize bin/helm bin/cilium ## run all tests
	@command -v kpt >/dev/null || echo 'skipped: kpt is not on PATH, so no test runs kpt fn render'
	@docker info >/dev/null 2>&1 || echo 'skipped: no Docker engine is running, so the container is not tested'
	@go test -timeout $(TEST_TIMEOUT) ./...

# Tests that call testing.Short are left out: long random tests, most examples, the container.
FAST_LOG := bin/test-fast.log
.PHONY: test-fast
test-fast: bin/kustomize bin/helm bin/cilium ## run all tests but the long ones, in about a minute
	@go test -short -v -vet=off -timeout $(TEST_TIMEOUT) ./... >$(FAST_LOG) 2>&1 || \
		{ grep -e '--- FAIL' -e '^FAIL' -e '^panic' -e 'FAIL: testdata' -e '_test.go:[0-9]*: ' $(FAST_LOG) | grep -v skipped; \
		echo 'the whole output is in $(FAST_LOG)'; exit 1; } >&2
	@sed -n 's/^.*\(skipped by -short: .*\)/\1/p' $(FAST_LOG) | sort -u
	@grep '^ok' $(FAST_LOG)

# make golden CASE=refused/outside-each-limit runs one case of testdata, and without CASE all. UPDATE=1 rewrites
# its expected files first, which fails that run by design, and then runs it.
GOLDEN = $(if $(filter converted/%,$(CASE)),^TestConverted$$/^$(CASE:converted/%=%)$$,$(if $(CASE),^TestGolden$$/^$(subst /,$$/^,$(CASE))$$,^(TestGolden|TestConverted)$$))
.PHONY: golden
golden: ## run golden cases: CASE=refused/outside-each-limit names one, UPDATE=1 rewrites it
	@test -d 'testdata/$(CASE)' || { echo 'no golden case testdata/$(CASE)' >&2; exit 2; }
	@$(if $(UPDATE),go test ./fn -run '$(GOLDEN)' -update >/dev/null || git --no-pager diff --stat -- 'testdata/$(CASE)')
	@go test ./fn -run '$(GOLDEN)'

# One mutation of EVERY; the commit decides which. `make mutate EVERY=5` runs every fifth.
EVERY ?= 1
.PHONY: mutate
mutate: ## check that a named test fails for each mutation of the code
	@go run ./internal/mutation -every $(EVERY) -from "$$(git rev-list --count HEAD || echo 0)"

# make bench SIZES=10,100,1000 KUSTOMIZE_MAX=500 sets the numbers of tenants.
SIZES ?= 10,100,1000
KUSTOMIZE_MAX ?= 200
.PHONY: bench
bench: build bin/kustomize bin/helm bin/jsonnet ## measure processes side by side, and write the tables of docs/explanation/performance.md
	@go run ./internal/bench -n '$(SIZES)' -kustomize-max '$(KUSTOMIZE_MAX)'

.PHONY: lint
lint: lint-go lint-mod lint-generated ## run golangci-lint, check go.mod and generated files

.PHONY: lint-go
lint-go: bin/golangci-lint
	@bin/golangci-lint run ./...

.PHONY: lint-mod
lint-mod:
	@go mod tidy -diff

# Generates into a copy of the working tree, uncommitted changes included, and
# shows what `make generate` would change. Neither the tree nor the index is touched.
.PHONY: lint-generated
lint-generated: bin/controller-gen
	@copy='$(CURDIR)/bin/.generated'; rm -rf "$$copy"; mkdir -p "$$copy/tree" "$$copy/objects"; \
	trap 'rm -rf "$$copy"' EXIT; \
	objects=$$(git rev-parse --path-format=absolute --git-path objects) || exit 1; \
	scratch() { GIT_ALTERNATE_OBJECT_DIRECTORIES="$$objects" GIT_OBJECT_DIRECTORY="$$copy/objects" \
		GIT_INDEX_FILE="$$copy/index" git --no-pager "$$@"; }; \
	scratch add --all && before=$$(scratch write-tree) && \
	scratch checkout-index --all --prefix="$$copy/tree/" && \
	(cd "$$copy/tree" && go generate ./...) && \
	scratch --work-tree="$$copy/tree" add --all || exit 1; \
	scratch diff --cached --exit-code "$$before" || \
	{ echo 'generated files differ from their sources: run make generate' >&2; exit 1; }

.PHONY: generate
generate: bin/controller-gen ## write JSON schemas, docs/reference/api.md, docs/reference/checks.md, docs/schemas, docs/explanation/architecture.md
	@go generate ./...

.PHONY: docs
docs: ## write the pictures of the documentation, and what its pages show of the program; needs Chromium on PATH
	@go test ./docs -run '^(TestPictures|TestGuides)$$' -count=1 -args -update
	@go test ./internal/cli -run '^TestGraphPictures$$' -count=1 -args -pictures

.PHONY: hooks
hooks: ## use .githooks/pre-commit: gofmt, vet and test-fast before each commit
	@git config core.hooksPath .githooks && echo 'git runs .githooks/pre-commit before each commit'

.PHONY: image
image: build ## build the container image from bin/tenantfence (on a Mac: make image GOOS=linux)
	@docker build --target prebuilt --tag $(IMAGE) .

.PHONY: tools
tools: bin/kustomize bin/helm bin/golangci-lint bin/controller-gen bin/cilium ## install the pinned tools into bin/

.PHONY: clean
clean: ## remove bin/ and dist/
	@rm -rf bin dist

# A stamp carries the version in its name, so that a new pin is a missing stamp.
bin/.%:
	@mkdir -p bin && rm -f bin/.$(firstword $(subst @, ,$*))@* && touch $@

bin/kustomize: bin/.kustomize@$(KUSTOMIZE_VERSION)
	$(call install,sigs.k8s.io/kustomize/kustomize/v5@$(KUSTOMIZE_VERSION))

bin/helm: bin/.helm@$(HELM_VERSION)
	$(call install,helm.sh/helm/v4/cmd/helm@$(HELM_VERSION))

bin/jsonnet: bin/.jsonnet@$(JSONNET_VERSION)
	$(call install,github.com/google/go-jsonnet/cmd/jsonnet@$(JSONNET_VERSION))

bin/golangci-lint: bin/.golangci-lint@$(GOLANGCI_LINT_VERSION)
	$(call install,github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION))

bin/controller-gen: bin/.controller-gen@$(CONTROLLER_GEN_VERSION)
	$(call install,sigs.k8s.io/controller-tools/cmd/controller-gen@$(CONTROLLER_GEN_VERSION))

empty :=
bin/cilium: bin/.cilium@$(subst $(empty) ,+,$(CILIUM_RELEASES)) Makefile
	@rm -rf $@.new && mkdir -p $@.new
	@for release in $(CILIUM_RELEASES); do \
		echo "reading Cilium $$release" >&2; \
		go mod download github.com/cilium/cilium@$$release || exit 1; \
		for file in $(CILIUM_FILES); do \
			mkdir -p "$@.new/$$release/$${file%/*}" && \
			cat "$$(go env GOMODCACHE)/github.com/cilium/cilium@$$release/$$file" >"$@.new/$$release/$${file%.go}" || exit 1; \
		done; \
	done
	@rm -rf $@ && mv $@.new $@ && touch $@

define install
@echo 'installing $(1)' >&2
@GOBIN='$(CURDIR)/bin' go install -ldflags '-s -w' $(1)
@touch $@
endef
