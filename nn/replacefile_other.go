//go:build !unix || solaris || aix

package nn

import (
	"errors"
	"os"
)

func openLocked(string) (*os.File, error) { return nil, errors.ErrUnsupported }
