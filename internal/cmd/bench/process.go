package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const providerBinary = "terraform-provider-stowage"

// footprint is the resource use of a run's processes, according to Linux's /proc.
type footprint struct {
	core, provider int64         // peak memory of the CLI, and of any provider process, in bytes
	coreCPU        time.Duration // the CLI's own CPU time
}

// watch polls a CLI and its provider processes until the returned function is called. A CLI starts
// several providers, one after the other. The kernel keeps each process's peak memory (VmHWM) and
// total CPU, so only changes between the last poll and a process's end are missed. Without /proc
// everything is 0.
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

// providersPeak returns the highest memory peak of the provider processes that a CLI currently
// runs.
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

// children returns the child processes of all threads of a process.
func children(parent int) []string {
	lists, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(parent), "task", "*", "children"))
	var pids []string
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err == nil { // otherwise the thread has ended
			pids = append(pids, strings.Fields(string(text))...)
		}
	}
	return pids
}

// cpuOf returns a process's own CPU time, without its children (proc(5), /proc/pid/stat: utime and
// stime, in hundredths of a second on every platform of Go's); 0 when it has ended.
func cpuOf(pid string) time.Duration {
	stat, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // after the name, which may contain anything
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

// peakOf returns a process's peak memory in bytes; 0 when it has ended.
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
