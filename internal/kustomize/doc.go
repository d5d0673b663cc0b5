// Package kustomize builds a kustomization with the fence run inside this
// process: what `kustomize build --enable-alpha-plugins --enable-exec` prints,
// without the flags, without a subprocess, and without the flags' silence when
// one of them is missing.
//
// # Exact, in this process
//
// Nothing may come after the fence but another fence. So every TenantFence stands
// in the kustomization that is built, and there
//
//   - last in transformers: (kustomize runs inline entries before files), or
//   - in Components that hold nothing but such transformers and that no other
//     kind of Component or transformer follows, or
//   - in generators:, with no other generator beside it.
//
// Layers beneath may do as they like. kustomize builds everything up to the fence
// with plugins disabled, the fences run on the result, and the result is sorted
// and printed as kustomize does. local-config items are kept until the fences have
// seen them: a patch that stands where the fence stood renames the annotation.
//
// The items are those that kustomize shows a function, with one difference: by then
// kustomize has written changed names (namePrefix, hashes) into the fields that
// refer to them, such as a Deployment's configMapRef. Names themselves are shown
// without their hash. The function must not change the data of a ConfigMap or
// Secret that has one.
//
// # Falling back
//
// Anything else (a fence in an inner layer, namespace: or patches: beside a fence
// Component, buildMetadata, vars, validators, …) is built by kustomize with
// plugins enabled and this executable as the function of each TenantFence. The
// output is the same, in more time.
//
// # Refused
//
// Functions and plugins other than TenantFence, wherever they are listed; a
// TenantFence under validators:, where kustomize would fail; in a fallback, remote
// resources, since what they would run cannot be known; and a build without any
// TenantFence; and resources of this project's kinds that no TenantFence was given, since a
// layer above it lists them. Remote resources in an exact build run without plugins.
package kustomize
