package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

const project = "111122223333"

// serve starts a sandbox with a real listener and returns a configuration for the hub's
// administrator.
func serve(t *testing.T) (*sandbox.Sandbox, aws.Config) {
	t.Helper()
	box := sandbox.New(sandbox.Options{Seed: 1})
	server := httptest.NewServer(box)
	t.Cleanup(server.Close)
	return box, config(sandbox.HubAccount, func(c *aws.Config) { c.BaseEndpoint = aws.String(server.URL) })
}

func config(account string, change func(*aws.Config)) aws.Config {
	id, secret := sandbox.StaticCredentials(account)
	c := aws.Config{
		Region:      "eu-west-1",
		Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
	change(&c)
	return c
}

func wantError(t *testing.T, err error, code, message string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) {
		t.Errorf("got %v, want error %s", err, code)
		return
	}
	if e.ErrorCode() != code || e.ErrorMessage() != message {
		t.Errorf("got %s: %q\nwant %s: %q", e.ErrorCode(), e.ErrorMessage(), code, message)
	}
}

func TestHub_Setup(t *testing.T) {
	t.Parallel()
	_, c := serve(t)
	out, err := ssm.NewFromConfig(c).GetParameter(
		t.Context(), &ssm.GetParameterInput{Name: aws.String("/stowage/hub/stowage")},
	)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"format":1,"region":"eu-west-1","table":"stowage","account_id":"000000000000"}`
	if got := aws.ToString(out.Parameter.Value); got != want {
		t.Errorf("settings %s, want %s", got, want)
	}
}

func TestSignatures_UnknownKeys(t *testing.T) {
	t.Parallel()
	_, c := serve(t)
	c.Credentials = credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", "")
	const invalid = "The security token included in the request is invalid."
	_, err := sts.NewFromConfig(c).GetCallerIdentity(t.Context(), nil)
	wantError(t, err, "InvalidClientTokenId", invalid)
	_, err = iam.NewFromConfig(c).ListUsers(t.Context(), nil)
	wantError(t, err, "InvalidClientTokenId", invalid)
	_, err = ssm.NewFromConfig(c).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/x")})
	wantError(t, err, "UnrecognizedClientException", invalid)
}

func TestSignatures_WrongSecrets(t *testing.T) {
	t.Parallel()
	_, c := serve(t)
	id, _ := sandbox.StaticCredentials(sandbox.HubAccount)
	c.Credentials = credentials.NewStaticCredentialsProvider(id, "wrong", "")
	const mismatch = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. " +
		"Consult the service documentation for details."
	_, err := sts.NewFromConfig(c).GetCallerIdentity(t.Context(), nil)
	wantError(t, err, "SignatureDoesNotMatch", mismatch)
	_, err = ssm.NewFromConfig(c).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/x")})
	wantError(t, err, "InvalidSignatureException", mismatch)
}

func TestSignatures_Presigned(t *testing.T) {
	t.Parallel()
	_, c := serve(t)
	signed, err := sts.NewPresignClient(sts.NewFromConfig(c)).PresignGetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	status, body := do(t, signed.Method, signed.URL, "")
	if status != http.StatusOK || !strings.Contains(body, "arn:aws:iam::000000000000:user/administrator") {
		t.Errorf("a good presigned request: %d %s", status, body)
	}
	status, body = do(t, signed.Method, strings.Replace(signed.URL, "Version=2011-06-15", "Version=2011-06-16", 1), "")
	if status != http.StatusForbidden || !strings.Contains(body, "<Code>SignatureDoesNotMatch</Code>") {
		t.Errorf("a changed presigned request: %d %s", status, body)
	}
}

func TestAPI_OtherVersions(t *testing.T) {
	t.Parallel()
	_, c := serve(t)
	signed, err := sts.NewPresignClient(sts.NewFromConfig(c), func(o *sts.PresignOptions) {
		o.Presigner = otherVersion{v4.NewSigner()}
	}).PresignGetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	status, body := do(t, signed.Method, signed.URL, "")
	if status != http.StatusBadRequest ||
		!strings.Contains(body, "Could not find operation GetCallerIdentity for version 2011-06-16") {
		t.Errorf("%d %s", status, body)
	}
}

type otherVersion struct{ signer *v4.Signer }

func (o otherVersion) PresignHTTP(
	ctx context.Context, c aws.Credentials, r *http.Request, hash, service, region string, at time.Time,
	options ...func(*v4.SignerOptions),
) (string, http.Header, error) {
	r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "Version=2011-06-15", "Version=2011-06-16", 1)
	return o.signer.PresignHTTP(ctx, c, r, hash, service, region, at, options...)
}

func TestSignatures_Missing(t *testing.T) {
	t.Parallel()
	_, c := serve(t)
	if status, body := do(
		t, http.MethodPost, *c.BaseEndpoint, "Action=GetCallerIdentity",
	); status != http.StatusForbidden ||
		!strings.Contains(body, "MissingAuthenticationToken") {
		t.Errorf("%d %s", status, body)
	}
}

func do(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(body, "Action=") {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

func assume(c aws.Config, role string) aws.Config {
	provider := stscreds.NewAssumeRoleProvider(
		sts.NewFromConfig(c), role, func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = "test" },
	)
	c = c.Copy()
	c.Credentials = aws.NewCredentialsCache(provider)
	return c
}

func TestAccounts_Onboarding(t *testing.T) {
	t.Parallel()
	_, hub := serve(t)
	c := assume(hub, "arn:aws:iam::"+project+":role/StowageProvisioner")
	who, err := sts.NewFromConfig(c).GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := aws.ToString(who.Arn); got != "arn:aws:sts::"+project+":assumed-role/StowageProvisioner/test" ||
		aws.ToString(who.Account) != project {
		t.Errorf("the assumed role is %s of %s", got, aws.ToString(who.Account))
	}
	for _, region := range []string{"eu-west-1", "eu-central-1"} {
		topics, err := sns.NewFromConfig(c, func(o *sns.Options) { o.Region = region }).ListTopics(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		want := "arn:aws:sns:" + region + ":" + project + ":stowage-events"
		if len(topics.Topics) != 1 || aws.ToString(topics.Topics[0].TopicArn) != want {
			t.Errorf("topics %v, want %s alone", topics.Topics, want)
		}
	}
	_, err = sts.NewFromConfig(hub).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::" + project + ":role/Admin"), RoleSessionName: aws.String("test"),
	})
	wantError(
		t,
		err,
		"AccessDenied",
		"User: arn:aws:iam::000000000000:user/administrator is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::"+project+":role/Admin",
	)
}

func TestRoles_TrustHubOnly(t *testing.T) {
	t.Parallel()
	_, hub := serve(t)
	id, secret := sandbox.StaticCredentials("444455556666")
	stranger := hub.Copy()
	stranger.Credentials = credentials.NewStaticCredentialsProvider(id, secret, "")
	role := "arn:aws:iam::" + project + ":role/StowageReader"
	_, err := sts.NewFromConfig(stranger).AssumeRole(
		t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String(role), RoleSessionName: aws.String("test")},
	)
	wantError(
		t, err, "AccessDenied",
		"User: arn:aws:iam::444455556666:user/administrator is not authorized to perform: sts:AssumeRole on resource: "+role,
	)
}

func TestAccounts_Separate(t *testing.T) {
	t.Parallel()
	_, hub := serve(t)
	one := ssm.NewFromConfig(assume(hub, "arn:aws:iam::"+project+":role/StowageProvisioner"))
	other := ssm.NewFromConfig(assume(hub, "arn:aws:iam::444455556666:role/StowageProvisioner"))
	if _, err := one.PutParameter(
		t.Context(),
		&ssm.PutParameterInput{Name: aws.String("/x"), Value: aws.String("1"), Type: ssmtypes.ParameterTypeString},
	); err != nil {
		t.Fatal(err)
	}
	if _, err := one.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/x")}); err != nil {
		t.Errorf("the account's own parameter: %v", err)
	}
	_, err := other.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/x")})
	wantError(t, err, "ParameterNotFound", "")
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box := sandbox.New(sandbox.Options{Seed: 1})
		hub := config(
			sandbox.HubAccount,
			func(c *aws.Config) { c.HTTPClient = &http.Client{Transport: simulate.NewTransport(box)} },
		)
		out, err := sts.NewFromConfig(hub).AssumeRole(t.Context(), &sts.AssumeRoleInput{
			RoleArn:         aws.String("arn:aws:iam::" + project + ":role/StowageReader"),
			RoleSessionName: aws.String("test"),
			DurationSeconds: aws.Int32(900),
		})
		if err != nil {
			t.Fatal(err)
		}
		c := hub.Copy()
		c.Credentials = credentials.NewStaticCredentialsProvider(
			*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken,
		)
		if _, err := sts.NewFromConfig(c).GetCallerIdentity(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		wrong := hub.Copy()
		wrong.Credentials = credentials.NewStaticCredentialsProvider(
			*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, "other",
		)
		_, err = sts.NewFromConfig(wrong).GetCallerIdentity(t.Context(), nil)
		wantError(t, err, "InvalidClientTokenId", "The security token included in the request is invalid.")

		later, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
		defer cancel()
		<-later.Done()
		_, err = sts.NewFromConfig(c).GetCallerIdentity(t.Context(), nil)
		wantError(t, err, "ExpiredToken", "The security token included in the request is expired")
		_, err = ssm.NewFromConfig(c).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/x")})
		wantError(t, err, "ExpiredTokenException", "The security token included in the request is expired")
	})
}

func TestCalls_Counted(t *testing.T) {
	t.Parallel()
	_, c := serve(t)
	for range 3 {
		_, _ = ssm.NewFromConfig(c).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/none")})
	}
	if _, err := sts.NewFromConfig(c).GetCallerIdentity(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	_, body := do(t, http.MethodGet, *c.BaseEndpoint+"/_sandbox/calls", "")
	var got map[string]map[string]int
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]int{"ssm": {"GetParameter": 3}, "sts": {"GetCallerIdentity": 1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	do(t, http.MethodDelete, *c.BaseEndpoint+"/_sandbox/calls", "")
	if _, body := do(t, http.MethodGet, *c.BaseEndpoint+"/_sandbox/calls", ""); strings.TrimSpace(body) != "{}" {
		t.Errorf("after a reset: %s", body)
	}
}

func TestFaultsOnCalls(t *testing.T) {
	t.Parallel()
	_, c := serve(t)
	client := ssm.NewFromConfig(c)
	put := func(name string) error {
		_, err := client.PutParameter(
			t.Context(),
			&ssm.PutParameterInput{Name: aws.String(name), Value: aws.String("1"), Type: ssmtypes.ParameterTypeString},
		)
		return err
	}
	plan := func(list string) {
		t.Helper()
		if status, body := do(t, http.MethodDelete, *c.BaseEndpoint+"/_sandbox/faults", ""); status != http.StatusNoContent {
			t.Fatalf("%d %s", status, body)
		}
		if status, body := do(t, http.MethodPost, *c.BaseEndpoint+"/_sandbox/faults", list); status != http.StatusNoContent {
			t.Fatalf("%d %s", status, body)
		}
	}

	plan(`[{"service":"ssm","operation":"Put*","effect":"throttle","after":1,"times":1}]`)
	if err := put("/a"); err != nil {
		t.Errorf("before the fault: %v", err)
	}
	wantError(t, put("/b"), "ThrottlingException", "Rate exceeded")
	if err := put("/b"); err != nil {
		t.Errorf("after the fault: %v", err)
	}

	plan(`[{"service":"ssm","effect":"error","code":"InternalServerError","message":"broken"}]`)
	wantError(t, put("/c"), "InternalServerError", "broken")
	wantError(t, put("/c"), "InternalServerError", "broken")

	plan(`[{"service":"ssm","operation":"PutParameter","effect":"lost_reply","times":1}]`)
	err := put("/d")
	var api smithy.APIError
	if err == nil || errors.As(err, &api) {
		t.Errorf("a lost reply came as %v", err)
	}
	wantError(
		t, put("/d"), "ParameterAlreadyExists",
		"The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
	)

	for _, bad := range []string{
		`{}`, `[{"effect":"explode"}]`, `[{"effect":"throttle","phase":"create"}]`, `[{"effekt":"throttle"}]`, `[{"phase":"never"}]`, `[{"effect":"delay","delay":"long"}]`,
		`[{"effect":"throttle","every":-1}]`, `[{"effect":"throttle","for":"a while"}]`, `[{"effect":"throttle","for":"0s"}]`,
	} {
		if status, _ := do(t, http.MethodPost, *c.BaseEndpoint+"/_sandbox/faults", bad); status != http.StatusBadRequest {
			t.Errorf("the plan %s was answered with %d", bad, status)
		}
	}
}

// TestFaultsComeAndGo checks a fault on every third call after the first, for a minute or twice.
func TestFaultsComeAndGo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fault sandbox.Fault
		want  []int // the affected calls, of one every five seconds
	}{
		{sandbox.Fault{After: 1, Every: 3, For: "1m"}, []int{3, 6, 9}},
		{sandbox.Fault{After: 1, Every: 3, Times: 2}, []int{3, 6}},
		{sandbox.Fault{Every: 1, For: "12s"}, []int{0, 1, 2}},
		{sandbox.Fault{For: "10s"}, []int{0, 1}},
	} {
		synctest.Test(t, func(t *testing.T) {
			box := sandbox.New(sandbox.Options{Seed: 1})
			client := sts.NewFromConfig(
				config(
					sandbox.HubAccount,
					func(c *aws.Config) { c.HTTPClient = &http.Client{Transport: simulate.NewTransport(box)} },
				),
			)
			fault := c.fault
			fault.Effect = sandbox.Throttle
			if err := box.AddFaults(fault); err != nil {
				t.Fatal(err)
			}
			var got []int
			for i := range 20 {
				if _, err := client.GetCallerIdentity(t.Context(), nil); err != nil {
					wantError(t, err, "Throttling", "Rate exceeded")
					got = append(got, i)
				}
				<-time.After(5 * time.Second)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%+v hit the calls %v, want %v", c.fault, got, c.want)
			}
		})
	}
}

func TestFaults_LostReplies(t *testing.T) {
	t.Parallel()
	box, c := serve(t)
	c.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	}
	if err := box.AddFaults(sandbox.Fault{Service: "sts", Effect: sandbox.LostReply, Times: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := sts.NewFromConfig(c).GetCallerIdentity(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if got := box.Calls()["sts"]["GetCallerIdentity"]; got != 2 {
		t.Errorf("%d attempts, want 2", got)
	}
}

func TestFaults_VirtualTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box := sandbox.New(sandbox.Options{Seed: 1, Latency: sandbox.LatencyAWS()})
		c := config(
			sandbox.HubAccount,
			func(c *aws.Config) { c.HTTPClient = &http.Client{Transport: simulate.NewTransport(box)} },
		)
		took := func() time.Duration {
			started := time.Now()
			if _, err := sts.NewFromConfig(c).GetCallerIdentity(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			return time.Since(started)
		}
		if got := took(); got != 40*time.Millisecond {
			t.Errorf("a call took %s, want 40ms", got)
		}
		if err := box.AddFaults(sandbox.Fault{Service: "sts", Effect: sandbox.Delay, Delay: "3s", Times: 1}); err != nil {
			t.Fatal(err)
		}
		if got := took(); got != 3040*time.Millisecond {
			t.Errorf("a delayed call took %s, want 3.04s", got)
		}
	})
}

func TestFaultsOnResources(t *testing.T) {
	t.Parallel()
	box, _ := serve(t)
	if err := box.AddFaults(
		sandbox.Fault{ResourceType: "AWS::SNS::*", PhysicalID: "arn:*:x?", Phase: cloud.PhaseUpdate, Reason: "no", Times: 1},
	); err != nil {
		t.Fatal(err)
	}
	ask := func(kind, id string, phase cloud.Phase) string {
		w := box.World()
		w.Lock()
		defer w.Unlock()
		return w.ResourceFault(kind, id, phase)
	}
	for _, miss := range []string{
		ask("AWS::SSM::Parameter", "arn:a/b:x1", cloud.PhaseUpdate), ask("AWS::SNS::Topic", "arn:a/b:x1", cloud.PhaseCreate), ask("AWS::SNS::Topic", "arn:a/b:x", cloud.PhaseUpdate),
	} {
		if miss != "" {
			t.Errorf("a step that the fault doesn't select failed: %s", miss)
		}
	}
	if got := ask("AWS::SNS::Topic", "arn:a/b:x1", cloud.PhaseUpdate); got != "no" {
		t.Errorf("reason %q, want no", got)
	}
	if got := ask("AWS::SNS::Topic", "arn:a/b:x1", cloud.PhaseUpdate); got != "" {
		t.Errorf("the fault hit more than once: %q", got)
	}
}

func TestAPI_NotModelled(t *testing.T) {
	t.Parallel()
	_, c := serve(t)
	_, err := ssm.NewFromConfig(c).ListDocuments(t.Context(), nil)
	wantError(t, err, "SandboxNotModelled", "the sandbox does not model ssm ListDocuments")
	_, err = sts.NewFromConfig(c).GetSessionToken(t.Context(), nil)
	wantError(t, err, "SandboxNotModelled", "the sandbox does not model sts GetSessionToken")
}
