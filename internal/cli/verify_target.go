package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// pipeTimeout is how long verify waits for the first byte of standard input without the argument -. It
// distinguishes an empty pipe from one that a program writes to.
const pipeTimeout = time.Second

// verifyTargets returns what is verified. Without arguments it is the current folder, unless the
// intent is unclear: inputs alone, or a pipe.
func verifyTargets(args []string, inputs string, stdin io.Reader) ([]string, error) {
	switch {
	case len(args) > 0:
		return args, nil
	case inputs != "":
		return nil, errors.New("--inputs needs a target: name DIR, FILE or -; standard input is read only for -")
	case hasInput(stdin):
		return nil, errors.New("standard input has content, and no target is named: name DIR, FILE or - (standard input is read only for -; for the current folder: tenantfence verify .)")
	}
	return []string{"."}, nil
}

// hasInput reports whether standard input is a file or pipe that may have content. A terminal, /dev/null
// and an empty pipe have none.
func hasInput(stdin io.Reader) bool {
	f, ok := stdin.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice != 0 || info.IsDir() {
		return false
	}
	read := make(chan int, 1)
	go func() {
		n, _ := io.ReadFull(f, make([]byte, 1))
		read <- n
	}()
	select {
	case n := <-read:
		return n > 0
	case <-time.After(pipeTimeout):
		return true
	}
}

// errNoResources reports that the target has no resource: the program that writes it may have failed.
func errNoResources(args []string) error {
	return fmt.Errorf("%s: no resource to verify: check whether the program that writes it failed", displayArgs(args))
}
