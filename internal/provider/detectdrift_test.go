package provider

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/stowage/terraform-provider-stowage/internal/entity/entitytest"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// invoke invokes stowage_detect_drift, and returns its progress and the diagnostics.
func (q *querying) invoke(project string) (progress, diagnostics []string) {
	q.t.Helper()
	const typ = "stowage_detect_drift"
	config := q.null(q.schemas.ActionSchemas[typ].Schema.ValueType(), values{"project": project})
	planned, err := q.PlanAction(q.t.Context(), &tfprotov6.PlanActionRequest{ActionType: typ, Config: config})
	if err != nil || len(planned.Diagnostics) > 0 {
		q.t.Fatal(err, planned)
	}
	stream, err := q.InvokeAction(q.t.Context(), &tfprotov6.InvokeActionRequest{ActionType: typ, Config: config})
	if err != nil {
		q.t.Fatal(err)
	}
	for event := range stream.Events {
		switch event := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			progress = append(progress, event.Message)
		case tfprotov6.CompletedInvokeActionEventType:
			for _, d := range event.Diagnostics {
				diagnostics = append(diagnostics, d.Attribute.String()+": "+d.Summary+": "+d.Detail)
			}
		}
	}
	return progress, diagnostics
}

func TestDetectDrift_Action(t *testing.T) {
	p := entitytest.NewProjects()
	q := query(t, p)
	id := model.ID{Kind: model.KindBucket, Name: "inbox"}
	p.Drifted = map[model.ID][]template.LiveDifference{
		id: {{Of: []model.ID{id}, LogicalID: "Bucketinbox", Type: "AWS::S3::Bucket"}},
	}
	progress, diagnostics := q.invoke("acme")
	want := []string{"stowage-acme-0: comparing with AWS", "Bucketinbox (AWS::S3::Bucket) was deleted in AWS"}
	if diff := cmp.Diff(want, progress); diff != "" || len(diagnostics) > 0 {
		t.Errorf("%v\n%s", diagnostics, diff)
	}
	p.Fail = func(_ context.Context, method string) error {
		if method == "DetectDrift" {
			return errors.New("it failed")
		}
		return nil
	}
	_, diagnostics = q.invoke("acme")
	if len(diagnostics) != 1 || !strings.Contains(diagnostics[0], `("project"): Unable to Detect Drift`) ||
		!strings.Contains(diagnostics[0], "it failed") {
		t.Errorf("a failure: %v", diagnostics)
	}
}

// TestDetectDrift_Argument reads an object with and without detect_drift.
func TestDetectDrift_Argument(t *testing.T) {
	for name, c := range map[string]struct {
		environment string
		config      values
		want        bool
	}{
		"left out":                {"", values{}, false},
		"true":                    {"", values{"detect_drift": true}, true},
		"environment":             {"1", values{}, true},
		"false, though the other": {"true", values{"detect_drift": false}, false},
	} {
		t.Run(name, func(t *testing.T) {
			clean(t)
			t.Setenv("STOWAGE_DETECT_DRIFT", c.environment)
			r := &recorded{projects: entitytest.NewProjects()}
			var methods []string
			r.projects.Fail = func(_ context.Context, method string) error {
				methods = append(methods, method)
				return nil
			}
			tf := r.start(t)
			entitytest.Must(t, tf.Configure(c.config))
			object := tf.Created("stowage_project_user", values{"project": "acme", "name": "partner"})
			if slices.Contains(methods, "CheckDrift") {
				t.Error("a plan or an apply compares the project")
			}
			methods = nil
			_, diagnostics := tf.Read(object)
			entitytest.Must(t, diagnostics)
			if got := len(methods) > 0 && methods[0] == "CheckDrift"; got != c.want {
				t.Errorf("the calls of a read are %v", methods)
			}
		})
	}
	t.Run("not a boolean", func(t *testing.T) {
		clean(t)
		t.Setenv("STOWAGE_DETECT_DRIFT", "sometimes")
		diagnostics := (&recorded{}).start(t).Configure(values{})
		if problem := entitytest.Lacks(
			entitytest.Errors(diagnostics), "Invalid Environment Variable", `"sometimes"`, "detect_drift",
		); problem != "" {
			t.Error(problem)
		}
	})
}
