package relay_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

// createTable creates the hub's table as the guide "Running a hub" does.
func (w *world) createTable(in string) {
	w.t.Helper()
	config := w.sdk(sandbox.HubAccount)
	config.Region = in
	client := dynamodb.NewFromConfig(config)
	attribute := func(name string) types.AttributeDefinition {
		return types.AttributeDefinition{AttributeName: &name, AttributeType: types.ScalarAttributeTypeS}
	}
	_, err := client.CreateTable(w.t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("stowage"), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{attribute(mirror.PartitionKey), attribute(mirror.SortKey)},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String(mirror.PartitionKey), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String(mirror.SortKey), KeyType: types.KeyTypeRange},
		},
	})
	must(w.t, err)
	w.box.RunDue()
	_, err = client.UpdateTimeToLive(w.t.Context(), &dynamodb.UpdateTimeToLiveInput{
		TableName: aws.String("stowage"), TimeToLiveSpecification: &types.TimeToLiveSpecification{
			AttributeName: aws.String(mirror.TTLAttribute), Enabled: aws.Bool(true),
		},
	})
	must(w.t, err)
}

// TestDisaster_TableDeleted deletes the table. The relay and applies say so. One sweep after a new
// table was created, the mirror is what it was, with the changes made meanwhile.
func TestDisaster_TableDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		provider := w.process()
		for _, name := range []string{"acme", "globex"} {
			must(t, provider.CreateProject(t.Context(), project(name)))
			must(t, provider.Create(t.Context(), name, model.User{Name: "partner"}))
		}
		r, _ := w.relay()
		sweep(t, r)
		names := []string{mirror.Directory, "acme", "globex"}
		before := map[string]*mirror.Snapshot{}
		for _, name := range names {
			before[name] = w.mirrored(name)
		}
		client := dynamodb.NewFromConfig(w.sdk(sandbox.HubAccount))
		_, err := client.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("stowage")})
		must(t, err)
		time.Sleep(5 * time.Minute)
		_, swept := r.Handle(t.Context(), []byte(schedule))
		applied := w.process().Create(t.Context(), "acme", model.User{Name: "second"})
		for does, err := range map[string]error{"sweep": swept, "apply": applied} {
			if err == nil || !strings.Contains(err.Error(), `the DynamoDB table "stowage" does not exist`) {
				t.Errorf("a %s without a table: %v", does, err)
			}
		}
		w.addByHand("stowage-acme-0", 3)
		time.Sleep(5 * time.Minute)
		w.createTable(region)
		sweep(t, r)
		for _, name := range names {
			after := w.mirrored(name)
			if name == "acme" {
				if c := after.Bodies[0].Contents; len(c.Users) != 1 || len(c.Foreign) != 3 {
					t.Errorf("the mirror shows %d users and %d resources of others", len(c.Users), len(c.Foreign))
				}
				continue
			}
			// A new table counts events anew.
			ignored := cmpopts.IgnoreFields(mirror.Head{}, "Seq", "Epoch")
			if diff := cmp.Diff(before[name].Heads, after.Heads, ignored); diff != "" {
				t.Errorf("heads of %s: %s", name, diff)
			}
			if diff := cmp.Diff(before[name].Bodies, after.Bodies); diff != "" {
				t.Errorf("bodies of %s: %s", name, diff)
			}
		}
	})
}

// TestDisaster_RegionLost makes a new hub in another region, with an empty table and without a
// directory. Creating a project with its settings enters it into the new directory. It takes the
// project over if the configuration's origin is recorded, and else says that it exists: then it can be
// imported.
func TestDisaster_RegionLost(t *testing.T) {
	const elsewhere = "us-east-1"
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		provider := w.process()
		must(t, provider.CreateProject(t.Context(), project("acme")))
		must(t, provider.Create(t.Context(), "acme", model.User{Name: "partner"}))
		must(t, w.process(fromStorage).CreateProject(t.Context(), project("globex")))
		w.createTable(elsewhere)
		config := w.sdk(sandbox.HubAccount)
		config.Region = elsewhere
		_, err := ssm.NewFromConfig(config).PutParameter(t.Context(), &ssm.PutParameterInput{
			Name: aws.String("/stowage/hub/stowage"), Type: ssmtypes.ParameterTypeString, Value: aws.String(
				`{"format":1,"region":"` + elsewhere + `","table":"stowage","account_id":"` + sandbox.HubAccount + `"}`,
			),
		})
		must(t, err)
		access, secret := sandbox.StaticCredentials(sandbox.HubAccount)
		clients, err := awsclient.New(t.Context(), awsclient.Config{
			Region: elsewhere, AccessKey: access, SecretKey: secret, Version: "test",
			HTTPClient: &http.Client{Transport: simulate.NewTransport(w.box)},
		})
		must(t, err)
		moved := projects.New(projects.Config{
			Clients: clients, Hub: sandbox.HubName, RoleName: "StowageProvisioner", ReadMode: projects.Verified, Writer: "moved",
			Origin: "storage",
		})
		if _, err := moved.Read(t.Context(), "acme"); !model.IsNotFound(err, model.NotFoundDirectory) {
			t.Errorf("reading a project that the new hub does not know: %v", err)
		}
		if err := moved.CreateProject(t.Context(), project("acme")); !model.IsConflict(err, model.ConflictExists) {
			t.Errorf("creating a project without a recorded origin: %v", err)
		}
		must(t, moved.CreateProject(t.Context(), project("globex")))
		view, err := moved.Read(t.Context(), "acme")
		must(t, err)
		if len(view.Contents.Users) != 1 {
			t.Errorf("the project has the users %v", view.Contents.Users)
		}
	})
}

func fromStorage(c *projects.Config) { c.Origin = "storage" }
