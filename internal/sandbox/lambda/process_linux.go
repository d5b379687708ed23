package lambda

import "syscall"

// attributes make the process the leader of a group, which ends with the sandbox's process.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
