package projects_test

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/examples/onboarding"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/model/modeltest"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// documented returns the resource types that the guide lists, and whether it says that they are
// compared with AWS.
func documented(t *testing.T) map[string]bool {
	t.Helper()
	guide, err := os.ReadFile("../../templates/guides/drift.md")
	must(t, err)
	types := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(AWS::[A-Za-z0-9:]+)` \\| (.*) \\|$").FindAllStringSubmatch(string(guide), -1) {
		types[row[1]] = row[2] != "Not compared"
	}
	return types
}

// TestCoverage compares stacks with resources of all types that templates contain, whatever
// CloudFormation's drift detection covers. What is not compared is what the guide says.
func TestCoverage(t *testing.T) {
	types := documented(t)
	uncovered := map[string]bool{"AWS::SSM::Parameter": true} // of no entity
	for name, answers := range map[string]unproven.Answers{
		"likely answers": nil,
		"more types":     {unproven.DriftUnlistedTypes: unproven.Detected},
		"fewer types":    {unproven.DriftDoubtedTypes: unproven.Omitted},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, false)
				w.box = sandbox.New(sandbox.Options{Seed: 1, Onboarding: onboarding.Account, Answers: answers})
				project, user := acme(), rotated(nil, "")
				project.SFTP = true
				user.SFTP = &model.SFTP{PublicKeys: []string{modeltest.PublicKey(1)}}
				user.SecretReaders = []string{"arn:aws:iam::444455556666:root"}
				must(t, w.process().CreateProject(t.Context(), project))
				for _, e := range []model.Entity{
					bucket("inbox"), user, model.Permission{User: "partner", Bucket: "inbox", Access: model.Read},
				} {
					must(t, w.process().Create(t.Context(), "acme", e))
				}
				(&repairing{world: w}).compare(project.ID())
				snapshot, err := mirror.New(w.clients().Hub().DynamoDB, "stowage").Read(t.Context(), "acme")
				must(t, err)
				drift := snapshot.Drifts[0]
				if drift == nil || drift.Checked.IsZero() || len(drift.Drift.Differences) > 0 {
					t.Fatalf("the comparison is %+v", drift)
				}
				for kind := range drift.Drift.Uncovered {
					uncovered[kind] = true
				}
				if missing := slices.DeleteFunc(w.types(), func(kind string) bool {
					_, listed := types[kind]
					return listed
				}); len(missing) > 0 {
					t.Errorf("the guide does not list %v", missing)
				}
			})
		})
	}
	want := map[string]bool{}
	for kind, compared := range types {
		if !compared {
			want[kind] = true
		}
	}
	if diff := cmp.Diff(want, uncovered); diff != "" {
		t.Errorf("what is not compared is not what the guide says (-guide +found):\n%s", diff)
	}
}

// types returns the resource types in the template of the project, and in one with every feature.
func (w *world) types() []string {
	w.t.Helper()
	out, err := w.member().CloudFormation.GetTemplate(
		w.t.Context(), &cloudformation.GetTemplateInput{StackName: aws.String(w.read(projects.Verified).Stacks[0].Name)},
	)
	must(w.t, err)
	full, err := os.ReadFile("../template/testdata/partner.json")
	must(w.t, err)
	types := map[string]bool{}
	for _, text := range [][]byte{full, []byte(aws.ToString(out.TemplateBody))} {
		var template struct {
			Resources map[string]struct{ Type string }
		}
		must(w.t, json.Unmarshal(text, &template))
		for _, resource := range template.Resources {
			types[resource.Type] = true
		}
	}
	return slices.Sorted(maps.Keys(types))
}
