package lambda

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// runtimeAPI returns the Runtime API of a process (Lambda developer guide, runtimes-api).
func (i *instance) runtimeAPI() http.Handler {
	const base = "/2018-06-01/runtime/"
	var first sync.Once
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base+"invocation/next", func(w http.ResponseWriter, r *http.Request) {
		first.Do(func() { close(i.ready) })
		i.next(w, r)
	})
	mux.HandleFunc("POST "+base+"invocation/{id}/response", i.respond)
	mux.HandleFunc("POST "+base+"invocation/{id}/error", i.fail)
	mux.HandleFunc("POST "+base+"init/error", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, maxAnswer)) // what arrived is reported
		i.mu.Lock()
		v := i.waiting
		i.mu.Unlock()
		if v != nil {
			v.settle(nil, failed(body))
		}
		accept(w)
	})
	return mux
}

// next waits for an invocation and hands it over.
func (i *instance) next(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	again := i.current != nil
	i.current = nil
	i.mu.Unlock()
	if again {
		i.polled <- struct{}{}
	}
	select {
	case v := <-i.pending:
		i.mu.Lock()
		i.current, i.waiting = v, nil
		i.mu.Unlock()
		trace := sha256.Sum256([]byte(v.requestID))
		id := hex.EncodeToString(trace[:])
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", v.requestID)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(v.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", i.d.arn)
		h.Set("Lambda-Runtime-Trace-Id", fmt.Sprintf("Root=1-%s-%s;Parent=%s;Sampled=0", id[:8], id[8:32], id[32:48]))
		_, _ = w.Write(v.event) // a process that has ended is noticed
	case <-r.Context().Done():
	}
}

// respond takes the answer of an invocation. A streamed answer names its error in trailers.
func (i *instance) respond(w http.ResponseWriter, r *http.Request) {
	v := i.find(r.PathValue("id"))
	if v == nil {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer+1))
	switch {
	case err != nil:
		refuse(w, http.StatusBadRequest, "InvalidRequest", err.Error())
		return
	case len(body) > maxAnswer:
		v.settle(nil, tooLarge())
		refuse(
			w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge",
			fmt.Sprintf("Exceeded maximum allowed payload size (%d bytes).", maxAnswer),
		)
		return
	}
	if kind := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); kind != "" {
		v.settle(nil, failure(kind, "the answer was aborted"))
	} else {
		v.settle(body, nil)
	}
	accept(w)
}

// fail takes the failure of an invocation.
func (i *instance) fail(w http.ResponseWriter, r *http.Request) {
	v := i.find(r.PathValue("id"))
	if v == nil {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return
	}
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxAnswer)) // what arrived is reported
	v.settle(nil, failed(body))
	accept(w)
}

// settle sets the result of an invocation, once.
func (v *invocation) settle(answer []byte, err *cloud.FunctionError) {
	r := result{answer: answer}
	if err != nil {
		r.err = err
	}
	select {
	case v.result <- r:
	default:
	}
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`+"\n") // a process that has ended is noticed
}

func refuse(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(failure(kind, message).Payload) // a process that has ended is noticed
}
