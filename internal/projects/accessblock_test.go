package projects_test

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// TestAccessBlock_Warning creates and changes a project in an account without
// the setting, with a part of it, and with all.
func TestAccessBlock_Warning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		s := w.process()
		warned := func() []projects.AccessBlockWarning {
			var warnings []projects.AccessBlockWarning
			for _, warning := range s.Warnings() {
				if a, ok := warning.(projects.AccessBlockWarning); ok {
					warnings = append(warnings, a)
				}
			}
			return warnings
		}
		must(t, s.CreateProject(t.Context(), acme()))
		if got := warned(); len(got) != 1 || len(got[0].Missing) != 4 || got[0].Project != "acme" ||
			got[0].AccountID != account ||
			got[0].Err != nil {
			t.Errorf("after the creation: %+v", got)
		}
		client := s3control.NewFromConfig(w.memberOf(account).SDK())
		on := aws.Bool(true)
		put := func(c types.PublicAccessBlockConfiguration) {
			_, err := client.PutPublicAccessBlock(
				t.Context(),
				&s3control.PutPublicAccessBlockInput{AccountId: aws.String(account), PublicAccessBlockConfiguration: &c},
			)
			must(t, err)
		}
		update := func(tag string) {
			p := acme()
			p.Tags = map[string]string{"update": tag}
			must(t, s.UpdateProject(t.Context(), p))
		}
		put(types.PublicAccessBlockConfiguration{BlockPublicAcls: on, IgnorePublicAcls: on, RestrictPublicBuckets: on})
		update("1")
		if got := warned(); len(got) != 1 || !slices.Equal(got[0].Missing, []string{"BlockPublicPolicy"}) {
			t.Errorf("after an update: %+v", got)
		}
		put(
			types.PublicAccessBlockConfiguration{
				BlockPublicAcls: on, IgnorePublicAcls: on, BlockPublicPolicy: on, RestrictPublicBuckets: on,
			},
		)
		update("2")
		if got := warned(); len(got) > 0 {
			t.Errorf("with everything blocked: %+v", got)
		}
		w.faults(sandbox.Fault{Service: "s3control", Effect: sandbox.FailCall, Code: "AccessDenied", Status: 403})
		update("3")
		if got := warned(); len(got) != 1 || got[0].Err == nil {
			t.Errorf("without the right to read it: %+v", got)
		}
		w.box.ClearFaults()

		w.resetCalls()
		must(t, s.Create(t.Context(), "acme", bucket("inbox")))
		must(t, s.Delete(t.Context(), "acme", model.ID{Kind: model.KindBucket, Name: "inbox"}))
		if n := w.calls()["s3control.GetPublicAccessBlock"]; n > 0 {
			t.Errorf("changes of entities took %d looks at the account", n)
		}
	})
}
