// Package flux turns a finished build into a tree of files that Flux applies, because
// Flux does not run functions. The tree has a folder for each tenant and stage, and the
// Kustomizations that apply them in order.
//
// Tree returns the content of the tree and is a pure function. Write writes the tree
// completely or not at all, and never replaces files of others.
package flux
