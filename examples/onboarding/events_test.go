package onboarding_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	lambda "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stowage/terraform-provider-stowage/examples/onboarding"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

const (
	hubBus      = "arn:aws:events:" + region + ":" + sandbox.HubAccount + ":event-bus/hub"
	hubFunction = "arn:aws:lambda:" + region + ":" + sandbox.HubAccount + ":function:relay"
)

// hubStack is the hub's side of the events: a bus that lets the organization in, and a rule that
// hears of everything.
const hubStack = `{"Resources":{
	"Bus":{"Type":"AWS::Events::EventBus","Properties":{"Name":"hub"}},
	"Policy":{"Type":"AWS::Events::EventBusPolicy","DependsOn":"Bus","Properties":{"EventBusName":"hub","StatementId":"Projects","Statement":{
		"Effect":"Allow","Principal":"*","Action":"events:PutEvents","Resource":"` + hubBus + `",
		"Condition":{"StringEquals":{"aws:PrincipalOrgID":"` + sandbox.OrganizationID + `"}}}}},
	"Rule":{"Type":"AWS::Events::Rule","DependsOn":"Bus","Properties":{"EventBusName":"hub",
		"EventPattern":{"source":[{"prefix":""}]},"Targets":[{"Id":"relay","Arn":"` + hubFunction + `"}]}}}}`

// newReportingWorld returns a world whose accounts report to a hub's bus.
func newReportingWorld(t *testing.T) *world {
	t.Helper()
	return &world{t: t, box: sandbox.New(sandbox.Options{Seed: 1, Onboarding: onboarding.Account, HubBus: hubBus})}
}

// TestEvents_ReachTheHub creates projects in two regions of a prepared account. The hub's bus
// receives the changes of their stacks, and of no others.
func TestEvents_ReachTheHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newReportingWorld(t)
		w.create(sandbox.HubAccount, "hub", hubStack)
		var mu sync.Mutex
		heard := map[string]bool{}
		w.box.RegisterFunction(hubFunction, func(_ context.Context, text []byte) ([]byte, error) {
			var e lambda.EventBridgeEvent
			if err := json.Unmarshal(text, &e); err != nil {
				return nil, fmt.Errorf("the event: %w", err)
			}
			mu.Lock()
			defer mu.Unlock()
			heard[e.AccountID+" "+e.Region+" "+strings.Split(e.Resources[0], "/")[1]+" "+e.DetailType] = true
			return nil, nil
		})
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go w.box.Run(ctx)
		must(t, w.process().CreateProject(ctx, project(model.Refuse, false)))
		elsewhere := project(model.Refuse, false)
		elsewhere.Name, elsewhere.Region = "globex", "us-east-1"
		must(t, w.process().CreateProject(ctx, elsewhere))
		w.create(account, "unrelated", `{"Resources":{"P":{"Type":"AWS::SSM::Parameter","Properties":{"Type":"String","Value":"1"}}}}`)
		time.Sleep(time.Minute)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		const change = " CloudFormation Stack Status Change"
		want := []string{
			sandbox.HubAccount + " eu-west-1 stowage-directory" + change, // the hub's own account is prepared, too
			account + " eu-west-1 stowage-acme-0" + change, account + " us-east-1 stowage-globex-0" + change,
		}
		if got := slices.Sorted(maps.Keys(heard)); !slices.Equal(got, want) {
			t.Errorf("the hub heard of %q, want %q", got, want)
		}
	})
}

// TestEvents_ExactRights checks that the role for the events may put events on the hub's bus, and
// nothing else, and that no such role is made without a bus.
func TestEvents_ExactRights(t *testing.T) {
	const name = "StowageEvents-" + region
	if roles, want := newWorld(t, onboarding.Account).roles(), []string{"StowageProvisioner", "StowageReader"}; !slices.Equal(roles, want) {
		t.Errorf("without a bus the roles are %q, want %q", roles, want)
	}
	w := newReportingWorld(t)
	if roles, want := w.roles(), []string{name, "StowageProvisioner", "StowageReader"}; !slices.Equal(roles, want) {
		t.Fatalf("the roles are %q, want %q", roles, want)
	}
	client := w.as(account).Hub().IAM
	got, err := client.GetRolePolicy(
		t.Context(), &iam.GetRolePolicyInput{RoleName: aws.String(name), PolicyName: aws.String("HubBus")},
	)
	must(t, err)
	text, err := url.QueryUnescape(aws.ToString(got.PolicyDocument))
	must(t, err)
	document, err := policydoc.Parse(text, policydoc.Identity)
	must(t, err)
	want := []policydoc.Statement{
		{Sid: "HubBus", Effect: "Allow", Actions: []string{"events:PutEvents"}, Resources: []string{hubBus}},
	}
	if diff := cmp.Diff(want, document.Statements, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the role may: %s", diff)
	}
	inline, err := client.ListRolePolicies(t.Context(), &iam.ListRolePoliciesInput{RoleName: aws.String(name)})
	must(t, err)
	attached, err := client.ListAttachedRolePolicies(
		t.Context(), &iam.ListAttachedRolePoliciesInput{RoleName: aws.String(name)},
	)
	must(t, err)
	if len(inline.PolicyNames) != 1 || len(attached.AttachedPolicies) > 0 {
		t.Errorf("the role has the policies %v and %v", inline.PolicyNames, attached.AttachedPolicies)
	}
}

// roles returns the names of an account's roles.
func (w *world) roles() []string {
	w.t.Helper()
	list, err := w.as(account).Hub().IAM.ListRoles(w.t.Context(), &iam.ListRolesInput{})
	must(w.t, err)
	var names []string
	for _, r := range list.Roles {
		names = append(names, aws.ToString(r.RoleName))
	}
	slices.Sort(names)
	return names
}

// create creates a stack as an account's administrator.
func (w *world) create(id, name, body string) {
	w.t.Helper()
	client := w.as(id).Hub().CloudFormation
	must(w.t, second(client.CreateStack(
		w.t.Context(), &cloudformation.CreateStackInput{StackName: &name, TemplateBody: &body},
	)))
	w.box.RunDue()
	out, err := client.DescribeStacks(w.t.Context(), &cloudformation.DescribeStacksInput{StackName: &name})
	must(w.t, err)
	if status := out.Stacks[0].StackStatus; status != "CREATE_COMPLETE" {
		w.t.Fatalf("the stack %s is %s", name, status)
	}
}
