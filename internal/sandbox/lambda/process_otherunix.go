//go:build unix && !linux

package lambda

import "syscall"

// attributes make the process the leader of a group. It ends by itself after the sandbox's process,
// whose Runtime API it misses.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
