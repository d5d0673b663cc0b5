package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/revision"
)

// sinceBase reads the build of a folder in a revision, and that in the working tree.
func (f diffFlags) sinceBase(cmd *cobra.Command, p *output.Progress, args []string, answer *report.Diff) (before, after proof.Subject, err error) {
	if len(args) == 0 {
		args = []string{"."}
	}
	now := diffTarget{args[0], args[0], f.inputs}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p.Update("checking out "+f.base, 0, 0)
	c, err := revision.New(ctx, now.path, f.base)
	if err != nil {
		return before, after, err
	}
	removed := removeOnSignal(c)
	stop()
	defer func() { err = errors.Join(err, removed()) }()
	old := diffTarget{name: args[0] + " at " + f.base}
	if old.path, err = c.Path(now.path); err != nil {
		return before, after, err
	}
	if f.inputs != "" {
		if old.inputs, err = c.Path(f.inputs); err != nil {
			return before, after, err
		}
	}
	return f.oldAndNew(cmd, p, old, now, answer)
}

// removeOnSignal removes a checkout if a signal ends the program, which then ends by the signal. The returned
// function removes it in any other case.
func removeOnSignal(c *revision.Checkout) (remove func() error) {
	signals, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-done:
		case s := <-signals:
			// The program ends, so an error has no reader.
			_ = c.Remove()
			signal.Reset(s)
			if self, err := os.FindProcess(os.Getpid()); err == nil {
				_ = self.Signal(s)
			}
		}
	}()
	return func() error {
		signal.Stop(signals)
		close(done)
		return c.Remove()
	}
}
