// Package kustomize builds a kustomization and runs the fence inside this
// process. The output is that of `kustomize build --enable-alpha-plugins
// --enable-exec`, without these flags and without a subprocess.
//
// # Exact builds, in this process
//
// Only another fence may run after a fence. So every TenantFence must be listed in
// the root kustomization, in one of these places:
//
//   - last in transformers: (kustomize runs inline entries before files), or
//   - in Components that contain only such transformers, and that no other
//     kind of Component or transformer follows, or
//   - in generators:, without any other generator.
//
// Inner layers have no restrictions. kustomize builds everything up to the fence
// with plugins disabled, the fences run on the result, and the result is sorted
// and printed as kustomize does. A patch in place of the fence renames the
// annotation local-config, so that kustomize keeps these items for the fences.
//
// # Unions
//
// kustomize compares each resource with all others, so its time grows with the
// square of their number. A layer that only lists resources is therefore built
// without kustomize: it is the union of its entries, in their order. Files are
// parsed as kustomize parses them, and kustomize builds each layer that has other
// fields, apart from the rest of the build and in parallel.
//
//   - Files with kinds whose fields name other resources (a Deployment, a
//     RoleBinding) are built by kustomize, which may fail on these fields. A large
//     file is built in parts of some documents each.
//   - kustomize writes changed names into the resources of all layers. Parts
//     between which it may do so are built together: those where one has the
//     former name of a resource of the other, in a namespace where it is found,
//     and those with a resource that still has this name.
//   - If a layer has a field for the whole build (openapi, crds, configurations,
//     vars), or a remote entry, kustomize builds everything.
//   - Every error comes from kustomize, which builds only the parts that cause it.
//
// Layers of Components are part of the layer that lists them.
//
// # What the fences receive
//
// The fences receive the items that kustomize passes to a function, with one
// difference. Changed names (namePrefix, hashes) are already written into the
// fields that refer to them, such as a Deployment's configMapRef. Names of items
// have no hash. The function must not change the data of a ConfigMap or Secret
// with a hash.
//
// # Fallback
//
// kustomize builds all other layouts (a fence in an inner layer, namespace: or
// patches: next to a fence Component, buildMetadata, vars, validators, …). It runs
// with plugins enabled, and with this executable as the function of each
// TenantFence. The output is the same, but the build is slower.
//
// # Refused
//
//   - Functions and plugins other than TenantFence, in any layer.
//   - A TenantFence under validators:, for which kustomize fails.
//   - In a fallback, remote resources, because they may run any function. In an
//     exact build, remote resources run without plugins.
//   - A build without any TenantFence.
//   - Resources of this project's kinds that no TenantFence receives, because a
//     layer above it lists or changes them.
//   - Charts without [Options.Helm], and files outside the directory of their
//     kustomization without [Options.LoadRestrictions]. Plugins and functions
//     being enabled, as in a fallback, does not enable helm.
package kustomize
