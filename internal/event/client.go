package event

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// maxWaiting is how many events of a project a Client keeps while something before them is lacking. It asks for whatever it drops.
const maxWaiting = 1000

// Client is the client's side of the protocol as a state machine, without connection, clock or timer: it takes the messages received, of
// whatever connection, and gives those to be sent. It is what clients in other languages are modelled on.
//
// Whatever is lost, repeated, late or out of order, its views come right: a heartbeat shows what they lack, and it asks. It asks once and
// waits for the answer; an answer that hasn't come by the second heartbeat is asked for again. It is not safe for concurrent use.
type Client struct {
	// Ends is when the connection ends at the latest; the zero value before the first welcome.
	Ends time.Time
	// Reconnect is what the server has said about the end of the connection; nil after Hello.
	Reconnect *Reconnect
	// Heard is the server's time in the latest message.
	Heard time.Time
	// LastError is what the server has refused last; nil after Hello.
	LastError *Error

	projects map[string]*watched
	joiner   Joiner
}

// watched is what a client has of a project and what it lacks.
type watched struct {
	view    *View              // nil before the first snapshot
	since   time.Time          // when the snapshot was made that began the view's epoch
	waiting map[Position]Event // events that can't be applied yet
	asked   bool               // an answer is due
	until   Position           // where the view is when the answer has come
	beaten  bool               // a heartbeat has come since
	reload  bool               // events won't do: the answer must be a snapshot
}

// View is what the client knows of a project; nil while it knows nothing.
func (c *Client) View(project string) *View {
	if w := c.projects[project]; w != nil {
		return w.view
	}
	return nil
}

// Projects are the names of the projects that the client knows something of, sorted.
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

// Complete says whether the client knows of nothing that it lacks about a project.
func (c *Client) Complete(project string) bool {
	w := c.projects[project]
	return w != nil && w.view != nil && !w.asked && len(w.waiting) == 0
}

// Hello is the message with which the client begins on a new connection. Positions that would make it larger than MaxMessage are left out; the
// server answers those with snapshots.
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

// Receive takes a text from the server and gives the messages to be sent. An error says that the text is no message of this protocol; the client
// goes on without it.
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

// Apply is Receive for a whole message.
func (c *Client) Apply(m Message) (send []Message, err error) {
	if m.Time.After(c.Heard) {
		c.Heard = m.Time
	}
	if m.V != Version && m.Seq == 0 {
		return nil, nil // of a version that this client didn't ask for; of events it must know that they are there
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
		w.asked, w.beaten, w.until = true, false, Position{} // the snapshot is under way
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
			return nil, nil // a later minor version knows it
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

// welcome drops the projects that the client doesn't see any more. The server sends what the client lacks of the others by itself.
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

// heartbeat asks for what the client lacks. Of a project that isn't named the server has to say itself that it is gone: heartbeats can be late.
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
			maps.DeleteFunc(w.waiting, func(p Position, _ Event) bool { return p.Epoch != position.Epoch }) // late ones
		case w.asked && !w.beaten:
			w.beaten = true
		default:
			send = append(send, w.ask(name, position))
		}
	}
	return send, nil
}

// behind says whether the project has moved on to somewhere that the client isn't.
func (w *watched) behind(position Position) bool {
	return w.view == nil || w.reload || w.view.Position.Epoch != position.Epoch || w.view.Position.Seq < position.Seq
}

// ask is the request for what is lacking until a position.
func (w *watched) ask(project string, until Position) Message {
	w.asked, w.beaten, w.until = true, false, until
	m := Message{V: Version, Type: TypeSnapshot, Project: project}
	if w.view != nil && !w.reload {
		m.Type, m.Epoch, m.Seq = TypeResume, w.view.Position.Epoch, w.view.Position.Seq
	}
	return m
}

// event applies an event, or keeps it and asks for what comes before it.
func (c *Client) event(e Event) []Message {
	w := c.watch(e.Project)
	if w.view != nil && w.view.Position.Epoch == e.Epoch && e.Seq <= w.view.Position.Seq {
		return nil // seen
	}
	if len(w.waiting) < maxWaiting {
		w.waiting[e.Position()] = e
	}
	if last := w.last(); last.Epoch == w.until.Epoch && last.Seq > w.until.Seq {
		w.until = last // the answer tells of that, too
	}
	return w.advance(e.Project)
}

// advance applies the events that are waiting for as long as they follow each other, and asks if some are left.
func (w *watched) advance(project string) []Message {
	for w.view != nil {
		next := Position{w.view.Position.Epoch, w.view.Position.Seq + 1}
		e, there := w.waiting[next]
		if !there {
			break
		}
		if !w.view.take(e) {
			if w.reload {
				return nil // asked already
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

// last is the last event that is waiting in the view's epoch; the zero value when there is none.
func (w *watched) last() Position {
	var last Position
	for p := range w.waiting {
		if w.view != nil && p.Epoch == w.view.Position.Epoch && p.Seq > last.Seq {
			last = p
		}
	}
	return last
}

// take applies an event; false when that takes a snapshot: it is too large to be told, or of a version that this client can't read.
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
	default: // events of later minor versions count, and tell this client nothing
	}
	return true
}

// snapshot puts a snapshot in the place of what the client knows, unless it is older. What the client has missed by that is kept in Gaps.
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
		return nil, nil // late
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
	maps.DeleteFunc(w.waiting, func(p Position, _ Event) bool { return p.Epoch != position.Epoch || p.Seq <= position.Seq })
	w.asked, w.reload = false, false
	return w.advance(m.Project), nil
}

// reason is why a snapshot came instead of events.
func (s Snapshot) reason(began bool) GapReason {
	switch {
	case s.Gap != nil:
		return s.Gap.Reason
	case began:
		return GapEpoch
	}
	return GapReload
}

// refused takes an error. Projects that the client doesn't see any more are dropped; whatever else could not be answered is asked again at a
// heartbeat.
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
