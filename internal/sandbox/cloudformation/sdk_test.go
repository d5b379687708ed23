package cloudformation_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

func (w *world) Do(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	r := &cloud.Request{
		Caller:    cloud.Caller{Account: account, Region: region, UserID: "AIDAME"},
		Service:   "cloudformation",
		Operation: form.Get("Action"),
		Form:      form,
		HTTP:      request,
	}
	w.w.Lock()
	defer w.w.Unlock()
	response, err := w.cfn.Handle(r)
	if err != nil {
		var e *cloud.Error
		if !errors.As(err, &e) {
			return nil, err
		}
		response = w.cfn.WriteError(r, e)
	}
	status := response.Status
	if status == 0 {
		status = http.StatusOK
	}
	return &http.Response{
		StatusCode: status, Header: response.Header, Body: io.NopCloser(bytes.NewReader(response.Body)),
		Request: request,
	}, nil
}

func TestRecordedAnswers_SDK(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	client := cloudformation.New(cloudformation.Options{
		Region: region, HTTPClient: w, Credentials: aws.AnonymousCredentials{}, Retryer: aws.NopRetryer{},
	})
	made, err := client.CreateChangeSet(ctx, &cloudformation.CreateChangeSetInput{
		StackName:        aws.String("s"),
		ChangeSetName:    aws.String("one"),
		ChangeSetType:    types.ChangeSetTypeCreate,
		TemplateBody:     aws.String(one),
		NotificationARNs: []string{},
		DeploymentConfig: &types.DeploymentConfig{DisableRollback: aws.Bool(false)},
	})
	if err != nil {
		t.Fatal(err)
	}
	set, err := client.DescribeChangeSet(
		ctx, &cloudformation.DescribeChangeSetInput{ChangeSetName: made.Id, IncludePropertyValues: aws.Bool(true)},
	)
	if err != nil {
		t.Fatal(err)
	}
	if set.Status != types.ChangeSetStatusCreateComplete || len(set.Changes) != 1 ||
		aws.ToString(set.Changes[0].ResourceChange.AfterContext) == "" {
		t.Errorf("change set %+v", set)
	}
	if _, err := client.ExecuteChangeSet(ctx, &cloudformation.ExecuteChangeSetInput{
		ChangeSetName: made.Id, ClientRequestToken: aws.String("t"), DisableRollback: aws.Bool(false),
	}); err != nil {
		t.Fatal(err)
	}
	stacks, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: made.StackId})
	if err != nil {
		t.Fatal(err)
	}
	st := stacks.Stacks[0]
	if st.StackStatus != types.StackStatusCreateComplete || aws.ToString(st.ChangeSetId) != aws.ToString(made.Id) ||
		st.LastUpdatedTime == nil {
		t.Errorf("stack %+v", st)
	}
	events, err := client.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: aws.String("s")})
	if err != nil {
		t.Fatal(err)
	}
	if e := events.StackEvents[0]; aws.ToString(e.ClientRequestToken) != "t" || e.Timestamp == nil {
		t.Errorf("event %+v", e)
	}
	if _, err := client.DeleteChangeSet(
		ctx, &cloudformation.DeleteChangeSetInput{StackName: aws.String("s"), ChangeSetName: aws.String("gone")},
	); err != nil {
		t.Error(err)
	}
	_, err = client.DescribeChangeSet(
		ctx, &cloudformation.DescribeChangeSetInput{StackName: aws.String("s"), ChangeSetName: aws.String("gone")},
	)
	var missing *types.ChangeSetNotFoundException
	if !errors.As(err, &missing) {
		t.Errorf("got %v, want ChangeSetNotFoundException", err)
	}
	_, err = client.ExecuteChangeSet(ctx, &cloudformation.ExecuteChangeSetInput{ChangeSetName: made.Id})
	var status *types.InvalidChangeSetStatusException
	if !errors.As(err, &status) {
		t.Errorf("got %v, want InvalidChangeSetStatusException", err)
	}
	if _, err := client.SetStackPolicy(
		ctx, &cloudformation.SetStackPolicyInput{StackName: made.StackId, StackPolicyBody: aws.String(`{}`)},
	); err != nil {
		t.Error(err)
	}
	summary, err := client.GetTemplateSummary(ctx, &cloudformation.GetTemplateSummaryInput{StackName: made.StackId})
	if err != nil || len(summary.ResourceIdentifierSummaries) != 1 ||
		summary.ResourceIdentifierSummaries[0].ResourceIdentifiers[0] != "Name" {
		t.Errorf("summary %+v, %v", summary, err)
	}
	if _, err := client.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: made.StackId}); err != nil {
		t.Error(err)
	}
	list, err := client.ListStacks(
		ctx,
		&cloudformation.ListStacksInput{StackStatusFilter: []types.StackStatus{types.StackStatusDeleteComplete}},
	)
	if err != nil || len(list.StackSummaries) != 1 {
		t.Errorf("stacks %+v, %v", list, err)
	}
	if _, err := client.DetectStackDrift(ctx, &cloudformation.DetectStackDriftInput{StackName: made.StackId}); err == nil {
		t.Error("drift detection was accepted")
	}
}
