package projects_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// hubParameter returns the hub's current settings.
func (w *world) hubParameter() *ssmtypes.Parameter {
	w.t.Helper()
	out, err := w.memberOf(sandbox.HubAccount).SSM.GetParameter(
		w.t.Context(), &ssm.GetParameterInput{Name: aws.String("/stowage/hub/" + sandbox.HubName)},
	)
	must(w.t, err)
	return out.Parameter
}

func (w *world) setHub(value string) {
	w.t.Helper()
	_, err := w.memberOf(sandbox.HubAccount).SSM.PutParameter(w.t.Context(), &ssm.PutParameterInput{
		Name:      aws.String("/stowage/hub/" + sandbox.HubName),
		Value:     aws.String(value),
		Overwrite: aws.Bool(true),
		Type:      ssmtypes.ParameterTypeString,
	})
	must(w.t, err)
}

// testdata/hub-format1.json is what the first version's hub said, and is kept for ever.
func TestHubSettings_FirstFormat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		first, err := os.ReadFile(filepath.Join("testdata", "hub-format1.json"))
		must(t, err)
		w.setHub(string(first))
		fill(t, w.process())
		view, err := w.process().Read(t.Context(), "acme")
		must(t, err)
		if len(view.Contents.Buckets) != 2 {
			t.Errorf("%d buckets", len(view.Contents.Buckets))
		}
	})
}

// A newer hub is refused by name, whatever shape its settings have, before anything else is called.
func TestHubSettings_Newer(t *testing.T) {
	for _, value := range []string{
		strings.Replace(aws.ToString(newWorld(t, false).hubParameter().Value), `"format":1`, `"format":2`, 1),
		`{"format":2,"table":{"name":"other"},"region":["eu-west-1"]}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, false)
			fill(t, w.process())
			w.setHub(value)
			w.resetCalls()
			s := w.process()
			var newer *model.NewerFormatError
			if _, err := s.Read(t.Context(), "acme"); !errors.As(err, &newer) || newer.Format != "2" {
				t.Errorf("reading with %s: %v", value, err)
			}
			if err := s.Create(t.Context(), "acme", bucket("third")); !errors.As(err, &newer) {
				t.Errorf("writing with %s: %v", value, err)
			}
			for call, n := range w.calls() {
				if call != "ssm.GetParameter" && !strings.HasPrefix(call, "sts.") {
					t.Errorf("%s was called %d times", call, n)
				}
			}
		})
	}
}

// An older process reads the templates where the mirror is newer than it is: its plan is slower and
// no other. It commits, and doesn't touch what a newer version has mirrored.
func TestNewerMirror_ReadAround(t *testing.T) {
	for _, mode := range []projects.ReadMode{projects.Verified, projects.Cached} {
		t.Run(string(mode), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, false)
				fill(t, w.process())
				client, key := w.memberOf(sandbox.HubAccount).DynamoDB, map[string]dynamotypes.AttributeValue{
					"pk": &dynamotypes.AttributeValueMemberS{Value: "PROJECT#acme"},
					"sk": &dynamotypes.AttributeValueMemberS{Value: "BODY#0"},
				}
				table := aws.String(sandboxTable(t, w))
				item := func() map[string]dynamotypes.AttributeValue {
					out, err := client.GetItem(
						t.Context(), &dynamodb.GetItemInput{TableName: table, Key: key, ConsistentRead: aws.Bool(true)},
					)
					must(t, err)
					return out.Item
				}
				newer := item()
				newer["format"] = &dynamotypes.AttributeValueMemberN{Value: "2"}
				newer["contents"] = &dynamotypes.AttributeValueMemberS{Value: "in another shape"}
				_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: table, Item: newer})
				must(t, err)
				before := item()

				old := w.process(func(c *projects.Config) { c.ReadMode = mode })
				view, err := old.Read(t.Context(), "acme")
				must(t, err)
				if len(view.Contents.Buckets) != 2 || len(view.Contents.Permissions) != 1 {
					t.Errorf("the older process reads %+v", view.Contents)
				}
				must(t, old.Create(t.Context(), "acme", model.User{Name: "second"}))
				view, err = w.process().Read(t.Context(), "acme")
				must(t, err)
				if len(view.Contents.Users) != 2 {
					t.Errorf("users %v", view.Contents.Users)
				}
				if !cmp.Equal(before, item(), cmp.Exporter(func(reflect.Type) bool { return true })) {
					t.Error("the older process has overwritten what a newer one mirrored")
				}
			})
		})
	}
}

// sandboxTable is the name of the mirror's table.
func sandboxTable(t *testing.T, w *world) string {
	t.Helper()
	var settings struct {
		Table string `json:"table"`
	}
	must(t, json.Unmarshal([]byte(aws.ToString(w.hubParameter().Value)), &settings))
	return settings.Table
}
