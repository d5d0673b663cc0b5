// Package v1alpha1 holds the kinds of tenantfence.dev/v1alpha1:
//
//   - Tenant declares what one tenant needs. Its author is not trusted.
//   - FenceProfile describes the cluster and limits what a Tenant may declare. Its author is
//     trusted.
//   - TenantFence configures the function.
//   - FlowTest declares which flows must be allowed and which must be denied.
//   - ExternalResources declares what runs in the cluster and is not in the build.
//
// They are KRM resources that are never applied to a cluster: the function adds the annotation
// config.kubernetes.io/local-config to them. Unknown fields, duplicate fields and values of the
// wrong type are errors. metadata.namespace is ignored, because a kustomize layer may set it.
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
	KindTenant            = "Tenant"
	KindFenceProfile      = "FenceProfile"
	KindTenantFence       = "TenantFence"
	KindFlowTest          = "FlowTest"
	KindExternalResources = "ExternalResources"
)

//go:generate go run ../../internal/apidoc
