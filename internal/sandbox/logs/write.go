package logs

import (
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// maxEvents is the number of events that a group keeps. AWS has no such limit.
const maxEvents = 10000

// event is a line of a log.
type event struct {
	stream, message string
	time            int64 // milliseconds
}

// WriteLog implements cloud.LogWriter. The required permissions are those of Lambda's execution role
// (Lambda developer guide, monitoring-cloudwatchlogs).
func (s *Service) WriteLog(l cloud.LogLines) {
	c := cloud.Caller{Account: l.Account, Region: l.Region}
	arn := "arn:aws:logs:" + l.Region + ":" + l.Account + ":log-group:" + l.Group
	may := func(action, resource string) bool {
		return s.world.RoleMay == nil ||
			s.world.RoleMay(l.Role, l.Service, l.Region, cloud.Demand{Action: "logs:" + action, Resource: resource}) == nil
	}
	g := s.at(c)[l.Group]
	if g == nil {
		if !validName.MatchString(l.Group) || !may("CreateLogGroup", arn) {
			return
		}
		g = &group{
			name: l.Group, arn: arn + ":*", class: classes[0], created: s.world.Now().UnixMilli(), tags: map[string]string{},
		}
		s.at(c)[l.Group] = g
	}
	stream := arn + ":log-stream:" + l.Stream
	if !g.streams[l.Stream] {
		if !may("CreateLogStream", stream) {
			return
		}
		if g.streams == nil {
			g.streams = map[string]bool{}
		}
		g.streams[l.Stream] = true
	}
	if !may("PutLogEvents", stream) {
		return
	}
	now := s.world.Now().UnixMilli()
	for _, line := range l.Lines {
		if strings.TrimSpace(line) != "" {
			g.events = append(g.events, event{l.Stream, line, now})
		}
	}
	if surplus := len(g.events) - maxEvents; surplus > 0 {
		g.events = append([]event(nil), g.events[surplus:]...)
	}
}
