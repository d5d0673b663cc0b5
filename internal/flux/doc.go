// Package flux turns a finished build into a tree that Flux applies, because Flux does not run functions:
// a folder for each tenant and stage, and the Kustomizations that apply them in order.
//
// Tree returns the files without side effects. Write replaces the tree as a whole, and only if every
// file in it is as rendered.
package flux
