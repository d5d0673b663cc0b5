// Package collector delays the first garbage collection, so that a small run has none.
//
// Go initialises packages in the order of their import paths, and each one after its own imports. This package
// imports little, so nearly all packages that allocate are initialised after it.
package collector

import (
	"os"
	"runtime"
	"runtime/debug"
)

const (
	// firstMB is the size of the heap at the first collection.
	firstMB = 32
	// usualMB is that size for a GC percentage of 100. It is proportional to the percentage.
	usualMB = 4
)

// sentinel is unreachable from the start. It has a pointer, because Go may allocate smaller objects together.
type sentinel struct{ _ *sentinel }

// init applies to the process, before main runs. The first collection restores the percentage, so a large run
// uses no more memory than without this package.
func init() {
	if os.Getenv("GOGC") != "" {
		return // the user has decided
	}
	usual := debug.SetGCPercent(100 * firstMB / usualMB)
	runtime.AddCleanup(new(sentinel), func(percent int) { debug.SetGCPercent(percent) }, usual)
}
