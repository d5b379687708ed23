package acceptance_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLog_NoBodies searches the most verbose log for a value of the configuration.
// Terraform's core may log plans and states. The provider's log, with every request to AWS and
// every answer, must not contain it.
func TestLog_NoBodies(t *testing.T) {
	t.Parallel()
	const sentinel = "sentinel-7f3a9c"
	w := newWorld(t)
	s := w.workspace(acmeProject + bucketOf("inbox", `tags = { note = "`+sentinel+`" }`, afterProject))
	log := filepath.Join(s.dir, "trace.log")
	s.env["TF_LOG_PROVIDER"], s.env["TF_LOG_PATH"] = "TRACE", log
	s.apply()
	s.env["STOWAGE_READ_CONSISTENCY"] = "authoritative" // which reads the template
	s.planIsEmpty()
	if !strings.Contains(w.clients().template("acme"), sentinel) {
		t.Fatal("the template was to hold the value")
	}

	file, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	requests, lines := 0, bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "rpc.method=") {
			requests++
		}
		if strings.Contains(lines.Text(), sentinel) {
			t.Errorf("the log holds a value of the configuration: %.2000s", lines.Text())
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if requests == 0 {
		t.Error("the log holds no request at all, so that nothing was tested")
	}
}
