// Package block writes YAML in block style, and converts maps to nodes and nodes to JSON. Its results are those of kyaml,
// which takes several times as long: it emits events, and writes a value to read it back.
package block
