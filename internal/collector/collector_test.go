package collector_test

import (
	"os"
	"os/exec"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	_ "github.com/tenantfence/tenantfence/internal/collector"
)

// child makes the test binary a process of its own, whose collections the test controls.
const child = "TENANTFENCE_COLLECTOR_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(child) != "" {
		os.Exit(percentages())
	}
	os.Exit(m.Run())
}

// percentages returns 0 if the percentage is raised before the first collection and restored after it, 3 if it is
// the usual one from the start, and 4 if it is not restored.
func percentages() int {
	if percent() == 100 {
		return 3
	}
	runtime.GC()
	for range 1000 {
		if percent() == 100 {
			return 0
		}
		time.Sleep(10 * time.Millisecond)
	}
	return 4
}

func percent() uint64 {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func TestFirstCollection(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, setting string
		want          int
	}{
		{"the percentage is raised until the first collection", "", 0},
		{"a percentage of the user stays", "100", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0]) //nolint:gosec,noctx // It is this test.
			cmd.Env = append(os.Environ(), child+"=1", "GOGC="+c.setting)
			_ = cmd.Run()
			if got := cmd.ProcessState.ExitCode(); got != c.want {
				t.Errorf("exit status %d, want %d", got, c.want)
			}
		})
	}
}
