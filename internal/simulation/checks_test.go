package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// subscribe subscribes a function to the notifications of the project's account.
func (w *world) subscribe(function string) {
	w.t.Helper()
	_, err := sns.NewFromConfig(w.person("inspector")).Subscribe(w.t.Context(), &sns.SubscribeInput{
		TopicArn: aws.String("arn:aws:sns:" + region + ":" + account + ":" + sandbox.TopicName),
		Protocol: aws.String("lambda"),
		Endpoint: aws.String(function),
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) table() *mirror.Table {
	c := w.person("watcher")
	access, secret := sandbox.StaticCredentials(sandbox.HubAccount)
	c.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: access, SecretAccessKey: secret}, nil
	})
	return mirror.New(dynamodb.NewFromConfig(c), "stowage")
}

// watch checks that the mirror never goes back in time. Its reader is a person with the console,
// whom no fault affects.
func (w *world) watch(swarm) {
	table := w.table()
	before := map[int]mirror.Version{}
	for range int(faultTime / (7 * time.Second)) {
		time.Sleep(7 * time.Second)
		snapshot, err := table.Read(w.t.Context(), project)
		if err != nil {
			continue
		}
		for n, head := range snapshot.Heads {
			if was := before[n]; was.StackID == head.StackID && was != head.Version && was.Supersedes(head.Version) {
				w.problem("mirror", "it went back from %+v to %+v", was, head.Version)
			}
			before[n] = head.Version
		}
	}
}

// byHand edits the template as a person does, and waits for the end.
func (w *world) byHand(s swarm) {
	client := cloudformation.NewFromConfig(w.person("person"))
	ctx := w.t.Context()
	for n := range s.byHand {
		time.Sleep(time.Duration(40+17*n) * time.Second)
		name := fmt.Sprintf("Theirs%d", n)
		if !w.edit(ctx, client, name, rand.New(rand.NewPCG(w.seed, 0x5172+uint64(n)))) {
			continue
		}
		out, err := client.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: aws.String(stack)})
		if err != nil {
			continue
		}
		for _, event := range out.StackEvents {
			if aws.ToString(event.LogicalResourceId) == name && event.ResourceStatus == types.ResourceStatusCreateComplete {
				w.mu.Lock()
				w.theirs = append(w.theirs, name)
				w.mu.Unlock()
				break
			}
		}
	}
}

// edit adds a resource to the template or damages metadata, and reports whether the update
// succeeded.
func (w *world) edit(ctx context.Context, client *cloudformation.Client, name string, r *rand.Rand) bool {
	got, err := client.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: aws.String(stack)})
	if err != nil {
		return false
	}
	before, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(stack)})
	if err != nil {
		return false
	}
	var sections map[string]any
	if json.Unmarshal([]byte(aws.ToString(got.TemplateBody)), &sections) != nil {
		return false
	}
	resources, _ := sections["Resources"].(map[string]any)
	w.change(resources, name, r)
	body, err := json.Marshal(sections)
	if err != nil {
		return false
	}
	// A careful person also makes a change set, and does not execute one that removes other
	// people's resources.
	made, err := client.CreateChangeSet(ctx, &cloudformation.CreateChangeSetInput{
		StackName:     before.Stacks[0].StackId,
		ChangeSetName: aws.String("by-hand-" + name),
		TemplateBody:  aws.String(string(body)),
		Parameters: []types.Parameter{
			{ParameterKey: aws.String(template.RevisionParameter), UsePreviousValue: aws.Bool(true)},
		},
		Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam},
	})
	if err != nil {
		return false
	}
	time.Sleep(10 * time.Second)
	set, err := client.DescribeChangeSet(ctx, &cloudformation.DescribeChangeSetInput{ChangeSetName: made.Id})
	if err != nil || set.Status != types.ChangeSetStatusCreateComplete || len(set.Changes) != 1 {
		_, _ = client.DeleteChangeSet(ctx, &cloudformation.DeleteChangeSetInput{ChangeSetName: made.Id})
		return false
	}
	if _, err := client.ExecuteChangeSet(ctx, &cloudformation.ExecuteChangeSetInput{ChangeSetName: made.Id}); err != nil {
		return false
	}
	for range 200 {
		time.Sleep(5 * time.Second)
		now, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: before.Stacks[0].StackId})
		if err == nil && !strings.HasSuffix(string(now.Stacks[0].StackStatus), "_IN_PROGRESS") {
			break
		}
	}
	return true
}

// change makes a person's mistake in the resources of a template: an additional resource with the
// metadata of one of ours, or metadata that names another bucket.
func (w *world) change(resources map[string]any, name string, r *rand.Rand) {
	var ours []map[string]any // the metadata of buckets and users, by logical id
	for _, id := range slices.Sorted(maps.Keys(resources)) {
		metadata, _ := resources[id].(map[string]any)["Metadata"].(map[string]any)
		mark, _ := metadata["Stowage"].(map[string]any)
		of, _ := mark["of"].(map[string]any)
		if of["kind"] == string(model.KindBucket) || of["kind"] == string(model.KindUser) {
			ours = append(ours, metadata)
		}
	}
	group := map[string]any{"Type": "AWS::IAM::Group", "Properties": map[string]any{"GroupName": strings.ToLower(name)}}
	kind := r.IntN(3)
	if len(ours) == 0 {
		kind = 0
	}
	switch kind {
	case 0:
		resources[name] = group
	case 1:
		group["Metadata"] = ours[r.IntN(len(ours))]
		resources[name] = group
	case 2:
		mark, _ := ours[r.IntN(len(ours))]["Stowage"].(map[string]any)
		settings, _ := mark["settings"].(map[string]any)
		if settings["bucket_name"] == nil {
			resources[name] = group
			return
		}
		settings["bucket_name"] = project + "-damaged"
		w.damaged.Store(true)
	}
}

// atRest checks the world once everything is at rest.
func (w *world) atRest(s swarm) {
	w.checkLiveness()
	reader := w.start("reader", 2, func(c *projects.Config) { c.ReadMode = projects.Authoritative })
	call := w.history.Now()
	truth, err := reader.Read(reader.ctx, project)
	if err != nil {
		w.problem("liveness", "the project can't be read: %v", err)
		return
	}
	w.saw(reader.n, Read, truth, call, w.history.Now())
	if err := Linearizable(w.history.Accesses()); err != nil {
		w.problem("outcomes", "%v", err)
	}
	if err := Sessions(
		slices.DeleteFunc(w.history.Accesses(), func(a Access) bool { return strings.Contains(a.Entity, "permission") }),
	); err != nil {
		w.problem("outcomes", "%v", err)
	}
	w.checkRevisions(truth)
	w.checkTheirs(truth)
	if len(truth.Contents.Drift) > 0 && !w.damaged.Load() {
		w.problem("second plan", "entities deviate from what they compile to: %v", truth.Contents.Drift)
	}
	w.checkMirror(s, truth)
	if !s.undeletable {
		w.checkResources(truth)
	}
}

// checkLiveness checks that the stacks are at rest in a good status, and that no live process has
// left a change set.
func (w *world) checkLiveness() {
	client := cloudformation.NewFromConfig(w.person("inspector"))
	out, err := client.DescribeStacks(w.t.Context(), &cloudformation.DescribeStacksInput{})
	if err != nil {
		w.problem("liveness", "%v", err)
		return
	}
	for _, s := range out.Stacks {
		name := aws.ToString(s.StackName)
		switch s.StackStatus {
		case types.StackStatusUpdateComplete, types.StackStatusUpdateRollbackComplete, types.StackStatusCreateComplete:
		case types.StackStatusUpdateRollbackFailed:
			// A crashed process may have left it so. The next writer repairs it.
			if err := w.bringBack(name); err != nil {
				w.problem("liveness", "the next writer can't bring the stack %s back: %v", name, err)
			}
		default:
			if name == stack ||
				s.StackStatus != types.StackStatusReviewInProgress && s.StackStatus != types.StackStatusRollbackComplete {
				w.problem("liveness", "the stack %s is in the status %s", name, s.StackStatus)
			}
		}
	}
}

func (w *world) bringBack(name string) error {
	next := w.start("next", 3)
	if name == stack {
		return next.UpdateProject(next.ctx, w.touched(next))
	}
	reader := w.start("near", 7, func(c *projects.Config) { c.ReadMode = projects.Cached })
	view, err := reader.Read(reader.ctx, project)
	if err != nil {
		return err
	}
	for e := range view.Contents.Entities() {
		if e.ID().Kind == model.KindProject {
			continue
		}
		if err := next.Update(next.ctx, project, e); err != nil {
			return err
		}
	}
	return nil
}

// touched returns the project with another tag.
func (w *world) touched(p *process) (changed model.Project) {
	view, err := p.Read(p.ctx, project)
	if err != nil || view.Contents.Project == nil {
		w.problem("liveness", "the project can't be read: %v", err)
		return changed
	}
	changed = *view.Contents.Project
	changed.Tags = map[string]string{"touched": "yes"}
	return changed
}

// checkRevisions checks that each successful commit, and nothing else, raised the revision of its
// stack by one.
func (w *world) checkRevisions(truth *projects.View) {
	client := cloudformation.NewFromConfig(w.person("inspector"))
	for _, s := range truth.Stacks {
		pages := cloudformation.NewDescribeStackEventsPaginator(
			client, &cloudformation.DescribeStackEventsInput{StackName: aws.String(s.ID)},
		)
		commits := 0
		for pages.HasMorePages() {
			page, err := pages.NextPage(w.t.Context())
			if err != nil {
				w.problem("revisions", "%v", err)
				return
			}
			for _, event := range page.StackEvents {
				ours := strings.HasPrefix(aws.ToString(event.ClientRequestToken), "writer-")
				if ours && aws.ToString(event.PhysicalResourceId) == aws.ToString(event.StackId) &&
					event.ResourceStatus == types.ResourceStatusUpdateComplete {
					commits++
				}
			}
		}
		if s.Revision != int64(commits) {
			w.problem("revisions", "revision %d of the stack %s after %d commits", s.Revision, s.Name, commits)
		}
	}
}

// checkMirror checks that the mirror equals the template. After lost notifications and without
// further writes it is outdated until a read repairs it.
func (w *world) checkMirror(s swarm, truth *projects.View) {
	if s.delivery.Drop > 0 || len(s.faults) > 0 {
		mender := w.start("mender", 4)
		if _, err := mender.Synchronizer().Refresh(mender.ctx, project); err != nil {
			w.problem("mirror", "it can't be repaired: %v", err)
		}
	}
	cached := w.start("cached", 5, func(c *projects.Config) { c.ReadMode = projects.Cached })
	view, err := cached.Read(cached.ctx, project)
	if err != nil {
		w.problem("mirror", "%v", err)
		return
	}
	if s.staleByHand() {
		// A template that is stale after a hand edit looks current (see doc.go). The person's
		// changes are not compared.
		leaveAside(truth)
		leaveAside(view)
	}
	if diff := cmp.Diff(canonical(truth), canonical(view)); diff != "" {
		w.problem("mirror", "it differs from the template (-template +mirror):\n%s", diff)
	}
	w.box.ResetCalls()
	verified := w.start("verified", 6)
	second, err := verified.Read(verified.ctx, project)
	if err != nil {
		w.problem("second plan", "%v", err)
		return
	}
	if s.staleByHand() {
		leaveAside(second)
	}
	if diff := cmp.Diff(canonical(truth), canonical(second)); diff != "" {
		w.problem("second plan", "reads differ (-template +verified):\n%s", diff)
	}
	if n := w.box.Calls()["cloudformation"]["GetTemplate"]; n != 0 {
		w.problem("mirror", "a verified read had to read %d templates", n)
	}
}

// leaveAside removes from a view what hand edits added.
func leaveAside(view *projects.View) {
	c := &view.Contents
	c.Foreign, c.Copies, c.Mismatches, c.Drift, c.Usage = nil, nil, nil, nil, template.Usage{}
	for n := range view.Stacks {
		view.Stacks[n].Usage = template.Usage{}
	}
}

// canonical returns a view as JSON, in which empty and missing lists are equal.
func canonical(view *projects.View) string {
	live := map[string][]template.LiveDifference{}
	for id, differences := range view.Live {
		live[id.String()] = differences
	}
	text, err := json.MarshalIndent(struct {
		*projects.View
		Live map[string][]template.LiveDifference
	}{view, live}, "", " ")
	if err != nil {
		panic(err)
	}
	return string(text)
}

// staleByHand reports whether a person edits the template while GetTemplate answers stale.
func (s swarm) staleByHand() bool {
	return s.byHand > 0 &&
		slices.ContainsFunc(s.faults, func(f sandbox.Fault) bool { return f.Effect == sandbox.StaleRead })
}

// checkTheirs checks that a person's additions are still there.
func (w *world) checkTheirs(truth *projects.View) {
	for _, name := range w.theirs {
		if !slices.Contains(truth.Contents.Foreign, name) {
			w.problem("by hand", "%s was added by a person and is gone", name)
		}
	}
}

// checkResources checks that the account holds exactly the users and buckets of all entities, and
// buckets whose deletion failed.
func (w *world) checkResources(truth *projects.View) {
	known := map[string]bool{}
	missing := map[string]bool{}
	for _, b := range truth.Contents.Buckets {
		known[b.BucketName], missing[b.BucketName] = true, !w.lost[b.ID()]
	}
	for _, u := range truth.Contents.Users {
		known[project+"-"+u.Name], missing[project+"-"+u.Name] = true, true
	}
	defer func() {
		for name, gone := range missing {
			if gone {
				w.problem("resources", "the template has %s, and AWS does not", name)
			}
		}
	}()
	c := w.person("inspector")
	buckets, err := s3.NewFromConfig(c).ListBuckets(w.t.Context(), &s3.ListBucketsInput{})
	if err != nil {
		w.problem("resources", "%v", err)
		return
	}
	for _, b := range buckets.Buckets {
		delete(missing, aws.ToString(b.Name))
		if name := aws.ToString(b.Name); strings.HasPrefix(name, project+"-b") && !known[name] {
			w.problem("resources", "the bucket has no owner: %s", name)
		}
	}
	users, err := iam.NewFromConfig(c).ListUsers(w.t.Context(), &iam.ListUsersInput{PathPrefix: aws.String("/stowage/")})
	if err != nil {
		w.problem("resources", "%v", err)
		return
	}
	for _, u := range users.Users {
		delete(missing, aws.ToString(u.UserName))
		if name := aws.ToString(u.UserName); !known[name] {
			w.problem("resources", "the user has no owner: %s", name)
		}
	}
}
