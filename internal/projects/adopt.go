package projects

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/commit"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

type (
	// ExistingBucket is an existing bucket as AWS describes it.
	ExistingBucket = template.Live
	// UnadoptableError is returned for a bucket that cannot come into a project.
	UnadoptableError = account.UnadoptableError
)

// ReadExisting reads what ExistingBucket.Encode has written.
func ReadExisting(text []byte) (*ExistingBucket, error) { return template.ReadLive(text) }

// Adopting is the view with an existing bucket in it, as the first commit of an adoption will leave
// it: what the second one changes is its drift.
func (v *View) Adopting(bucket model.Bucket, live *ExistingBucket, incarnation string) (*View, error) {
	contents, err := template.Adopted(&v.Contents, bucket, incarnation, "", live)
	if err != nil {
		return nil, err
	}
	adopting := *v
	adopting.Contents = *contents
	return &adopting, nil
}

// Adoption is how an existing bucket comes into a project.
type Adoption struct {
	// Prior is the bucket as the plan was made from it, and Planned what the plan makes of it.
	Prior, Planned model.Bucket
	// Live is the bucket as the plan was made from it, with everything that the model cannot express.
	Live *template.Live
	// Incarnation is that of the bucket: see template, Ownership.
	Incarnation string
}

// Existing reads a bucket that exists in the account of a project and is not in the project, under
// its physical name. One that cannot be adopted is an *account.UnadoptableError. It costs four
// calls, two of them of Cloud Control.
func (s *Service) Existing(ctx context.Context, project, name, bucket string) (*template.Live, error) {
	t, err := s.reader.target(ctx, project)
	if err != nil {
		return nil, err
	}
	if err := adoptable(t, name, bucket); err != nil {
		return nil, err
	}
	return t.live(ctx, bucket, true)
}

// adoptable returns an *account.UnadoptableError when the model has the bucket, or another one of
// its name, or could not have it.
func adoptable(t *target, name, bucket string) error {
	contents := t.view.Contents
	env := contents.Env
	refuse := func(cause, remedy string) error {
		return &account.UnadoptableError{Bucket: bucket, Cause: cause, Remedy: remedy}
	}
	for _, b := range contents.Buckets {
		switch {
		case b.BucketName == bucket:
			return refuse(
				fmt.Sprintf(
					"The bucket %s is in the model already: it is the project bucket %q.", bucket,
					t.project.name+"/"+b.Name,
				),
				fmt.Sprintf("Import it with the ID %q.", t.project.name+"/"+b.Name),
			)
		case b.Name == name:
			return refuse(
				fmt.Sprintf("The project has a bucket %q already: %s.", name, b.BucketName),
				"Choose another name in the import ID.",
			)
		}
	}
	if bucket == contents.LogBucket || bucket == contents.TemplateBucket {
		return refuse(fmt.Sprintf("The bucket %s is one of the project's own.", bucket), "It is managed with the project.")
	}
	candidate := model.Bucket{Name: name, BucketName: bucket, OnDelete: model.Retain}
	problems := append(candidate.Problems(), candidate.ProblemsAt(model.Location{
		Project: env.Project, Partition: env.Partition, AccountID: env.AccountID, Region: env.Region,
	})...)
	for _, problem := range problems {
		if problem.Field == "bucket_name" || problem.Field == "name" {
			return refuse(
				fmt.Sprintf(
					"The name of a project bucket must follow stricter rules than those of S3: the %s %s.", problem.Field,
					problem.Reason,
				),
				"Copy the objects into a bucket of another name.",
			)
		}
	}
	return nil
}

// live reads a bucket; check looks first whether it can be adopted.
func (t *target) live(ctx context.Context, bucket string, check bool) (*template.Live, error) {
	at := t.project.first().account
	existing := account.Existing{
		Buckets:        account.Buckets{S3: at.S3, AccountID: t.view.Contents.Env.AccountID},
		Control:        at.CloudControl,
		CloudFormation: at.CloudFormation,
	}
	if check {
		if err := existing.Check(ctx, bucket); err != nil {
			return nil, err
		}
	}
	description, err := existing.Describe(ctx, bucket)
	if err != nil {
		return nil, err
	}
	policy := ""
	if description.Policy != "" {
		if policy, err = template.PolicyDocument(description.Policy); err != nil {
			return nil, fmt.Errorf("the policy of the bucket %s: %w", bucket, err)
		}
	}
	live, err := template.DecodeLive(description.Bucket, policy)
	if err != nil {
		return nil, fmt.Errorf("the settings of the bucket %s: %w", bucket, err)
	}
	if strings.Contains(string(live.Encode()), "{{resolve:") {
		return nil, &account.UnadoptableError{
			Bucket: bucket,
			Cause: fmt.Sprintf(
				"A setting of the bucket %s holds {{resolve:, which CloudFormation would take for a reference.", bucket,
			),
			Remedy: "Change the setting, which may be a tag, and run plan again.",
		}
	}
	return live, nil
}

// Adopt brings an existing bucket into a project and makes it what the plan says, in two commits.
// The first one imports it with the settings that it has, and is proven to have changed nothing;
// the second one is an update. After a crash in between, the same call makes the second one only.
// What has changed since the plan is an error.
func (s *Service) Adopt(ctx context.Context, project string, a Adoption) error {
	return s.writer.adopt(ctx, project, a)
}

func (w *writer) adopt(ctx context.Context, project string, a Adoption) error {
	id := a.Planned.ID()
	t, err := w.reader.target(ctx, project)
	if err != nil {
		return err
	}
	update := template.Change{Op: template.Update, Entity: a.Planned, Prior: a.Prior, Incarnation: a.Incarnation}
	there, exists := t.view.Contents.Of(id)
	if exists && t.view.Contents.IncarnationOf(id) == a.Incarnation {
		return w.update(ctx, project, update)
	}
	if exists {
		bucket, _ := there.(model.Bucket)
		return &account.UnadoptableError{
			Bucket: a.Planned.BucketName,
			Cause:  fmt.Sprintf("The project has got a bucket %q since the plan was made: %s.", id.Name, bucket.BucketName),
			Remedy: "Run plan again.",
		}
	}
	if err := adoptable(t, a.Planned.Name, a.Planned.BucketName); err != nil {
		return err
	}
	now, err := t.live(ctx, a.Planned.BucketName, true)
	if err != nil {
		return err
	}
	if changed := a.Live.Differences(now); len(changed) > 0 {
		return &account.UnadoptableError{
			Bucket: a.Planned.BucketName,
			Cause:  "Its settings were changed after the plan was made: " + model.Sentences(changed...),
			Remedy: "Run plan again.",
		}
	}
	if err := w.importBucket(ctx, t, a, now); err != nil {
		return err
	}
	const imported = "The bucket was imported into the stack of the project, with the settings that it had."
	after, err := t.live(ctx, a.Planned.BucketName, false)
	if err != nil {
		return model.AfterChange(err, imported)
	}
	if changed := now.Differences(after); len(changed) > 0 {
		return model.AfterChange(&account.UnadoptableError{
			Bucket: a.Planned.BucketName, Remedy: "Run plan again: it shows what remains to be changed.",
			Cause: "Settings of it were changed while it was imported: " + model.Sentences(changed...),
		}, imported)
	}
	if err := w.update(ctx, project, update); err != nil {
		return model.AfterChange(err, imported+" They are still the same.")
	}
	return nil
}

// importBucket makes the first commit of an adoption.
func (w *writer) importBucket(ctx context.Context, t *target, a Adoption, live *template.Live) error {
	err := w.change(ctx, t.project.name, template.Change{
		Op:          template.Adopt,
		Entity:      live.Entity(t.view.Contents.Env, a.Planned.Name, a.Planned.UnmodeledSettings),
		Live:        live,
		Incarnation: a.Incarnation,
	})
	var refused *commit.CommitError
	if errors.As(err, &refused) && refused.NameTaken {
		return &account.UnadoptableError{
			Bucket: a.Planned.BucketName,
			Cause:  "CloudFormation did not import it. Another stack has it: " + model.Sentences(refused.Reasons...),
			Remedy: "Remove it from that stack, with DeletionPolicy: Retain. Then run plan again.",
		}
	}
	return err
}
