package acceptance_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// The accounts and names of examples/partner-exchange.
const (
	scannerAccount, auditorAccount = "444455556666", "777788889999"
	dropOff                        = "exchange-drop-off-" + account + "-" + region + "-an"
	pickUp                         = "exchange-pick-up-" + account + "-" + region + "-an"
)

// partnerKey is what a partner reads from its secret.
type partnerKey struct {
	ID     string `json:"access_key_id"`
	Secret string `json:"secret_access_key"`
}

// exchange applies the example, with something to read for the auditor.
func exchange(t *testing.T, variables ...string) (*world, *workspace) {
	t.Helper()
	w := newWorld(t)
	s := w.example("examples/partner-exchange")
	s.apply(variables...)
	s.planIsEmpty(variables...)
	_, err := w.clients().s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(pickUp), Key: aws.String("reports/2026-10.csv"), Body: strings.NewReader("a,b\n")})
	if err != nil {
		t.Fatal(err)
	}
	return w, s
}

// output is an output of the example.
func (s *workspace) output(name string) map[string]string {
	s.t.Helper()
	command := s.command("output", "-json", name)
	out, err := command.Output()
	if err != nil {
		s.t.Fatal(err)
	}
	var value map[string]string
	if err := json.Unmarshal(out, &value); err != nil {
		s.t.Fatal(err)
	}
	return value
}

// reader makes a role in a partner's account that may read secrets of the project's account as far as that lets it, and returns credentials of it.
func (w *world) reader(partner, role string) aws.Config {
	w.t.Helper()
	ctx, admin := w.t.Context(), w.config(partner)
	_, err := iam.NewFromConfig(admin).CreateRole(ctx, &iam.CreateRoleInput{RoleName: &role, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + partner + `:root"},"Action":"sts:AssumeRole"}]}`)})
	must(w, 0, err)
	_, err = iam.NewFromConfig(admin).PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &role, PolicyName: aws.String("stowage"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[` +
			`{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"arn:aws:secretsmanager:*:` + account + `:secret:stowage/exchange/*"},` +
			`{"Effect":"Allow","Action":"kms:Decrypt","Resource":"arn:aws:kms:*:` + account + `:key/*"}]}`)})
	must(w, 0, err)
	out, err := sts.NewFromConfig(admin).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + partner + ":role/" + role), RoleSessionName: aws.String("partner")})
	c := must(w, out, err).Credentials
	admin.Credentials = credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
	return admin
}

// key reads a partner's key with its own role.
func (w *world) key(reader aws.Config, secret string) partnerKey {
	w.t.Helper()
	out, err := secretsmanager.NewFromConfig(reader).GetSecretValue(w.t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &secret})
	var key partnerKey
	if err := json.Unmarshal([]byte(aws.ToString(must(w, out, err).SecretString)), &key); err != nil || key.ID == "" {
		w.t.Fatalf("the secret holds no key: %v", err)
	}
	return key
}

// from are S3 clients with a partner's key, at an address.
func (w *world) from(key partnerKey, address string) *s3.Client {
	config := w.config(account)
	config.Credentials = credentials.NewStaticCredentialsProvider(key.ID, key.Secret, "")
	config.HTTPClient = at{address}
	return s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
}

// at sends requests as if from an address.
type at struct{ address string }

func (a at) Do(r *http.Request) (*http.Response, error) {
	r.Header.Set(sandbox.SourceIPHeader, a.address)
	return http.DefaultClient.Do(r)
}

// TestPartnersMayDoWhatTheyShould and nothing else, with the keys that they read with roles of their own accounts.
func TestPartnersMayDoWhatTheyShould(t *testing.T) {
	t.Parallel()
	w, s := exchange(t)
	ctx := t.Context()
	scannerSecret, auditorSecret := s.output("for_the_scanner")["secret_arn"], s.output("for_the_auditor")["secret_arn"]
	scanners, auditors := w.reader(scannerAccount, "stowage-reader"), w.reader(auditorAccount, "stowage-reader")
	scanner, auditor := w.key(scanners, scannerSecret), w.key(auditors, auditorSecret)

	// Nobody reads another's secret, nor does another role of the same account.
	for name, config := range map[string]aws.Config{"the auditor": auditors, "another role": w.reader(scannerAccount, "another")} {
		_, err := secretsmanager.NewFromConfig(config).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &scannerSecret})
		wantDenied(t, name+" reads the scanner's secret", err)
	}

	inside, outside := w.from(scanner, "203.0.113.7"), w.from(scanner, "198.51.100.7")
	reads := w.from(auditor, "198.51.100.7")
	put := func(c *s3.Client, bucket, key string) error {
		_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("x")})
		return err
	}
	get := func(c *s3.Client, bucket, key string) error {
		_, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
		return err
	}
	list := func(c *s3.Client, bucket, prefix string) error {
		_, err := c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
		return err
	}
	remove := func(c *s3.Client, bucket, key string) error {
		_, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key})
		return err
	}
	upload := func(c *s3.Client, bucket, key string) error {
		made, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
		if err != nil {
			return err
		}
		_, err = c.UploadPart(ctx, &s3.UploadPartInput{Bucket: &bucket, Key: &key, UploadId: made.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("x")})
		if err != nil {
			return err
		}
		_, err = c.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: made.UploadId})
		return err
	}
	for name, err := range map[string]error{
		"the scanner uploads":          put(inside, dropOff, "scans/1"),
		"the scanner uploads in parts": upload(inside, dropOff, "scans/2"),
		"the auditor lists":            list(reads, pickUp, "reports/"),
		"the auditor reads":            get(reads, pickUp, "reports/2026-10.csv"),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{
		"the scanner uploads from elsewhere":    put(outside, dropOff, "scans/3"),
		"the scanner uploads beside its prefix": put(inside, dropOff, "print/1"),
		"the scanner uploads to pick-up":        put(inside, pickUp, "scans/1"),
		"the scanner reads":                     get(inside, dropOff, "scans/1"),
		"the scanner lists":                     list(inside, dropOff, "scans/"),
		"the scanner deletes":                   remove(inside, dropOff, "scans/1"),
		"the auditor writes":                    put(reads, pickUp, "reports/2026-10.csv"),
		"the auditor deletes":                   remove(reads, pickUp, "reports/2026-10.csv"),
		"the auditor looks into drop-off":       list(reads, dropOff, ""),
		"the auditor looks into the logs":       list(reads, "stowage-exchange-logs-"+account+"-"+region+"-an", ""),
	} {
		wantDenied(t, name, err)
	}
	config := w.config(account)
	config.Credentials = credentials.NewStaticCredentialsProvider(scanner.ID, scanner.Secret, "")
	_, err := iam.NewFromConfig(config).ListUsers(ctx, &iam.ListUsersInput{})
	wantDenied(t, "the scanner looks at users", err)

	for _, object := range []struct{ bucket, key string }{{dropOff, "scans/1"}, {pickUp, "reports/2026-10.csv"}} {
		versions, err := w.clients().s3.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &object.bucket})
		for _, v := range must(w, versions, err).Versions {
			_, err := w.clients().s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &object.bucket, Key: v.Key, VersionId: v.VersionId})
			must(w, 0, err)
		}
	}
	s.destroy()
	w.clients().wantNothingLeft()
}

func wantDenied(t *testing.T, what string, err error) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || !strings.HasPrefix(e.ErrorCode(), "AccessDenied") {
		t.Errorf("%s: %v", what, err)
	}
}

// consoles are the blocks of commands in a README: who types them, and what. A line behind a command is in the error that it has to end with.
var consoles = regexp.MustCompile("(?s)```console (\\w+)\n(.*?)```")

// TestCommandsOfTheReadme runs what the README of partner-exchange says that partners type, with the AWS CLI that the environment variable STOWAGE_TEST_AWS_CLI
// names: make partners sets it. Without it the commands are checked for being there; what they do is what TestPartnersMayDoWhatTheyShould does.
func TestCommandsOfTheReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join(repository, "examples/partner-exchange/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := consoles.FindAllStringSubmatch(string(readme), -1)
	if len(blocks) != 5 {
		t.Fatalf("%d blocks of commands", len(blocks))
	}
	if awsCLI == "" {
		return
	}
	w, s := exchange(t, `-var=scanner_networks=["127.0.0.0/8"]`)
	readers := map[string]aws.Config{"scanner": w.reader(scannerAccount, "stowage-reader"), "auditor": w.reader(auditorAccount, "stowage-reader")}
	secrets := map[string]string{"scanner": s.output("for_the_scanner")["secret_arn"], "auditor": s.output("for_the_auditor")["secret_arn"]}
	dir := t.TempDir()
	for _, block := range blocks {
		who := block[1]
		var c aws.Credentials
		if who == "reader" {
			c, err = readers["scanner"].Credentials.Retrieve(t.Context())
			must(w, 0, err)
		} else {
			key := w.key(readers[who], secrets[who])
			c = aws.Credentials{AccessKeyID: key.ID, SecretAccessKey: key.Secret}
		}
		environ := append(os.Environ(),
			"HOME="+dir, "AWS_ENDPOINT_URL="+w.endpoint, "AWS_REGION="+region, "AWS_DEFAULT_REGION="+region, "AWS_EC2_METADATA_DISABLED=true",
			"AWS_ACCESS_KEY_ID="+c.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+c.SecretAccessKey, "AWS_SESSION_TOKEN="+c.SessionToken,
			"DROP_OFF="+dropOff, "PICK_UP="+pickUp, "SECRET_ARN="+secrets["scanner"], "PATH="+filepath.Dir(awsCLI)+":"+os.Getenv("PATH"))
		if c.SessionToken == "" {
			environ = append(environ, "AWS_SESSION_TOKEN=")
		}
		for _, step := range strings.Split(block[2], "$ ")[1:] {
			typed, want, _ := strings.Cut(strings.TrimSpace(step), "\n")
			command := exec.CommandContext(t.Context(), "sh", "-c", typed)
			command.Dir, command.Env = dir, environ
			out, err := command.CombinedOutput()
			switch {
			case want == "" && err != nil:
				t.Errorf("the %s types %s: %v\n%s", who, typed, err, out)
			case want != "" && (err == nil || !strings.Contains(string(out), want)):
				t.Errorf("the %s types %s: want %s, got %v\n%s", who, typed, want, err, out)
			}
		}
	}
}
