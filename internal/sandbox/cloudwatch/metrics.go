package cloudwatch

import (
	"slices"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// The states of an alarm.
const (
	stateOK           = "OK"
	stateAlarm        = "ALARM"
	stateInsufficient = "INSUFFICIENT_DATA"
)

// series identifies a metric: that of one value of its dimension.
type series struct{ account, region, namespace, name, dimension, value string }

// point is a measurement.
type point struct {
	at     time.Time
	amount float64
}

// measurements are those of a metric, in order.
type measurements struct {
	points []point
	gauge  bool
}

// Measure implements cloud.Metrics. It forgets what no alarm can look at, except the last
// measurement of a gauge.
func (s *Service) Measure(m cloud.Metric) {
	key := series{m.Account, m.Region, m.Namespace, m.Name, m.Dimension, m.Value}
	kept := s.metrics[key]
	if kept == nil {
		kept = &measurements{gauge: m.Gauge}
		s.metrics[key] = kept
	}
	now := s.world.Now()
	kept.points = append(kept.points, point{now, m.Amount})
	if old := now.Add(-2 * day * time.Second); kept.points[0].at.Before(old) {
		first := slices.IndexFunc(kept.points, func(p point) bool { return !p.at.Before(old) })
		kept.points = slices.Clone(kept.points[max(first-1, 0):])
	}
}

// amounts returns the measurements from one time up to before another, and for a gauge what it was at
// the beginning.
func (m *measurements) amounts(from, to time.Time) (amounts []float64) {
	if m == nil {
		return nil
	}
	for _, p := range m.points {
		switch {
		case !p.at.Before(to):
			return amounts
		case !p.at.Before(from):
			amounts = append(amounts, p.amount)
		case m.gauge:
			amounts = []float64{p.amount}
		}
	}
	return amounts
}

// statistic returns a statistic of at least one measurement.
func statistic(name string, amounts []float64) float64 {
	sum := 0.0
	for _, amount := range amounts {
		sum += amount
	}
	switch name {
	case "SampleCount":
		return float64(len(amounts))
	case "Average":
		return sum / float64(len(amounts))
	case "Minimum":
		return slices.Min(amounts)
	case "Maximum":
		return slices.Max(amounts)
	default:
		return sum
	}
}

// breaches reports whether a value meets an alarm's comparison with its threshold.
func (p alarmProperties) breaches(value float64) bool {
	threshold, _ := p.Threshold.Float64()
	switch p.ComparisonOperator {
	case "GreaterThanOrEqualToThreshold":
		return value >= threshold
	case "GreaterThanThreshold":
		return value > threshold
	case "LessThanThreshold":
		return value < threshold
	default:
		return value <= threshold
	}
}

// state evaluates an alarm: of the last EvaluationPeriods that have ended, DatapointsToAlarm must
// breach the threshold. Periods without measurements count as TreatMissingData says (Amazon CloudWatch
// user guide, AlarmThatSendsEmail, alarm-evaluation and alarms-and-missing-data). AWS looks at up to
// three more periods when measurements are late; here they are not. A new alarm has no state until a
// period has ended.
func (s *Service) state(a *alarm) string {
	period := time.Duration(a.Period) * time.Second
	end := s.world.Now().Truncate(period)
	if !end.After(a.created) || len(a.Dimensions) != 1 {
		return stateInsufficient
	}
	at := placeOf(a.arn)
	m := s.metrics[series{at.account, at.region, a.Namespace, a.MetricName, a.Dimensions[0].Name, a.Dimensions[0].Value}]
	breaching, missing := 0, 0
	for n := range a.EvaluationPeriods {
		to := end.Add(-time.Duration(n) * period)
		amounts := m.amounts(to.Add(-period), to)
		switch {
		case len(amounts) == 0 && a.missing() == "breaching", len(amounts) > 0 && a.breaches(statistic(a.Statistic, amounts)):
			breaching++
		case len(amounts) == 0 && a.missing() != "notBreaching":
			missing++
		}
	}
	needed := a.EvaluationPeriods
	if a.DatapointsToAlarm != nil {
		needed = *a.DatapointsToAlarm
	}
	switch {
	case breaching >= needed:
		return stateAlarm
	case missing == a.EvaluationPeriods:
		return stateInsufficient
	}
	return stateOK
}
