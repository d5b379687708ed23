package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// providerBinary is the name of the executables of providers.
const providerBinary = "terraform-provider-stowage"

// footprint is what the processes of a run have taken, as far as Linux's /proc tells.
type footprint struct {
	core, provider int64         // the most memory that the CLI, and any of the provider processes, held at once, in bytes
	coreCPU        time.Duration // what the CLI has computed itself
}

// watch looks at a CLI and its provider processes until the function that it returns is called. A CLI starts several providers, one
// after the other. The kernel keeps the peak of the memory for each process (VmHWM) and adds up its CPU, so that only what happens between
// the last look and a process's end can be missed. Without /proc everything is 0.
func watch(cli int) (watched func() footprint) {
	stop, result := make(chan struct{}), make(chan footprint)
	go func() {
		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()
		var most footprint
		for {
			most.core = max(most.core, peakOf(strconv.Itoa(cli)))
			most.coreCPU = max(most.coreCPU, cpuOf(strconv.Itoa(cli)))
			most.provider = max(most.provider, providersPeak(cli))
			select {
			case <-ticker.C:
			case <-stop:
				result <- most
				return
			}
		}
	}()
	return func() footprint {
		close(stop)
		return <-result
	}
}

// providersPeak is the highest peak of the provider processes that a CLI runs at the moment.
func providersPeak(cli int) int64 {
	var most int64
	for _, pid := range children(cli) {
		executable, err := os.Readlink(filepath.Join("/proc", pid, "exe"))
		if err == nil && filepath.Base(executable) == providerBinary {
			most = max(most, peakOf(pid))
		}
	}
	return most
}

// children are the processes that a process has started, those of all its threads.
func children(parent int) []string {
	lists, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(parent), "task", "*", "children"))
	var pids []string
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err == nil { // else the thread has ended
			pids = append(pids, strings.Fields(string(text))...)
		}
	}
	return pids
}

// cpuOf is the CPU that a process has used itself, without its children (proc(5), /proc/pid/stat: utime and stime, in hundredths of a
// second on every platform of Go's); 0 when it has ended.
func cpuOf(pid string) time.Duration {
	stat, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // behind the name, which may hold anything
	fields := strings.Fields(rest)
	const utime, stime = 11, 12
	if len(fields) <= stime {
		return 0
	}
	user, err := strconv.Atoi(fields[utime])
	if err != nil {
		return 0
	}
	system, err := strconv.Atoi(fields[stime])
	if err != nil {
		return 0
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// peakOf is the most memory that a process has held, in bytes; 0 when it has ended.
func peakOf(pid string) int64 {
	status, err := os.ReadFile(filepath.Join("/proc", pid, "status"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			if err != nil {
				return 0
			}
			return kilobytes << 10
		}
	}
	return 0
}
