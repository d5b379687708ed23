package lambda

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// maxLine is the size of an unfinished line that becomes an event of its own.
const maxLine = 64 << 10

// output writes to a stream of the function's log group, line by line.
type output struct {
	service *Service
	d       *deployment
	stream  string

	mu   sync.Mutex
	rest []byte // the unfinished line
}

// Write implements io.Writer.
func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rest = append(o.rest, text...)
	var lines []string
	for {
		line, rest, found := bytes.Cut(o.rest, []byte("\n"))
		if !found {
			break
		}
		lines, o.rest = append(lines, string(line)), rest
	}
	if len(o.rest) >= maxLine {
		lines, o.rest = append(lines, string(o.rest)), nil
	}
	o.send(lines)
	return len(text), nil
}

// line writes a line of Lambda's own.
func (o *output) line(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.send([]string{fmt.Sprintf(format, args...)})
}

// send writes lines with the rights of the function's role. Without them, the lines are lost.
func (o *output) send(lines []string) {
	if len(lines) == 0 {
		return
	}
	o.service.locked(func() {
		if w := o.service.world.LogWriter(); w != nil {
			w.WriteLog(cloud.LogLines{
				Account: o.d.account, Region: o.d.region, Group: o.d.logGroup, Stream: o.stream, Lines: lines,
				Role: o.d.role, Service: servicePrincipal,
			})
		}
	})
}
