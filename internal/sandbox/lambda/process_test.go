package lambda_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// TestProcess checks what a function's process gets and how it is reused.
func TestProcess(t *testing.T) {
	t.Parallel()
	w := withProcesses(t)
	w.upload("f.zip", self(t))
	if reason := w.create("s", role+","+group+","+functionOf(
		`,"Timeout":30,"MemorySize":256,"LoggingConfig":{"LogGroup":"/f"},"Environment":{"Variables":{"`+asFunction+`":"handler","COLOUR":"red"}}`,
	)); reason != "" {
		t.Fatal(reason)
	}
	first, failed := w.invoke("identity")
	if failed != "" {
		t.Fatal(failed)
	}
	if want := "arn:aws:sts::" + account + ":assumed-role/f/f"; first.Account != want {
		t.Errorf("the function is %s, want %s", first.Account, want)
	}
	if first.Function != function || first.RequestID == "" || first.Left.Seconds() < 1 || first.Left.Seconds() > 30 {
		t.Errorf("context %+v", first)
	}
	for _, want := range []string{
		"COLOUR=red", "AWS_REGION=" + region, "AWS_LAMBDA_FUNCTION_NAME=f", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256",
		"AWS_LAMBDA_LOG_GROUP_NAME=/f", "_HANDLER=bootstrap", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
	} {
		if !slices.Contains(first.Environment, want) {
			t.Errorf("the environment lacks %s", want)
		}
	}
	if slices.ContainsFunc(first.Environment, func(v string) bool { return strings.HasPrefix(v, "HOME=") }) {
		t.Error("the environment of the sandbox is passed on")
	}
	second, _ := w.invoke("")
	if second.PID != first.PID || second.Calls != 2 || second.RequestID == first.RequestID {
		t.Errorf("the second invocation has %+v", second)
	}
	if _, failed := w.invoke("fail"); failed != "errorString: not today" {
		t.Errorf("failure %q", failed)
	}
	if _, failed := w.invoke("large"); !strings.HasPrefix(failed, "Function.ResponseSizeTooLarge: ") {
		t.Errorf("too large an answer: %q", failed)
	}
	if _, failed := w.invoke("exit"); !strings.HasPrefix(failed, "Runtime.ExitError: RequestId: ") ||
		!strings.HasSuffix(failed, " Error: Runtime exited with error: exit status 2") {
		t.Errorf("exit %q", failed)
	}
	third, _ := w.invoke("")
	if third.PID == first.PID || third.Calls != 1 {
		t.Errorf("the invocation after the exit has %+v", third)
	}
	if counted := w.box.Calls()["sts"]["GetCallerIdentity"]; counted != 0 {
		t.Errorf("%d calls of the function are counted as a client's", counted)
	}
	logs := w.lines("/f")
	for _, want := range []string{"START RequestId: " + first.RequestID, "refused: ", "AccessDenied", "REPORT RequestId: "} {
		if !strings.Contains(logs, want) {
			t.Errorf("the log lacks %q:\n%s", want, logs)
		}
	}
	// Changed settings need new processes.
	if reason := w.update("s", role+","+group+","+functionOf(
		`,"Timeout":30,"Environment":{"Variables":{"`+asFunction+`":"handler","COLOUR":"blue"}}`,
	)); reason != "" {
		t.Fatal(reason)
	}
	fourth, _ := w.invoke("")
	if fourth.PID == third.PID || !slices.Contains(fourth.Environment, "COLOUR=blue") {
		t.Errorf("the invocation after the update has %+v", fourth)
	}
}

// lines returns the content of a log group.
func (w *world) lines(group string) string {
	w.Helper()
	body := []byte(`{"logGroupName":"` + group + `"}`)
	r, err := http.NewRequestWithContext(
		w.Context(), http.MethodPost, "https://logs."+region+".amazonaws.com/", bytes.NewReader(body),
	)
	w.must(err)
	r.Header.Set("X-Amz-Target", "Logs_20140328.FilterLogEvents")
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	keys, err := w.config.Credentials.Retrieve(w.Context())
	w.must(err)
	sum := sha256.Sum256(body)
	w.must(v4.NewSigner().SignHTTP(w.Context(), keys, r, hex.EncodeToString(sum[:]), "logs", region, time.Now()))
	answer, err := w.config.HTTPClient.Do(r)
	w.must(err)
	defer func() { _ = answer.Body.Close() }()
	var out struct{ Events []struct{ Message string } }
	w.must(json.NewDecoder(answer.Body).Decode(&out))
	var b strings.Builder
	for _, e := range out.Events {
		b.WriteString(e.Message + "\n")
	}
	return b.String()
}

// TestProcess_Timeout checks that a function that hangs is killed, and concurrent invocations.
func TestProcess_Timeout(t *testing.T) {
	t.Parallel()
	w := withProcesses(t)
	w.upload("f.zip", self(t))
	if reason := w.create("s", role+","+functionOf(
		`,"Timeout":1,"Environment":{"Variables":{"`+asFunction+`":"handler"}}`,
	)); reason != "" {
		t.Fatal(reason)
	}
	var group sync.WaitGroup
	group.Go(func() {
		if _, failed := w.invoke("hang"); !strings.HasPrefix(failed, "Sandbox.Timedout: RequestId: ") ||
			!strings.HasSuffix(failed, " Error: Task timed out after 1.00 seconds") {
			t.Errorf("timeout %q", failed)
		}
	})
	group.Wait()
	after, failed := w.invoke("")
	if failed != "" || after.Calls != 1 {
		t.Errorf("after the timeout: %+v, %s", after, failed)
	}
}

// TestProcess_Reaped checks that no process and no file outlives StopFunctions, not even that of a
// running invocation.
func TestProcess_Reaped(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	w := withProcesses(t)
	started := filepath.Join(t.TempDir(), "started")
	w.must(syscall.Mkfifo(started, 0o600))
	w.upload("f.zip", self(t))
	if reason := w.create("s", role+","+functionOf(
		`,"Timeout":900,"Environment":{"Variables":{"`+asFunction+`":"handler","STARTED":"`+started+`"}}`,
	)); reason != "" {
		t.Fatal(reason)
	}
	idle, failed := w.invoke("")
	if failed != "" {
		t.Fatal(failed)
	}
	files := func() int {
		left, err := filepath.Glob(filepath.Join(os.TempDir(), "stowage-functions-*"))
		w.must(err)
		return len(left)
	}
	if n := files(); n != 1 {
		t.Errorf("%d directories of packages", n)
	}
	hanging := make(chan string, 1)
	go func() {
		_, failed := w.invoke("hang")
		hanging <- failed
	}()
	_, err := os.ReadFile(started) // waits for the process
	w.must(err)
	w.must(w.box.StopFunctions())
	if failed := <-hanging; !strings.HasSuffix(failed, "Runtime exited with error: signal: killed") {
		t.Errorf("the running invocation: %q", failed)
	}
	if err := syscall.Kill(idle.PID, 0); err != syscall.ESRCH {
		t.Errorf("the process %d: %v", idle.PID, err)
	}
	if n := files(); n != 0 {
		t.Errorf("%d directories of packages are left", n)
	}
}

// TestProcess_Entrypoints checks programs that cannot run.
func TestProcess_Entrypoints(t *testing.T) {
	t.Parallel()
	elf := func(machine byte) string {
		return "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + "\x02\x00" + string([]byte{machine}) + "\x00\x01\x00\x00\x00" +
			strings.Repeat("\x00", 24+4) + "\x40\x00\x38\x00\x00\x00\x40\x00\x00\x00\x00\x00"
	}
	for name, c := range map[string]struct {
		file, content, architecture, want string
		mode                              os.FileMode
	}{
		"no bootstrap":         {"main", "#!/bin/sh\n", "x86_64", "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]", 0o755},
		"not executable":       {"bootstrap", "#!/bin/sh\n", "x86_64", "fork/exec /var/task/bootstrap: permission denied", 0o644},
		"no program":           {"bootstrap", "nothing", "x86_64", "fork/exec /var/task/bootstrap: exec format error", 0o755},
		"another architecture": {"bootstrap", elf(183), "x86_64", "fork/exec /var/task/bootstrap: exec format error", 0o755},
		"the other way round":  {"bootstrap", elf(62), "arm64", "fork/exec /var/task/bootstrap: exec format error", 0o755},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := withProcesses(t)
			w.upload("f.zip", pack(t, c.file, c.mode, c.content))
			if reason := w.create("s", role+","+group+","+functionOf(
				`,"LoggingConfig":{"LogGroup":"/f"},"Architectures":["`+c.architecture+`"]`,
			)); reason != "" {
				t.Fatal(reason)
			}
			_, failed := w.invoke("")
			if !strings.HasPrefix(failed, "Runtime.InvalidEntrypoint: RequestId: ") || !strings.HasSuffix(failed, " Error: "+c.want) {
				t.Errorf("%q, want %s", failed, c.want)
			}
			if logs := w.lines("/f"); !strings.Contains(logs, c.want) {
				t.Errorf("the log: %s", logs)
			}
		})
	}
}

// TestProcess_BrokenInit checks a function that ends before it is ready.
func TestProcess_BrokenInit(t *testing.T) {
	t.Parallel()
	w := withProcesses(t)
	w.upload("f.zip", self(t))
	if reason := w.create("s", role+","+group+","+functionOf(
		`,"LoggingConfig":{"LogGroup":"/f"},"Environment":{"Variables":{"`+asFunction+`":"broken"}}`,
	)); reason != "" {
		t.Fatal(reason)
	}
	if _, failed := w.invoke(""); !strings.HasSuffix(failed, " Error: Runtime exited with error: exit status 3") {
		t.Errorf("failure %q", failed)
	}
	if logs := w.lines("/f"); strings.Count(logs, "no configuration") != 2 {
		t.Errorf("the start is not repeated:\n%s", logs)
	}
}
