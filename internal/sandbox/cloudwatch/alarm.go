package cloudwatch

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

type dimension struct{ Name, Value string }

// alarmProperties are the modelled properties of an alarm: those of one metric.
type alarmProperties struct {
	AlarmName, AlarmDescription, Namespace, MetricName string
	Statistic, ComparisonOperator, TreatMissingData    string
	Dimensions                                         []dimension
	Period, EvaluationPeriods                          int
	DatapointsToAlarm                                  *int
	Threshold                                          json.Number
	ActionsEnabled                                     *bool
	AlarmActions, OKActions, InsufficientDataActions   []string
	Tags                                               []cloud.Tag
}

type alarm struct {
	alarmProperties
	arn     string
	tags    map[string]string
	created time.Time
}

func (p alarmProperties) missing() string {
	if p.TreatMissingData == "" {
		return "missing"
	}
	return p.TreatMissingData
}

func (p alarmProperties) enabled() bool { return p.ActionsEnabled == nil || *p.ActionsEnabled }

var (
	validName   = regexp.MustCompile(`^[\x20-\x7e]{1,255}$`)
	actionARN   = regexp.MustCompile(`^arn:aws:[a-z0-9-]+:[a-z0-9-]*:[0-9]*:.+$`)
	statistics  = []string{"SampleCount", "Average", "Sum", "Minimum", "Maximum"}
	comparisons = []string{
		"GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold",
	}
	treatments = []string{"breaching", "notBreaching", "ignore", "missing"}
)

// Limits of PutMetricAlarm (Amazon CloudWatch API Reference). Times are in seconds.
const (
	day, week     = 24 * 60 * 60, 7 * 24 * 60 * 60
	hour          = 60 * 60
	maxDimensions = 30
	maxActions    = 5
)

func invalid(format string, args ...any) error {
	return cloud.Errorf("ValidationError", format, args...)
}

// check refuses what PutMetricAlarm refuses.
func (p alarmProperties) check() error {
	window := p.Period * p.EvaluationPeriods
	short := slices.Contains([]int{10, 20, 30}, p.Period)
	switch {
	case !validName.MatchString(p.AlarmName):
		return invalid("The alarm name must have 1 to 255 characters")
	case p.Namespace == "" || p.MetricName == "" || p.Statistic == "" || p.Threshold == "":
		return invalid("A metric alarm requires Namespace, MetricName, Statistic and Threshold")
	case strings.HasPrefix(p.Namespace, ":"):
		return invalid("The value %s for parameter Namespace is invalid.", p.Namespace)
	case !slices.Contains(statistics, p.Statistic):
		return invalid("The value %s for parameter Statistic is invalid.", p.Statistic)
	case !slices.Contains(comparisons, p.ComparisonOperator):
		return invalid("The value %s for parameter ComparisonOperator is invalid.", p.ComparisonOperator)
	case !slices.Contains(treatments, p.missing()):
		return invalid("The value %s for parameter TreatMissingData is invalid.", p.TreatMissingData)
	case p.EvaluationPeriods < 1:
		return invalid("EvaluationPeriods must be at least 1")
	case p.DatapointsToAlarm != nil && (*p.DatapointsToAlarm < 1 || *p.DatapointsToAlarm > p.EvaluationPeriods):
		return invalid("DatapointsToAlarm must be between 1 and EvaluationPeriods")
	case !short && (p.Period < 60 || p.Period%60 != 0):
		return invalid("Period must be 10, 20, 30 or a multiple of 60")
	case strings.HasPrefix(p.Namespace, "AWS/") && short:
		return invalid("Period must not be less than 60 for metrics in the AWS/ namespaces")
	case p.Period < hour && window > day || window > week:
		return invalid("Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400)")
	case len(p.Dimensions) > maxDimensions:
		return invalid("At most %d dimensions", maxDimensions)
	}
	for _, actions := range [][]string{p.AlarmActions, p.OKActions, p.InsufficientDataActions} {
		if len(actions) > maxActions {
			return invalid("At most %d actions", maxActions)
		}
		for _, action := range actions {
			if !actionARN.MatchString(action) {
				return invalid("Invalid arn syntax: %s", action)
			}
		}
	}
	return nil
}

func contains(all []string, one string) bool { return slices.Contains(all, one) }

// sorted returns the alarms of an account in a region, by name.
func (s *Service) sorted(c cloud.Caller) []*alarm {
	var all []*alarm
	for arn, a := range s.alarms {
		if strings.HasPrefix(arn, arnOf(c, "")) {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, func(a, b *alarm) int { return strings.Compare(a.AlarmName, b.AlarmName) })
	return all
}
