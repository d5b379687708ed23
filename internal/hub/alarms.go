package hub

// alarm is what an alarm of the hub watches.
type alarm struct {
	logicalID, name, description string
	namespace, metric            string
	dimension, value             string
	statistic                    string
	// comparison is with one event per period.
	comparison string
	missing    string
	// seconds is the length of a period; so many periods in a row raise the alarm.
	seconds, periods int
}

const (
	atLeast  = "GreaterThanOrEqualToThreshold"
	lessThan = "LessThanThreshold"
)

// alarms adds the alarms: the relay fails, is throttled, gave up on an event, or does not sweep.
func (c *compiler) alarms() {
	function, queue := functionName(c.Name), queueName(c.Name)
	for _, a := range []alarm{
		{
			"ErrorsAlarm", "errors", "The relay fails. Its log contains the reason",
			"AWS/Lambda", "Errors", "FunctionName", function, "Sum", atLeast, "notBreaching", 300, 2,
		},
		{
			"ThrottlesAlarm", "throttles", "Lambda refuses to run the relay: the account's concurrency is used up",
			"AWS/Lambda", "Throttles", "FunctionName", function, "Sum", atLeast, "notBreaching", 300, 2,
		},
		{
			"DeadLettersAlarm", "dead-letters", "The relay gave up on an event. The sweep repairs what it missed",
			"AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue, "Maximum", atLeast, "notBreaching", 300, 1,
		},
		{
			"SweepAlarm", "sweep", "The relay has not been invoked by its schedule for 10 minutes",
			"AWS/Events", "Invocations", "RuleName", sweepRule(c.Name), "Sum", lessThan, "breaching", 60, 10,
		},
	} {
		c.add(a.logicalID, resource{Type: "AWS::CloudWatch::Alarm", Properties: c.alarm(a)})
	}
}

func (c *compiler) alarm(a alarm) object {
	properties := object{
		"AlarmName":          StackName(c.Name) + "-" + a.name,
		"AlarmDescription":   a.description,
		"Namespace":          a.namespace,
		"MetricName":         a.metric,
		"Dimensions":         list{object{"Name": a.dimension, "Value": a.value}},
		"Statistic":          a.statistic,
		"Period":             a.seconds,
		"EvaluationPeriods":  a.periods,
		"Threshold":          1,
		"ComparisonOperator": a.comparison,
		"TreatMissingData":   a.missing,
		"Tags":               c.tagList(),
	}
	if len(c.AlarmActions) > 0 {
		properties["AlarmActions"], properties["OKActions"] = c.AlarmActions, c.AlarmActions
	}
	return properties
}
