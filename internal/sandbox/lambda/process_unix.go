//go:build unix

package lambda

import "syscall"

const (
	stop   = syscall.SIGSTOP
	resume = syscall.SIGCONT
	end    = syscall.SIGKILL
)

// signal sends a signal to the process and its children, which are a process group.
func (i *instance) signal(s syscall.Signal) {
	select {
	case <-i.exited:
	default:
		_ = syscall.Kill(-i.command.Process.Pid, s) // it may have just ended
	}
}
