package parallel_test

import (
	"slices"
	"testing"

	"github.com/tenantfence/tenantfence/internal/parallel"
)

func TestFor(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 1000} {
		got, want := make([]int, n), make([]int, n)
		for i := range want {
			want[i] = i + 1
		}
		parallel.For(n, func(i int) { got[i] += i + 1 })
		if !slices.Equal(got, want) {
			t.Errorf("%d: got %v", n, got)
		}
	}
}

func TestForPanics(t *testing.T) {
	t.Parallel()
	done := make([]bool, 100)
	defer func() {
		if p := recover(); p != 7 {
			t.Errorf("got the panic %v, want 7", p)
		}
		if slices.Contains(done, false) {
			t.Error("work was left out")
		}
	}()
	parallel.For(100, func(i int) {
		done[i] = true
		if i == 7 || i == 70 {
			panic(i)
		}
	})
	t.Error("the panic is lost")
}
