package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// providerBinary is the name of the executable whose memory is watched.
const providerBinary = "terraform-provider-stowage"

// watch looks at the provider processes of a CLI until the function that it returns is called, which gives the most memory that
// any of them has held at once, in bytes. A CLI starts several, one after the other. The kernel keeps the peak for each
// (VmHWM), so that only what happens between the last look and a process's end can be missed. Without Linux's /proc it is 0.
func watch(cli int) (peak func() int64) {
	stop, result := make(chan struct{}), make(chan int64)
	go func() {
		ticker := time.NewTicker(10 * time.Millisecond)
		defer ticker.Stop()
		var most int64
		for {
			most = max(most, providersPeak(cli))
			select {
			case <-ticker.C:
			case <-stop:
				result <- most
				return
			}
		}
	}()
	return func() int64 {
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
