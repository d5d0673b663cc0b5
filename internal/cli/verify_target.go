package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// pipeWait is how long verify waits for a pipe that nobody named: to tell one that is empty
// from one that something writes to.
const pipeWait = time.Second

// target is what is to be verified. Omitted, it is the current folder, unless something
// else may be meant: inputs alone, or a pipe.
func target(args []string, inputs string, stdin io.Reader) ([]string, error) {
	switch {
	case len(args) > 0:
		return args, nil
	case inputs != "":
		return nil, errors.New("--inputs needs a target: name DIR, FILE or -; standard input is read only for -")
	case hasInput(stdin):
		return nil, errors.New("something is piped in, and no target is named: name DIR, FILE or -; standard input is read only for - (for the current folder, name it: tenantfence verify .)")
	}
	return []string{"."}, nil
}

// hasInput reports whether standard input is a file or pipe that may hold anything. A
// terminal, /dev/null, and a pipe that is closed without a byte hold nothing.
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
	case <-time.After(pipeWait):
		return true
	}
}

// errNothing says that there is nothing to verify, since what writes it may have failed.
func errNothing(args []string) error {
	return fmt.Errorf("%s: there is no resource to verify: did what writes it fail?", shownArgs(args))
}
