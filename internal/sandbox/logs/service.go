package logs

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

// maxPage is the maximum and default page size of DescribeLogGroups.
const maxPage = 50

var (
	wire = protocol.JSON{Version: "1.1"}
	// validName is that of CreateLogGroup (CloudWatch Logs API reference).
	validName = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)
	// retentions are the days that PutRetentionPolicy accepts (CloudWatch Logs API reference).
	retentions = []int{
		1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
	}
	// classes are those of CreateLogGroup. The first is the default.
	classes = []string{"STANDARD", "INFREQUENT_ACCESS", "DELIVERY"}
	keyARN  = regexp.MustCompile(`^arn:aws:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$`)
)

// Service is the simulated CloudWatch Logs.
type Service struct {
	world  *cloud.World
	groups map[place]map[string]*group // by name
}

type place struct{ account, region string }

type group struct {
	name, arn, key string
	class          string
	retention      int // days; 0: forever
	created        int64
	tags           map[string]string
	streams        map[string]bool
	events         []event
}

// New returns the service and registers its resource type.
func New(w *cloud.World) *Service {
	s := &Service{world: w, groups: map[place]map[string]*group{}}
	w.SetLogWriter(s)
	w.RegisterType("AWS::Logs::LogGroup", groupType{s})
	w.SetLogGroups(s)
	return s
}

// HasLogGroup implements cloud.LogGroups.
func (s *Service) HasLogGroup(c cloud.Caller, name string) bool { return s.at(c)[name] != nil }

func (s *Service) at(c cloud.Caller) map[string]*group {
	p := place{c.Account, c.Region}
	if s.groups[p] == nil {
		s.groups[p] = map[string]*group{}
	}
	return s.groups[p]
}

// WriteError encodes an error.
func (s *Service) WriteError(r *cloud.Request, e *cloud.Error) *cloud.Response {
	return wire.Error(r, e)
}

var operations = map[string]func(*Service, *cloud.Request) (any, error){
	"DeleteLogGroup":    (*Service).deleteLogGroup,
	"DescribeLogGroups": (*Service).describeLogGroups,
	"FilterLogEvents":   (*Service).filterLogEvents,
}

var _ cloud.Service = (*Service)(nil)

// Handle answers one request.
func (s *Service) Handle(r *cloud.Request) (*cloud.Response, error) {
	return protocol.Answer(s, "logs", operations, r, wire)
}

func (s *Service) describeLogGroups(r *cloud.Request) (any, error) {
	var in struct {
		Prefix    string `json:"logGroupNamePrefix"`
		Limit     int    `json:"limit"`
		NextToken string `json:"nextToken"`
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	if in.Limit == 0 {
		in.Limit = maxPage
	}
	if in.Limit < 1 || in.Limit > maxPage {
		return nil, invalid(
			"1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and %d",
			in.Limit,
			maxPage,
		)
	}
	type described struct {
		Name      string `json:"logGroupName"`
		ARN       string `json:"arn"`
		PlainARN  string `json:"logGroupArn"` // without a final :*
		Class     string `json:"logGroupClass"`
		Retention int    `json:"retentionInDays,omitempty"`
		Key       string `json:"kmsKeyId,omitempty"`
		Created   int64  `json:"creationTime"`
	}
	out := struct {
		Groups    []described `json:"logGroups"`
		NextToken string      `json:"nextToken,omitempty"`
	}{Groups: []described{}}
	groups := s.at(r.Caller)
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		g := groups[name]
		if name <= in.NextToken || !strings.HasPrefix(name, in.Prefix) {
			continue
		}
		if len(out.Groups) == in.Limit {
			out.NextToken = out.Groups[in.Limit-1].Name
			break
		}
		out.Groups = append(
			out.Groups,
			described{g.name, g.arn, strings.TrimSuffix(g.arn, ":*"), g.class, g.retention, g.key, g.created},
		)
	}
	return out, nil
}

// deleteLogGroup deletes a log group with its logs (CloudWatch Logs API reference).
func (s *Service) deleteLogGroup(r *cloud.Request) (any, error) {
	var in struct {
		LogGroupName string `json:"logGroupName"`
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	if s.at(r.Caller)[in.LogGroupName] == nil {
		return nil, cloud.Errorf("ResourceNotFoundException", "The specified log group does not exist.")
	}
	delete(s.at(r.Caller), in.LogGroupName)
	return struct{}{}, nil
}
