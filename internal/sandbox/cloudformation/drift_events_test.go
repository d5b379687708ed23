package cloudformation_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

type bus struct{ events []cloud.BusEvent }

func (b *bus) PutEvent(e cloud.BusEvent) { b.events = append(b.events, e) }

func TestDetectStackDrift_Events(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add("AWS::IAM::AccessKey", cloud.TypeSchema{Properties: map[string]cloud.Property{"Status": {}}}, "key")
	w.commit("s", "c", "CREATE", `{"Resources":{"K":{"Type":"AWS::IAM::AccessKey"}}}`, "Capabilities.member.1", "CAPABILITY_IAM")
	w.wantStatus("s", "CREATE_COMPLETE")
	events := &bus{}
	w.w.SetEventBus(events)
	w.ok("DetectStackDrift", "StackName", "s")
	w.wantStatus("s", "CREATE_COMPLETE")
	var got []string
	for _, e := range events.events {
		detail, err := json.Marshal(e.Detail)
		if err != nil {
			t.Fatal(err)
		}
		var fields struct {
			Stack    string `json:"stack-id"`
			Statuses struct {
				Drift     string `json:"stack-drift-status"`
				Detection string `json:"detection-status"`
			} `json:"status-details"`
			Details struct {
				Count json.Number `json:"drifted-stack-resource-count"`
			} `json:"drift-detection-details"`
		}
		if err := json.Unmarshal(detail, &fields); err != nil || fields.Stack != w.stack("s")["StackId"] {
			t.Errorf("%v: %s", err, detail)
		}
		got = append(got, strings.Join(
			[]string{e.Source, e.DetailType, fields.Statuses.Drift, fields.Statuses.Detection, fields.Details.Count.String()}, ", ",
		))
	}
	const kind = "aws.cloudformation, CloudFormation Drift Detection Status Change, "
	if want := kind + "UNKNOWN, DETECTION_IN_PROGRESS, -1\n" + kind + "IN_SYNC, DETECTION_COMPLETE, 0"; strings.Join(got, "\n") != want {
		t.Errorf("got %s", strings.Join(got, "\n"))
	}
}

// A type whose drift AWS detects and the sandbox cannot read is refused visibly.
func TestDetectStackDrift_NotModelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit("s", "c", "CREATE", `{"Resources":{"T":{"Type":"AWS::SNS::Topic"}}}`)
	w.refused(
		"SandboxNotModelled", "the sandbox does not model the drift of an AWS::SNS::Topic", "DetectStackDrift", "StackName", "s",
	)
}
