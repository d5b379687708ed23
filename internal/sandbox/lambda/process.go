package lambda

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// exitDelay is how long the output of an ended process is read, which its children may hold open.
const exitDelay = time.Second

// run starts the process.
func (i *instance) run(program string) error {
	i.command = exec.Command(program) //nolint:gosec,noctx // it is the function's code; see doc.go
	i.command.Dir = filepath.Dir(program)
	i.command.Env = i.environment
	i.command.Stdout, i.command.Stderr = i.log, i.log
	i.command.WaitDelay = exitDelay
	i.command.SysProcAttr = attributes()
	started := make(chan error)
	go func() {
		// The kernel kills the process when the thread ends that started it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := i.command.Start()
		started <- err
		if err != nil {
			return
		}
		i.end = i.command.Wait()
		close(i.exited)
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start the process: %w", err)
	}
	return nil
}

// freeze stops the process until thaw, as Lambda does between invocations.
func (i *instance) freeze() { i.signal(stop) }

// thaw continues the process, and reports whether it is alive.
func (i *instance) thaw() bool {
	select {
	case <-i.exited:
		return false
	default:
		i.signal(resume)
		return true
	}
}

// kill ends the process with its children. It does not wait.
func (i *instance) kill() { i.signal(end) }
