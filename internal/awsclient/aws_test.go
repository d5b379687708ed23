package awsclient

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

type sdkCall struct {
	Service, Operation string // from the signature's scope; operation is empty for REST services
	AccessKey          string // the signer's, or empty
	Region             string // in the signature
	URL                string // as sent, before any test server
	UserAgent          string
	Form               url.Values // for query protocols
}

func (c sdkCall) String() string { return c.Service + ":" + c.Operation }

// fakeAWS answers STS as AWS does, for known access keys and roles. It passes all other calls to
// other.
type fakeAWS struct {
	mu    sync.Mutex
	calls []sdkCall

	identities map[string]string   // access key -> ARN
	roles      map[string][]string // role ARN -> ARNs of callers that may assume it; "token:<t>" for web identities
	sessions   int
	throttle   int // number of next calls to throttle
	other      func(call sdkCall) (status int, body string)
}

func newFakeAWS() *fakeAWS {
	return &fakeAWS{
		identities: map[string]string{"AKIDHUB": "arn:aws:iam::000000000000:user/deploy"},
		roles:      map[string][]string{},
	}
}

func (f *fakeAWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	call := sdkCall{URL: r.URL.String(), UserAgent: r.UserAgent()}
	if r.URL.Host == "" {
		call.URL = "http://" + r.Host + r.URL.String()
	}
	if _, scope, ok := strings.Cut(r.Header.Get("Authorization"), "Credential="); ok {
		parts := strings.Split(scope, "/")
		call.AccessKey, call.Region, call.Service = parts[0], parts[2], parts[3]
	}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		_, call.Operation, _ = strings.Cut(target, ".")
	} else if form, err := url.ParseQuery(string(body)); err == nil && form.Has("Action") {
		call.Form, call.Operation = form, form.Get("Action")
	}
	if call.Operation == "AssumeRoleWithWebIdentity" {
		call.Service = "sts"
	}

	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, call)
	status, answer := f.answer(call)
	if strings.HasPrefix(answer, "{") {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	} else {
		w.Header().Set("Content-Type", "text/xml")
	}
	w.WriteHeader(status)
	io.WriteString(w, answer)
}

func (f *fakeAWS) answer(call sdkCall) (int, string) {
	if f.throttle > 0 {
		f.throttle--
		return awsError(400, "Throttling", "Rate exceeded")
	}
	if call.Service != "sts" {
		if f.other == nil {
			return awsError(400, "InvalidAction", "no answer for "+call.String())
		}
		return f.other(call)
	}
	caller, known := f.identities[call.AccessKey]
	if call.Operation == "AssumeRoleWithWebIdentity" {
		caller, known = "token:"+call.Form.Get("WebIdentityToken"), true
	}
	if !known {
		return awsError(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
	}
	switch call.Operation {
	case "GetCallerIdentity":
		return 200, fmt.Sprintf(
			`<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>%s</Arn><UserId>AIDAX</UserId><Account>%s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
			caller,
			strings.Split(caller, ":")[4],
		)
	case "AssumeRole", "AssumeRoleWithWebIdentity":
		role := call.Form.Get("RoleArn")
		allowed := false
		for _, who := range f.roles[role] {
			allowed = allowed || who == caller
		}
		if !allowed {
			return awsError(
				403, "AccessDenied",
				fmt.Sprintf("User: %s is not authorized to perform: sts:%s on resource: %s", caller, call.Operation, role),
			)
		}
		f.sessions++
		key := fmt.Sprintf("ASIASESSION%d", f.sessions)
		parts := strings.Split(role, ":")
		f.identities[key] = fmt.Sprintf("arn:aws:sts::%s:assumed-%s/%s", parts[4], parts[5], call.Form.Get("RoleSessionName"))
		return 200, fmt.Sprintf(
			`<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult><Credentials><AccessKeyId>%[2]s</AccessKeyId><SecretAccessKey>sessionsecret</SecretAccessKey><SessionToken>sessiontoken</SessionToken><Expiration>%[3]s</Expiration></Credentials><AssumedRoleUser><Arn>%[4]s</Arn><AssumedRoleId>AROAX:s</AssumedRoleId></AssumedRoleUser></%[1]sResult></%[1]sResponse>`,
			call.Operation,
			key,
			time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
			f.identities[key],
		)
	}
	return awsError(400, "InvalidAction", call.Operation)
}

func awsError(status int, code, message string) (int, string) {
	return status, fmt.Sprintf(
		`<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>req-1</RequestId></ErrorResponse>`,
		code,
		message,
	)
}

func (f *fakeAWS) count() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := map[string]int{}
	for _, c := range f.calls {
		n[c.String()]++
	}
	return n
}

func (f *fakeAWS) all(operation string) []sdkCall {
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []sdkCall
	for _, c := range f.calls {
		if c.Operation == operation {
			found = append(found, c)
		}
	}
	return found
}

// RoundTrip makes fakeAWS a transport without a network.
func (f *fakeAWS) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if r.Body == nil {
		r.Body = io.NopCloser(bytes.NewReader(nil))
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	response := w.Result()
	response.Request = r
	return response, nil
}

func (f *fakeAWS) client() *http.Client { return &http.Client{Transport: f} }

// cleanEnvironment hides the machine's AWS settings from the SDK.
func cleanEnvironment(t *testing.T) {
	t.Helper()
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION",
		"AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_SESSION_NAME", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_CA_BUNDLE",
		"AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "TF_APPEND_USER_AGENT",
		"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	none := t.TempDir() + "/none"
	t.Setenv("AWS_CONFIG_FILE", none)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", none)
}

func hubConfig(f *fakeAWS) Config {
	return Config{
		Region: "eu-west-1", AccessKey: "AKIDHUB", SecretKey: "hubsecret", Version: "1.2.3",
		HTTPClient: f.client(),
	}
}

func mustNew(t *testing.T, c Config) *Clients {
	t.Helper()
	clients, err := New(t.Context(), c)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return clients
}

// wantError requires err to be a T whose explanation contains all words.
func wantError[T model.Explainer](t *testing.T, err error, words ...string) T {
	t.Helper()
	var as T
	if !errors.As(err, &as) {
		t.Fatalf("error is %T (%v), want %T", err, err, as)
	}
	explanation := as.Explain()
	text := explanation.Cause + "\n" + explanation.Remedy + "\n" + as.Error()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%q is not in:\n%s", word, text)
		}
	}
	for _, secret := range []string{"hubsecret", "sessionsecret", "sessiontoken"} {
		if strings.Contains(text, secret) {
			t.Errorf("the secret %q is in:\n%s", secret, text)
		}
	}
	return as
}

// onlyHost returns a client that reaches one server, and records the hosts of all other calls.
func onlyHost(server string, elsewhere *[]string) *http.Client {
	allowed, _ := url.Parse(server)
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host != allowed.Host {
			*elsewhere = append(*elsewhere, r.URL.Host)
			return nil, errors.New("not reachable in this test")
		}
		return http.DefaultTransport.RoundTrip(r)
	})}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
