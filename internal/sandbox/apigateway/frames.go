package apigateway

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
)

// frameWatch is a ResponseWriter whose hijacked connection records the size of a client's largest
// frame, which the WebSocket library does not expose.
type frameWatch struct {
	http.ResponseWriter
	largest atomic.Int64
}

// Hijack implements http.Hijacker.
func (f *frameWatch) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	hijacker, ok := f.ResponseWriter.(http.Hijacker)
	if !ok {
		return nil, nil, errors.New("apigateway: the server's connections can't be taken over")
	}
	connection, buffered, err := hijacker.Hijack()
	if err != nil {
		return nil, nil, fmt.Errorf("apigateway: take the connection over: %w", err)
	}
	watched := &watchedConn{Conn: connection, largest: &f.largest}
	early, _ := buffered.Peek(buffered.Reader.Buffered()) // the buffered bytes are available
	watched.observe(early)
	return watched, buffered, nil
}

// watchedConn parses the headers of passing frames: RFC 6455, section 5.2.
type watchedConn struct {
	net.Conn
	largest *atomic.Int64
	header  []byte // of the current frame, as far as received
	skip    int64  // remaining bytes of payload
}

func (w *watchedConn) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.observe(p[:n])
	return n, err //nolint:wrapcheck // a reader's errors are compared
}

func (w *watchedConn) observe(p []byte) {
	for len(p) > 0 {
		if w.skip > 0 {
			n := min(w.skip, int64(len(p)))
			w.skip, p = w.skip-n, p[n:]
			continue
		}
		w.header, p = append(w.header, p[0]), p[1:]
		if size, ok := payload(w.header); ok {
			w.largest.Store(max(w.largest.Load(), size))
			w.skip, w.header = size, w.header[:0]
		}
	}
}

// payload returns the size of a frame's payload; ok is false until the frame's header is complete.
func payload(header []byte) (size int64, ok bool) {
	if len(header) < 2 {
		return 0, false
	}
	length := 2
	switch header[1] & 0x7f {
	case 126:
		length += 2
	case 127:
		length += 8
	}
	if header[1]&0x80 != 0 {
		length += 4 // the mask
	}
	if len(header) < length {
		return 0, false
	}
	switch n := header[1] & 0x7f; n {
	case 126:
		return int64(binary.BigEndian.Uint16(header[2:])), true
	case 127:
		return int64(binary.BigEndian.Uint64(header[2:]) &^ (1 << 63)), true //nolint:gosec // the highest bit is gone
	default:
		return int64(n), true
	}
}
