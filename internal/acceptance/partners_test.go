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
	"github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

// The accounts and names of examples/partner-exchange.
const (
	scannerAccount, auditorAccount = "444455556666", "777788889999"
	dropOff                        = "exchange-drop-off-" + account + "-" + region + "-an"
	pickUp                         = "exchange-pick-up-" + account + "-" + region + "-an"
)

// TestAccExample_PartnerExchange applies the example, and uses the keys that partners read with
// roles of their own accounts. With the AWS CLI, it also runs the commands of its README.
func TestAccExample_PartnerExchange(t *testing.T) {
	x := newTenant(t)
	x.project = "exchange" // as in the example, which no other test applies
	readers, others, auditors := x.reader(scannerAccount, "stowage-reader"), x.reader(
		scannerAccount, "another",
	), x.reader(auditorAccount, "stowage-reader")
	step := func(variables config.Variables, check func(scannerSecret, auditorSecret string)) resource.TestStep {
		variables["account_id"] = config.StringVariable(x.account)
		return resource.TestStep{
			ProtoV6ProviderFactories: providers, // not in the test case: the directory has a provider block
			ConfigDirectory:          config.StaticDirectory(filepath.Join(repository, "examples/partner-exchange")),
			ConfigVariables:          variables,
			Check: func(state *terraform.State) error {
				secret := func(output string) string {
					value, _ := state.RootModule().Outputs[output].Value.(map[string]any)
					arn, _ := value["secret_arn"].(string)
					return arn
				}
				check(secret("for_the_scanner"), secret("for_the_auditor"))
				return nil
			},
		}
	}
	first := step(config.Variables{}, func(scannerSecret, auditorSecret string) {
		x.put(x.in(pickUp), "reports/2026-10.csv")
		x.wantPartnersReach(readers, others, auditors, scannerSecret, auditorSecret)
		if awsCLI == "" {
			x.empty(x.in(dropOff))
			x.empty(x.in(pickUp))
		}
	})
	// The commands are sent from this machine's address.
	local := config.Variables{"scanner_networks": config.SetVariable(config.StringVariable("127.0.0.0/8"))}
	second := step(local, func(scannerSecret, auditorSecret string) {
		x.typeCommands(
			map[string]aws.Config{"scanner": readers, "auditor": auditors},
			map[string]string{"scanner": scannerSecret, "auditor": auditorSecret},
		)
		x.empty(x.in(dropOff))
		x.empty(x.in(pickUp))
	})
	second.SkipFunc = func() (bool, error) { return awsCLI == "", nil } // make test-partners installs it
	testCase := x.testCase(first, second)
	testCase.ProtoV6ProviderFactories = nil
	resource.ParallelTest(t, testCase)
}

// reader creates a role in a partner's account that may read secrets of the project's account as
// far as that permits it, and returns its credentials.
func (x *tenant) reader(partner, role string) aws.Config {
	x.t.Helper()
	w, ctx, admin := x.w, x.t.Context(), x.w.config(partner)
	w.makeRole(partner, role)
	_, err := iam.NewFromConfig(admin).PutRolePolicy(
		ctx,
		&iam.PutRolePolicyInput{RoleName: &role, PolicyName: aws.String("stowage"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[` +
				`{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"arn:aws:secretsmanager:*:` + x.account + `:secret:stowage/exchange/*"},` +
				`{"Effect":"Allow","Action":"kms:Decrypt","Resource":"arn:aws:kms:*:` + x.account + `:key/*"}]}`)},
	)
	must(w, 0, err)
	out, err := sts.NewFromConfig(admin).AssumeRole(
		ctx,
		&sts.AssumeRoleInput{
			RoleArn: aws.String("arn:aws:iam::" + partner + ":role/" + role), RoleSessionName: aws.String("partner"),
		},
	)
	c := must(w, out, err).Credentials
	admin.Credentials = credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
	return admin
}

func (x *tenant) readKey(reader aws.Config, secret string) storedKey {
	x.t.Helper()
	out, err := secretsmanager.NewFromConfig(reader).GetSecretValue(
		x.t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &secret},
	)
	var key storedKey
	if err := json.Unmarshal([]byte(aws.ToString(must(x.w, out, err).SecretString)), &key); err != nil || key.ID == "" {
		x.t.Fatalf("the secret holds no key: %v", err)
	}
	return key
}

func (x *tenant) from(key storedKey, address string) *s3.Client {
	config := x.w.config(x.account)
	config.Credentials = credentials.NewStaticCredentialsProvider(key.ID, key.Secret, "")
	config.HTTPClient = sourceIP{address}
	return s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
}

type sourceIP struct{ address string }

func (a sourceIP) Do(r *http.Request) (*http.Response, error) {
	r.Header.Set(sandbox.SourceIPHeader, a.address)
	return http.DefaultClient.Do(r)
}

func (x *tenant) wantPartnersReach(readers, others, auditors aws.Config, scannerSecret, auditorSecret string) {
	t, ctx := x.t, x.t.Context()
	t.Helper()
	dropOff, pickUp := x.in(dropOff), x.in(pickUp)
	scanner, auditor := x.readKey(readers, scannerSecret), x.readKey(auditors, auditorSecret)

	// No partner reads another's secret, nor does another role of the same account.
	for name, config := range map[string]aws.Config{"the auditor": auditors, "another role": others} {
		_, err := secretsmanager.NewFromConfig(config).GetSecretValue(
			ctx, &secretsmanager.GetSecretValueInput{SecretId: &scannerSecret},
		)
		wantDenied(t, name+" reads the scanner's secret", err)
	}

	inside, outside := x.from(scanner, "203.0.113.7"), x.from(scanner, "198.51.100.7")
	reads := x.from(auditor, "198.51.100.7")
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
		_, err = c.UploadPart(
			ctx,
			&s3.UploadPartInput{
				Bucket: &bucket, Key: &key, UploadId: made.UploadId, PartNumber: aws.Int32(1),
				Body: strings.NewReader("x"),
			},
		)
		if err != nil {
			return err
		}
		_, err = c.AbortMultipartUpload(
			ctx, &s3.AbortMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: made.UploadId},
		)
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
		"the auditor looks into the logs":       list(reads, x.in("stowage-exchange-logs-"+account+"-"+region+"-an"), ""),
	} {
		wantDenied(t, name, err)
	}
	config := x.w.config(x.account)
	config.Credentials = credentials.NewStaticCredentialsProvider(scanner.ID, scanner.Secret, "")
	_, err := iam.NewFromConfig(config).ListUsers(ctx, &iam.ListUsersInput{})
	wantDenied(t, "the scanner looks at users", err)
}

func wantDenied(t *testing.T, what string, err error) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || !strings.HasPrefix(e.ErrorCode(), "AccessDenied") {
		t.Errorf("%s: %v", what, err)
	}
}

// consoles matches the blocks of commands in a README: the user and the commands. A line after a
// command is in its expected error.
var consoles = regexp.MustCompile("(?s)```console (\\w+)\n(.*?)```")

func TestExamples_Commands(t *testing.T) {
	t.Parallel()
	if n := len(commandBlocks(t)); n != 5 {
		t.Fatalf("%d blocks of commands, want 5", n)
	}
}

func commandBlocks(t *testing.T) [][]string {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join(repository, "examples/partner-exchange/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return consoles.FindAllStringSubmatch(string(readme), -1)
}

func (x *tenant) typeCommands(readers map[string]aws.Config, secrets map[string]string) {
	t, w := x.t, x.w
	t.Helper()
	dir := t.TempDir()
	for _, block := range commandBlocks(t) {
		who := block[1]
		var c aws.Credentials
		if who == "reader" {
			retrieved, err := readers["scanner"].Credentials.Retrieve(t.Context())
			c = must(w, retrieved, err)
		} else {
			key := x.readKey(readers[who], secrets[who])
			c = aws.Credentials{AccessKeyID: key.ID, SecretAccessKey: key.Secret}
		}
		environ := append(
			os.Environ(), "HOME="+dir, "AWS_ENDPOINT_URL="+w.endpoint, "AWS_REGION="+region,
			"AWS_DEFAULT_REGION="+region, "AWS_EC2_METADATA_DISABLED=true", "AWS_ACCESS_KEY_ID="+c.AccessKeyID,
			"AWS_SECRET_ACCESS_KEY="+c.SecretAccessKey, "AWS_SESSION_TOKEN="+c.SessionToken,
			"DROP_OFF="+x.in(dropOff), "PICK_UP="+x.in(pickUp), "SECRET_ARN="+secrets["scanner"],
			"PATH="+filepath.Dir(awsCLI)+":"+os.Getenv("PATH"),
		)
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
