package projects_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/model/modeltest"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// sftpUser is what AWS Transfer tells of a user.
type sftpUser struct {
	Role                  string
	HomeDirectoryMappings []struct{ Entry, Target string }
	SshPublicKeys         []struct{ SshPublicKeyBody string }
}

// transfer asks AWS Transfer.
func (w *world) transfer(operation string, in, out any) {
	w.t.Helper()
	w.call("transfer", "TransferService."+operation, in, out)
}

// call asks a service, for which no module is needed but in tests.
func (w *world) call(service, target string, in, out any) {
	w.t.Helper()
	body, err := json.Marshal(in)
	must(w.t, err)
	request, err := http.NewRequestWithContext(
		w.t.Context(),
		http.MethodPost,
		"https://"+service+".eu-west-1.amazonaws.com/",
		bytes.NewReader(body),
	)
	must(w.t, err)
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Target", target)
	id, secret := sandbox.StaticCredentials(account)
	must(
		w.t,
		v4.NewSigner().SignHTTP(
			w.t.Context(), aws.Credentials{AccessKeyID: id, SecretAccessKey: secret}, request, hashOf(body),
			service, "eu-west-1", time.Now(),
		),
	)
	answer, err := (&http.Client{Transport: simulate.NewTransport(w.box)}).Do(request)
	must(w.t, err)
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %s", target, answer.Status)
	}
	must(w.t, json.NewDecoder(answer.Body).Decode(out))
}

func (w *world) sftpUser(server, name string) sftpUser {
	w.t.Helper()
	var out struct{ User sftpUser }
	w.transfer("DescribeUser", map[string]string{"ServerId": server, "UserName": name}, &out)
	return out.User
}

// servers are the ids of the account's SFTP servers.
func (w *world) servers() []string {
	w.t.Helper()
	var out struct {
		Servers []struct{ ServerId string }
	}
	w.transfer("ListServers", map[string]string{}, &out)
	var ids []string
	for _, s := range out.Servers {
		ids = append(ids, s.ServerId)
	}
	return ids
}

func TestSFTP_Partners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		project := acme()
		must(t, w.process().CreateProject(t.Context(), project))
		user := model.User{Name: "partner", SFTP: &model.SFTP{PublicKeys: []string{modeltest.PublicKey(1)}}}
		if err := w.process().Create(t.Context(), "acme", user); !model.IsNotFound(err, model.NotFoundServer) {
			t.Errorf("without a server the error is %v", err)
		}

		project.SFTP = true
		must(t, w.process().UpdateProject(t.Context(), project))
		servers := w.servers()
		if len(servers) != 1 {
			t.Fatalf("servers %v", servers)
		}
		s := w.process()
		all(t, s, user, bucket("inbox"), bucket("outbox"))
		all(
			t, s, model.Permission{User: "partner", Bucket: "inbox", Prefix: "incoming/", Access: model.ReadWrite},
			model.Permission{User: "partner", Bucket: "outbox", Access: model.Read},
		)
		wantHome := func(want string) {
			t.Helper()
			got := w.sftpUser(servers[0], "partner")
			if home := fmt.Sprint(got.HomeDirectoryMappings); home != want ||
				got.Role != "arn:aws:iam::"+account+":role/stowage/acme/acme-partner-sftp" {
				t.Errorf("the home is %s of %s, want %s", home, got.Role, want)
			}
			out, err := w.member().IAM.ListAttachedRolePolicies(
				t.Context(), &iam.ListAttachedRolePoliciesInput{RoleName: aws.String("acme-partner-sftp")},
			)
			must(t, err)
			if len(out.AttachedPolicies) != 1 {
				t.Errorf("%d policies on the role", len(out.AttachedPolicies))
			}
		}
		const outbox = "acme-outbox-111122223333-eu-west-1-an"
		wantHome("[{/inbox/incoming /acme-inbox-111122223333-eu-west-1-an/incoming} {/outbox /" + outbox + "}]")
		view := w.read(projects.Verified)
		if endpoint := template.SFTPEndpoint(
			view.Contents.Env,
		); endpoint != servers[0]+".server.transfer.eu-west-1.amazonaws.com" {
			t.Errorf("the endpoint is %s", endpoint)
		}
		if len(view.Contents.Drift) > 0 {
			t.Errorf("drift %v", view.Contents.Drift)
		}

		// Changes of users and permissions leave the server alone.
		user.SFTP = &model.SFTP{PublicKeys: []string{modeltest.PublicKey(2), modeltest.PublicKey(3)}}
		must(t, s.Update(t.Context(), "acme", user))
		must(t, s.Delete(t.Context(), "acme", model.Permission{User: "partner", Bucket: "inbox", Prefix: "incoming/"}.ID()))
		wantHome("[{/outbox /" + outbox + "}]")
		if keys := w.sftpUser(servers[0], "partner").SshPublicKeys; len(keys) != 2 {
			t.Errorf("keys %v", keys)
		}
		if now := w.servers(); !slices.Equal(now, servers) {
			t.Errorf("the servers were %v, are %v", servers, now)
		}

		// The server stays while users need it.
		project.SFTP = false
		var inUse *model.ConflictError
		if err := w.process().UpdateProject(
			t.Context(), project,
		); !errors.As(err, &inUse) || inUse.Kind != model.ConflictServerInUse ||
			fmt.Sprint(inUse.By) != "[user partner]" {
			t.Errorf("the error is %v", err)
		}
		user.SFTP = nil
		must(t, w.process().Update(t.Context(), "acme", user))
		must(t, w.process().UpdateProject(t.Context(), project))
		if left := w.servers(); len(left) > 0 {
			t.Errorf("servers %v are left", left)
		}
		must(t, w.process().Delete(t.Context(), "acme", model.Permission{User: "partner", Bucket: "outbox"}.ID()))
		for _, e := range []model.Entity{user, bucket("inbox"), bucket("outbox")} {
			must(t, w.process().Delete(t.Context(), "acme", e.ID()))
		}
		must(t, w.process().DeleteProject(t.Context(), "acme"))
		w.nothingIsLeft()
	})
}

// TestSFTP_LaterStacks: the server is in the first stack, users are where there is room, and their
// permissions stay with them.
func TestSFTP_LaterStacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, false)
		project := acme()
		project.SFTP = true
		s := w.process(small(14))
		must(t, s.CreateProject(t.Context(), project))
		all(t, s, bucket("b0"))
		var users, permissions []model.Entity
		for i := range 4 {
			name := fmt.Sprintf("partner%d", i)
			users = append(users, model.User{Name: name, SFTP: &model.SFTP{PublicKeys: []string{modeltest.PublicKey(byte(i))}}})
			permissions = append(permissions, model.Permission{User: name, Bucket: "b0", Prefix: "in/", Access: model.ReadWrite})
		}
		all(t, s, users...)
		all(t, s, permissions...)
		server := w.servers()[0]
		for i := range 4 {
			got := w.sftpUser(server, fmt.Sprintf("partner%d", i))
			if len(got.HomeDirectoryMappings) != 1 || got.HomeDirectoryMappings[0].Entry != "/b0/in" ||
				!strings.HasSuffix(got.Role, "-sftp") {
				t.Errorf("partner%d: %+v", i, got)
			}
		}
		view := w.read(projects.Verified)
		if len(view.Stacks) < 2 || len(view.Contents.Drift) > 0 {
			t.Errorf("%d stacks, drift %v", len(view.Stacks), view.Contents.Drift)
		}
		var inUse *model.ConflictError
		project.SFTP = false
		if err := w.process(small(14)).UpdateProject(
			t.Context(), project,
		); !errors.As(err, &inUse) || inUse.Kind != model.ConflictServerInUse ||
			len(inUse.By) != 4 {
			t.Errorf("the error is %v", err)
		}
	})
}

func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
