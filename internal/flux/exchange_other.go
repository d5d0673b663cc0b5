//go:build !linux

package flux

import "errors"

func exchange(_, _ string) error { return errors.ErrUnsupported }
