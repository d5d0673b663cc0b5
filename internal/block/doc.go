// Package block writes YAML in block style, and converts JSON to nodes. Its results are those of kyaml,
// which takes several times as long: it emits events, and writes a value to read it back.
package block
