// Package parallel runs independent work on all processors.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// For calls do for 0 to n-1, on all processors and in no particular order. A panic of do is a panic of For:
// the one of the smallest number.
func For(n int, do func(int)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	panics := make([]any, n)
	one := func(i int) {
		defer func() { panics[i] = recover() }()
		do(i)
	}
	for range min(n, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				one(i)
			}
		})
	}
	workers.Wait()
	for _, p := range panics {
		if p != nil {
			panic(p) //nolint:forbidigo // It is the caller's own panic.
		}
	}
}
