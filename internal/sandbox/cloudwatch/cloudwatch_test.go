package cloudwatch_test

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloudwatch"
)

var caller = cloud.Caller{Account: "111122223333", Region: "eu-west-1"}

func properties(change map[string]any) map[string]any {
	p := map[string]any{
		"AlarmName": "errors", "Namespace": "AWS/Lambda", "MetricName": "Errors", "Statistic": "Sum", "Period": 300,
		"EvaluationPeriods": 2, "Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
		"TreatMissingData": "notBreaching", "AlarmActions": []any{"arn:aws:sns:eu-west-1:111122223333:alarms"},
		"Dimensions": []any{map[string]any{"Name": "FunctionName", "Value": "relay"}},
		"Tags":       []any{map[string]any{"Key": "owner", "Value": "storage"}},
	}
	maps.Copy(p, change)
	return p
}

// describe returns the answer of DescribeAlarms.
func describe(t *testing.T, s *cloudwatch.Service, form url.Values) string {
	t.Helper()
	answer, err := s.Handle(&cloud.Request{
		Service: "monitoring", Operation: "DescribeAlarms", Caller: caller, Form: form,
		HTTP: &http.Request{Header: http.Header{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(answer.Body)
}

func TestAlarm(t *testing.T) {
	t.Parallel()
	w := cloud.New(1)
	s := cloudwatch.New(w)
	kind := w.Type("AWS::CloudWatch::Alarm")
	made, err := kind.Create(caller, cloud.ResourceRequest{StackName: "s", LogicalID: "A", Properties: properties(nil)})
	if err != nil {
		t.Fatal(err)
	}
	if made.PhysicalID != "errors" || made.Attributes["Arn"] != "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:errors" {
		t.Errorf("made %+v", made)
	}
	_, err = kind.Create(caller, cloud.ResourceRequest{Properties: properties(nil)})
	if err == nil || !strings.Contains(err.Error(), "already exists") {
		t.Errorf("the same name again: %v", err)
	}
	text := describe(t, s, url.Values{"AlarmNames.member.1": {"errors"}})
	for _, want := range []string{
		"<AlarmName>errors</AlarmName>", "<StateValue>INSUFFICIENT_DATA</StateValue>", "<Threshold>1</Threshold>",
		"<AlarmActions><member>arn:aws:sns:eu-west-1:111122223333:alarms</member></AlarmActions>",
		"<Dimensions><member><Name>FunctionName</Name><Value>relay</Value></member></Dimensions>",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s lacks %s", text, want)
		}
	}
	if _, err := kind.Update(caller, "errors", properties(nil), properties(map[string]any{"Threshold": 5})); err != nil {
		t.Fatal(err)
	}
	if text := describe(t, s, nil); !strings.Contains(text, "<Threshold>5</Threshold>") {
		t.Errorf("after the update: %s", text)
	}
	if id, ok := kind.Exists(caller, map[string]any{"AlarmName": "errors"}); !ok || id != "errors" {
		t.Errorf("exists: %s %v", id, ok)
	}
	if err := kind.Delete(caller, "errors", nil); err != nil {
		t.Fatal(err)
	}
	if text := describe(t, s, nil); strings.Contains(text, "errors") {
		t.Errorf("after the deletion: %s", text)
	}
}

func TestAlarm_Refusals(t *testing.T) {
	t.Parallel()
	w := cloud.New(1)
	cloudwatch.New(w)
	kind := w.Type("AWS::CloudWatch::Alarm")
	for name, c := range map[string]struct {
		change map[string]any
		want   string
	}{
		"period":           {map[string]any{"Period": 90}, "multiple of 60"},
		"short period":     {map[string]any{"Period": 10}, "AWS/ namespaces"},
		"window":           {map[string]any{"EvaluationPeriods": 289}, "more than a day"},
		"long window":      {map[string]any{"Period": 3600, "EvaluationPeriods": 169}, "more than a day"},
		"no periods":       {map[string]any{"EvaluationPeriods": 0}, "at least 1"},
		"datapoints":       {map[string]any{"DatapointsToAlarm": 3}, "DatapointsToAlarm"},
		"statistic":        {map[string]any{"Statistic": "sum"}, "Statistic"},
		"comparison":       {map[string]any{"ComparisonOperator": "Less"}, "ComparisonOperator"},
		"missing data":     {map[string]any{"TreatMissingData": "fine"}, "TreatMissingData"},
		"no metric":        {map[string]any{"MetricName": ""}, "requires"},
		"action":           {map[string]any{"AlarmActions": []any{"alarms"}}, "Invalid arn"},
		"unknown property": {map[string]any{"Colour": "red"}, "Colour"},
		"nested":           {map[string]any{"Dimensions": []any{map[string]any{"Key": "a"}}}, "Key"},
	} {
		_, err := kind.Create(caller, cloud.ResourceRequest{Properties: properties(c.change)})
		var refused *cloud.Error
		if !errors.As(err, &refused) || !strings.Contains(refused.Message, c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if _, err := kind.Create(caller, cloud.ResourceRequest{
		Properties: properties(map[string]any{"Period": 3600, "EvaluationPeriods": 168}),
	}); err != nil {
		t.Errorf("a week of hours: %v", err)
	}
}
