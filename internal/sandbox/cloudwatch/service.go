package cloudwatch

import (
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

var wire = protocol.Query{Namespace: "http://monitoring.amazonaws.com/doc/2010-08-01/", Version: "2010-08-01"}

// Service is the simulated CloudWatch.
type Service struct {
	world   *cloud.World
	alarms  map[string]*alarm // by ARN
	metrics map[series]*measurements
}

// New returns the service and registers it and its resource type.
func New(w *cloud.World) *Service {
	s := &Service{world: w, alarms: map[string]*alarm{}, metrics: map[series]*measurements{}}
	w.SetMetrics(s)
	w.RegisterType("AWS::CloudWatch::Alarm", alarmType{s})
	return s
}

// place is an account and a region.
type place struct{ account, region string }

func placeOf(arn string) place {
	parts := strings.SplitN(arn, ":", 6)
	return place{account: parts[4], region: parts[3]}
}

func arnOf(c cloud.Caller, name string) string {
	return "arn:aws:cloudwatch:" + c.Region + ":" + c.Account + ":alarm:" + name
}

var operations = map[string]func(*Service, *cloud.Request) (any, error){
	"DescribeAlarms": (*Service).describeAlarms,
}

var _ cloud.Service = (*Service)(nil)

// Handle answers one request.
func (s *Service) Handle(r *cloud.Request) (*cloud.Response, error) {
	return protocol.Answer(s, "cloudwatch", operations, r, wire)
}

// WriteError encodes an error.
func (s *Service) WriteError(r *cloud.Request, e *cloud.Error) *cloud.Response {
	return wire.Error(r, e)
}

// Demands returns the permission that a request requires (Service authorization reference).
func (s *Service) Demands(r *cloud.Request) []cloud.Demand {
	return []cloud.Demand{{Action: "cloudwatch:" + r.Operation, Resource: arnOf(r.Caller, "*")}}
}

func (s *Service) describeAlarms(r *cloud.Request) (any, error) {
	if name := protocol.Unknown(r.Form, "AlarmNames", "AlarmNamePrefix"); name != "" {
		return nil, cloud.NotModelled("parameter %s of cloudwatch DescribeAlarms", name)
	}
	names, prefix := protocol.Strings(r.Form, "AlarmNames"), r.Form.Get("AlarmNamePrefix")
	if len(names) > 0 && prefix != "" {
		return nil, cloud.Errorf("ValidationError", "AlarmNamePrefix and AlarmNames cannot be specified together")
	}
	type described struct {
		AlarmName, AlarmArn, AlarmDescription string
		Namespace, MetricName, Statistic      string
		ComparisonOperator, TreatMissingData  string
		StateValue, Threshold                 string
		Period, EvaluationPeriods             int
		ActionsEnabled                        bool
		AlarmActions                          []string    `xml:"AlarmActions>member"`
		OKActions                             []string    `xml:"OKActions>member"`
		Dimensions                            []dimension `xml:"Dimensions>member"`
	}
	var out struct {
		MetricAlarms []described `xml:"MetricAlarms>member"`
	}
	for _, a := range s.sorted(r.Caller) {
		if !strings.HasPrefix(a.AlarmName, prefix) || len(names) > 0 && !contains(names, a.AlarmName) {
			continue
		}
		out.MetricAlarms = append(out.MetricAlarms, described{
			AlarmName: a.AlarmName, AlarmArn: a.arn, AlarmDescription: a.AlarmDescription, Namespace: a.Namespace,
			MetricName: a.MetricName, Statistic: a.Statistic, ComparisonOperator: a.ComparisonOperator,
			TreatMissingData: a.missing(), StateValue: s.state(a), Period: a.Period,
			EvaluationPeriods: a.EvaluationPeriods, Threshold: a.Threshold.String(), ActionsEnabled: a.enabled(),
			AlarmActions: a.AlarmActions, OKActions: a.OKActions, Dimensions: a.Dimensions,
		})
	}
	return out, nil
}
