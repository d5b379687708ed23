package event

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// maxWaiting is the number of a project's events that a Client keeps while an earlier one is
// missing. Dropped events are requested later.
const maxWaiting = 1000

// Client is the client's side of the protocol as a state machine without connection, clock or
// timer. It receives messages from any connection and returns the messages to send. Clients in
// other languages are modelled on it.
//
// Its views converge when messages are lost, repeated, late or reordered: a heartbeat shows what is
// missing, and the client requests it. If there is no answer at the second heartbeat, it sends the
// request again. It is not safe for concurrent use.
type Client struct {
	// Ends is the latest end of the connection; zero before the welcome.
	Ends time.Time
	// Reconnect is the announced end of the connection; nil after Hello.
	Reconnect *Reconnect
	// Heard is the server's time in the latest message.
	Heard time.Time
	// LastError is the latest error from the server; nil after Hello.
	LastError *Error

	projects map[string]*watched
	joiner   Joiner
}

type watched struct {
	view    *View              // nil before the first snapshot
	since   time.Time          // time of the snapshot that started the view's epoch
	waiting map[Position]Event // events that cannot be applied yet
	asked   bool               // an answer is expected
	until   Position           // the position of the view after the answer
	beaten  bool               // a heartbeat has arrived since the request
	reload  bool               // the answer must be a snapshot
}

// View returns what the client knows of a project; nil while it knows nothing.
func (c *Client) View(project string) *View {
	if w := c.projects[project]; w != nil {
		return w.view
	}
	return nil
}

// Projects returns the sorted names of the known projects.
func (c *Client) Projects() []string {
	var names []string
	for name, w := range c.projects {
		if w.view != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Complete reports whether no event of a project is known to be missing.
func (c *Client) Complete(project string) bool {
	w := c.projects[project]
	return w != nil && w.view != nil && !w.asked && len(w.waiting) == 0
}

// Hello returns the first message for a new connection. Positions that would exceed MaxMessage are
// omitted; the server answers those with snapshots.
func (c *Client) Hello() Message {
	c.Reconnect, c.LastError = nil, nil
	hello := Hello{Versions: []int{Version}, Projects: map[string]Position{}}
	const envelope, entry = 200, 30 // bytes besides names and epochs, at most
	room := MaxMessage - envelope
	for _, name := range c.Projects() {
		w := c.projects[name]
		w.asked, w.beaten, w.until = true, false, Position{}
		if room -= len(name) + len(w.view.Position.Epoch) + entry + 19; room > 0 && !w.reload {
			hello.Projects[name] = w.view.Position
		}
	}
	m, _ := Of(TypeHello, hello) // strings and numbers can be encoded
	return m
}

// Receive processes a text from the server and returns the messages to send. An error means that
// the text is not a message of this protocol; the client remains usable.
func (c *Client) Receive(text []byte) (send []Message, err error) {
	var m Message
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("reading a message: %w", err)
	}
	whole, ok, err := c.joiner.Add(m)
	if err != nil || !ok {
		return nil, err
	}
	return c.Apply(whole)
}

// Apply is Receive for a complete message.
func (c *Client) Apply(m Message) (send []Message, err error) {
	if m.Time.After(c.Heard) {
		c.Heard = m.Time
	}
	if m.V != Version && m.Seq == 0 {
		return nil, nil // another major version; its events still count
	}
	switch m.Type {
	case TypeWelcome:
		return c.welcome(m)
	case TypeHeartbeat:
		return c.heartbeat(m)
	case TypeSnapshot:
		return c.snapshot(m)
	case TypeGap:
		w := c.watch(m.Project)
		w.asked, w.beaten, w.until = true, false, Position{} // a snapshot follows
		return nil, nil
	case TypeReconnect:
		r, err := m.Reconnect()
		if err == nil {
			c.Reconnect = &r
		}
		return nil, err
	case TypeError:
		return nil, c.refused(m)
	default:
		if m.Project == "" || m.Seq == 0 {
			return nil, nil // a type of a later minor version
		}
		return c.event(m), nil
	}
}

func (c *Client) watch(project string) *watched {
	if c.projects == nil {
		c.projects = map[string]*watched{}
	}
	w := c.projects[project]
	if w == nil {
		w = &watched{waiting: map[Position]Event{}}
		c.projects[project] = w
	}
	return w
}

// welcome drops projects that the client can no longer see. The server sends the missing events of
// the others without a request.
func (c *Client) welcome(m Message) ([]Message, error) {
	welcome, err := m.Welcome()
	if err != nil {
		return nil, err
	}
	c.Ends = welcome.Ends
	maps.DeleteFunc(c.projects, func(name string, _ *watched) bool { _, there := welcome.Projects[name]; return !there })
	for name, position := range welcome.Projects {
		w := c.watch(name)
		w.asked, w.beaten, w.until = w.behind(position), false, position
	}
	return nil, nil
}

// heartbeat requests missing events. A project that is not named may still exist, as heartbeats can
// be late, so the server must confirm that it is gone.
func (c *Client) heartbeat(m Message) ([]Message, error) {
	heartbeat, err := m.Heartbeat()
	if err != nil || heartbeat.Projects == nil {
		return nil, err
	}
	var send []Message
	for name := range heartbeat.Projects {
		c.watch(name)
	}
	for _, name := range slices.Sorted(maps.Keys(c.projects)) {
		w := c.projects[name]
		position, there := heartbeat.Projects[name]
		switch {
		case there && !w.behind(position):
			w.asked = false
			maps.DeleteFunc(w.waiting, func(p Position, _ Event) bool { return p.Epoch != position.Epoch }) // outdated
		case w.asked && !w.beaten:
			w.beaten = true
		default:
			send = append(send, w.ask(name, position))
		}
	}
	return send, nil
}

// behind reports whether the view has not reached the project's position.
func (w *watched) behind(position Position) bool {
	return w.view == nil || w.reload || w.view.Position.Epoch != position.Epoch || w.view.Position.Seq < position.Seq
}

// ask returns the request for the missing events up to a position.
func (w *watched) ask(project string, until Position) Message {
	w.asked, w.beaten, w.until = true, false, until
	m := Message{V: Version, Type: TypeSnapshot, Project: project}
	if w.view != nil && !w.reload {
		m.Type, m.Epoch, m.Seq = TypeResume, w.view.Position.Epoch, w.view.Position.Seq
	}
	return m
}

// event applies an event, or keeps it and requests the events before it.
func (c *Client) event(e Event) []Message {
	w := c.watch(e.Project)
	if w.view != nil && w.view.Position.Epoch == e.Epoch && e.Seq <= w.view.Position.Seq {
		return nil // known
	}
	if len(w.waiting) < maxWaiting {
		w.waiting[e.Position()] = e
	}
	if last := w.last(); last.Epoch == w.until.Epoch && last.Seq > w.until.Seq {
		w.until = last // the answer includes it
	}
	return w.advance(e.Project)
}

// advance applies the consecutive waiting events, and requests missing ones if some remain.
func (w *watched) advance(project string) []Message {
	for w.view != nil {
		next := Position{w.view.Position.Epoch, w.view.Position.Seq + 1}
		e, there := w.waiting[next]
		if !there {
			break
		}
		if !w.view.take(e) {
			if w.reload {
				return nil // already requested
			}
			w.reload = true
			return []Message{w.ask(project, next)}
		}
		w.view.Position = next
		delete(w.waiting, next)
		if next == w.until {
			w.asked = false
		}
	}
	if len(w.waiting) == 0 || w.asked {
		return nil
	}
	return []Message{w.ask(project, w.last())}
}

// last returns the position of the last waiting event in the view's epoch, or zero.
func (w *watched) last() Position {
	var last Position
	for p := range w.waiting {
		if w.view != nil && p.Epoch == w.view.Position.Epoch && p.Seq > last.Seq {
			last = p
		}
	}
	return last
}

// take applies an event. It returns false if a snapshot is needed: the event is too large or has an
// unknown major version.
func (v *View) take(e Event) bool {
	if e.V != Version {
		return false
	}
	switch e.Type {
	case TypeStack:
		change, err := e.StackChange()
		if err != nil || change.Reload {
			return false
		}
		v.apply(e, change)
	case TypeOperation:
		change, err := e.OperationChange()
		if err != nil {
			return false
		}
		v.announce(change)
	default: // events of later minor versions only count
	}
	return true
}

// snapshot replaces the view with a newer snapshot. Gaps records the missed range.
func (c *Client) snapshot(m Message) ([]Message, error) {
	if m.V != Version {
		return nil, nil
	}
	s, err := m.Snapshot()
	if err != nil {
		return nil, err
	}
	w := c.watch(m.Project)
	old, position := w.view, m.Position()
	began := old == nil || old.Position.Epoch != position.Epoch
	switch {
	case old == nil:
	case began && !m.Time.After(w.since), !began && m.Seq < old.Position.Seq:
		return nil, nil // outdated
	}
	w.view = newView(m, s)
	if began {
		w.since = m.Time
	} else {
		w.view.keepNewer(old)
	}
	if old != nil {
		w.view.Gaps = old.Gaps
		if old.Position != position {
			w.view.Gaps = append(w.view.Gaps, Missed{old.Position, position, s.reason(began)})
		}
	}
	maps.DeleteFunc(
		w.waiting, func(p Position, _ Event) bool { return p.Epoch != position.Epoch || p.Seq <= position.Seq },
	)
	w.asked, w.reload = false, false
	return w.advance(m.Project), nil
}

// reason returns why a snapshot was sent instead of events.
func (s Snapshot) reason(began bool) GapReason {
	switch {
	case s.Gap != nil:
		return s.Gap.Reason
	case began:
		return GapEpoch
	}
	return GapReload
}

// refused processes an error. It drops projects that the client can no longer see. Other failed
// requests are repeated at a heartbeat.
func (c *Client) refused(m Message) error {
	refusal, err := m.Error()
	if err != nil {
		return err
	}
	c.LastError = &refusal
	if refusal.Code == CodeUnknownProject {
		delete(c.projects, m.Project)
	}
	return nil
}
