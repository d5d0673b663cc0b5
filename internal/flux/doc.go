// Package flux turns a finished build into a tree that Flux applies, since Flux
// never runs functions: a folder for each tenant and stage, and the Kustomizations
// that apply them in order.
//
// Tree says what the tree holds and is pure. Write puts it in place: whole or not
// at all, and only where nobody else has written.
package flux
