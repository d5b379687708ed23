package logs

import (
	"slices"
	"strconv"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

// maxFiltered is the maximum and default number of events of a page of FilterLogEvents.
const maxFiltered = 10000

// filterLogEvents returns the events of a group in their order. Patterns other than a quoted text
// are not modelled.
func (s *Service) filterLogEvents(r *cloud.Request) (any, error) {
	var in struct {
		Group     string   `json:"logGroupName"`
		Streams   []string `json:"logStreamNames"`
		Prefix    string   `json:"logStreamNamePrefix"`
		Pattern   string   `json:"filterPattern"`
		From      int64    `json:"startTime"`
		To        int64    `json:"endTime"`
		Limit     int      `json:"limit"`
		NextToken string   `json:"nextToken"`
		// Interleaved is ignored: events of all streams are always interleaved.
		Interleaved bool `json:"interleaved"`
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	g := s.at(r.Caller)[in.Group]
	if g == nil {
		return nil, cloud.Errorf("ResourceNotFoundException", "The specified log group does not exist.")
	}
	text := in.Pattern
	if text != "" {
		unquoted, err := strconv.Unquote(text)
		if err != nil {
			return nil, cloud.NotModelled("the filter pattern %s", text)
		}
		text = unquoted
	}
	if in.Limit == 0 {
		in.Limit = maxFiltered
	}
	first, _ := strconv.Atoi(in.NextToken)
	type found struct {
		Stream  string `json:"logStreamName"`
		Time    int64  `json:"timestamp"`
		Message string `json:"message"`
		Stored  int64  `json:"ingestionTime"`
		ID      string `json:"eventId"`
	}
	out := struct {
		Events    []found `json:"events"`
		NextToken string  `json:"nextToken,omitempty"`
	}{Events: []found{}}
	for n := first; n < len(g.events); n++ {
		e := g.events[n]
		switch {
		case len(out.Events) == in.Limit:
			out.NextToken = strconv.Itoa(n)
			return out, nil
		case in.Streams != nil && !slices.Contains(in.Streams, e.stream), !strings.HasPrefix(e.stream, in.Prefix),
			e.time < in.From, in.To != 0 && e.time >= in.To, !strings.Contains(e.message, text):
		default:
			out.Events = append(out.Events, found{e.stream, e.time, e.message, e.time, strconv.Itoa(n)})
		}
	}
	return out, nil
}
