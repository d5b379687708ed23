//go:build !unix

package lambda

import "syscall"

type signalKind int

const (
	stop signalKind = iota
	resume
	end
)

func attributes() *syscall.SysProcAttr { return nil }

// signal ends the process. It cannot be stopped.
func (i *instance) signal(s signalKind) {
	if s == end {
		_ = i.command.Process.Kill() // it may have just ended
	}
}
