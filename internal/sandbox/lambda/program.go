package lambda

import (
	"debug/elf"
	"errors"
	"io/fs"
	"os"
	"runtime"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// machines are the architectures by the machine of their programs.
var machines = map[elf.Machine]string{elf.EM_AARCH64: arm64, elf.EM_X86_64: x86}

// thisMachine is the architecture of the machine that the sandbox runs on.
var thisMachine = map[string]string{"arm64": arm64, "amd64": x86}[runtime.GOARCH]

// Machine returns the architecture of functions that can run here, as the property Architectures
// names it; "" for none.
func Machine() string {
	if runtime.GOOS != "linux" {
		return ""
	}
	return thisMachine
}

// checkProgram refuses a program that cannot run: as Lambda does if it is not for the function's
// architecture, and as not modelled if it is not for this machine. Scripts run on any.
func checkProgram(path, architecture, requestID string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return failure("Runtime.InvalidEntrypoint", requestMessage(
			requestID, "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]",
		))
	}
	program, err := elf.Open(path)
	if err != nil {
		return nil //nolint:nilerr // a script, or what the kernel refuses
	}
	of := machines[program.Machine]
	_ = program.Close() // nothing was written
	switch {
	case of != architecture:
		return failure(
			"Runtime.InvalidEntrypoint", requestMessage(requestID, "fork/exec /var/task/bootstrap: exec format error"),
		)
	case of != Machine():
		return cloud.NotModelled("functions of the architecture %s on a machine %s/%s", of, runtime.GOOS, runtime.GOARCH)
	}
	return nil
}

// invalidEntrypoint returns the failure of an invocation whose program could not be started.
func invalidEntrypoint(requestID string, err error) error {
	var problem *fs.PathError
	if errors.As(err, &problem) {
		return failure(
			"Runtime.InvalidEntrypoint", requestMessage(requestID, "fork/exec /var/task/bootstrap: "+problem.Err.Error()),
		)
	}
	return err
}
