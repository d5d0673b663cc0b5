// Package v1alpha1 holds the four kinds of tenantfence.dev/v1alpha1:
//
//   - Tenant says what one tenant needs. Its author is not trusted.
//   - FenceProfile describes the cluster and what a Tenant may ask for. Its
//     author is trusted.
//   - TenantFence configures the function.
//   - FlowTest says which flows must work and which must not.
//
// They are ordinary KRM resources that never reach a cluster: the function
// marks them config.kubernetes.io/local-config. Unknown, duplicate and wrongly
// typed fields are errors. metadata.namespace is ignored, because a kustomize
// layer may write one.
//
// +groupName=tenantfence.dev
// +versionName=v1alpha1
package v1alpha1

// The group and version of every kind in this package.
const (
	Group      = "tenantfence.dev"
	Version    = "v1alpha1"
	APIVersion = Group + "/" + Version
)

// The kinds.
const (
	KindTenant       = "Tenant"
	KindFenceProfile = "FenceProfile"
	KindTenantFence  = "TenantFence"
	KindFlowTest     = "FlowTest"
)

//go:generate go run ../../internal/apidoc
