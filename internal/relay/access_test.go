package relay_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/stowage/terraform-provider-stowage/internal/relay"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/oidc"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/simulate"
)

const (
	issuerAddress = "https://issuer.test"
	methodARN     = "arn:aws:execute-api:eu-west-1:000000000000:live/prod/$connect"
)

// issuer is the address of the sandbox's token issuer; down makes it unreachable.
type issuer struct {
	*oidc.Issuer
	down  bool
	calls int
}

func (i *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	i.calls++
	if i.down {
		return nil, errors.New("no route to host")
	}
	return simulate.NewIssuerTransport(i.Issuer, issuerAddress).RoundTrip(r)
}

// tokens returns an issuer and an option for a relay that trusts it.
func (w *world) tokens(change ...func(*relay.Access)) (*issuer, func(*relay.Config)) {
	i := &issuer{Issuer: w.box.Issuer()}
	access := relay.Access{
		Issuer: oidc.URL(issuerAddress), Audiences: []string{"stowage"}, HTTPClient: &http.Client{Transport: i},
	}
	for _, c := range change {
		c(&access)
	}
	return i, func(c *relay.Config) { c.Access = access }
}

// good returns the claims of a valid token with changes applied; nil removes a claim.
func good(changed map[string]any) map[string]any {
	claims := map[string]any{
		"iss": oidc.URL(issuerAddress), "sub": "alice", "aud": "stowage", "stowage_projects": []string{"acme"},
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
	maps.Copy(claims, changed)
	for name, value := range claims {
		if value == nil {
			delete(claims, name)
		}
	}
	return claims
}

func (i *issuer) sign(t *testing.T, changed map[string]any) string {
	t.Helper()
	token, err := i.Sign(good(changed))
	must(t, err)
	return token
}

// asking returns an authorizer event with the subprotocols that a client offers.
func asking(t *testing.T, offered string) []byte {
	t.Helper()
	event, err := json.Marshal(events.APIGatewayCustomAuthorizerRequestTypeRequest{
		Type: "REQUEST", MethodArn: methodARN, Headers: map[string]string{"Sec-WebSocket-Protocol": offered},
	})
	must(t, err)
	return event
}

func offer(token string) string { return "stowage.v1, stowage.token." + token }

// ask requests authorization of a connection.
func ask(t *testing.T, r *relay.Relay, offered string) (effect string, told map[string]any, err error) {
	t.Helper()
	answer, err := r.Handle(t.Context(), asking(t, offered))
	if err != nil {
		return "", nil, err
	}
	var decoded events.APIGatewayCustomAuthorizerResponse
	must(t, json.Unmarshal(answer, &decoded))
	if s := decoded.PolicyDocument.Statement; len(s) != 1 || s[0].Resource[0] != methodARN ||
		s[0].Action[0] != "execute-api:Invoke" {
		t.Errorf("the policy is %+v", decoded.PolicyDocument)
	}
	return decoded.PolicyDocument.Statement[0].Effect, decoded.Context, nil
}

func TestAuthorize_ValidTokens(t *testing.T) {
	w := newWorld(t, false)
	i, trusts := w.tokens()
	r, _ := w.relay(trusts)
	for name, c := range map[string]struct {
		claim any
		want  string
	}{
		"a list":                     {[]string{"globex", "acme"}, "acme globex"},
		"a name":                     {"acme", "acme"},
		"names with spaces":          {" acme  globex acme ", "acme globex"},
		"all":                        {"*", "*"},
		"all in a list":              {[]string{"acme", "*"}, "*"},
		"groups that are no project": {[]string{"Administrators", "acme", "directory"}, "acme"},
	} {
		token := i.sign(t, map[string]any{"stowage_projects": c.claim})
		for _, spelled := range []string{token, base64.RawURLEncoding.EncodeToString([]byte(token)), base64.URLEncoding.EncodeToString([]byte(token))} {
			effect, told, err := ask(t, r, offer(spelled))
			if err != nil || effect != "Allow" || told["projects"] != c.want || told["subject"] != "alice" {
				t.Errorf("%s: %s %v, %v", name, effect, told, err)
			}
		}
	}
	if i.calls != 2 {
		t.Errorf("the issuer was asked %d times, not once for where its keys are and once for them", i.calls)
	}
	silent(t, w, i)
}

// silent checks that the log contains no token, by the first characters that all signatures and
// payloads share.
func silent(t *testing.T, w *world, i *issuer) {
	t.Helper()
	header, _, _ := strings.Cut(i.sign(t, nil), ".")
	if log := w.log.String(); strings.Contains(log, header) || strings.Contains(log, "eyJ") ||
		strings.Contains(log, "canary") {
		t.Errorf("the log holds a token: %s", log)
	}
}

func TestAuthorize_InvalidTokens(t *testing.T) {
	w := newWorld(t, false)
	i, trusts := w.tokens()
	r, _ := w.relay(trusts)
	forged, err := i.Forge(good(nil))
	must(t, err)
	unsigned, err := oidc.Unsigned(good(nil))
	must(t, err)
	token := i.sign(t, nil)
	for name, offered := range map[string]string{
		"expired":               offer(i.sign(t, map[string]any{"exp": time.Now().Add(-time.Second).Unix()})),
		"without an end":        offer(i.sign(t, map[string]any{"exp": nil})),
		"not valid yet":         offer(i.sign(t, map[string]any{"nbf": time.Now().Add(time.Hour).Unix()})),
		"forged":                offer(forged),
		"unsigned":              offer(unsigned),
		"changed":               offer(token[:len(token)-8] + "AAAAAAAA"),
		"of another issuer":     offer(i.sign(t, map[string]any{"iss": "https://canary.test"})),
		"for another audience":  offer(i.sign(t, map[string]any{"aud": "canary"})),
		"for other audiences":   offer(i.sign(t, map[string]any{"aud": []string{"canary", "stowage2"}})),
		"for no audience":       offer(i.sign(t, map[string]any{"aud": nil})),
		"of nobody":             offer(i.sign(t, map[string]any{"sub": nil})),
		"a number for somebody": offer(i.sign(t, map[string]any{"sub": 7})),
		"projects as a number":  offer(i.sign(t, map[string]any{"stowage_projects": 7})),
		"projects as an object": offer(i.sign(t, map[string]any{"stowage_projects": map[string]any{"canary": true}})),
		"projects as numbers":   offer(i.sign(t, map[string]any{"stowage_projects": []any{"acme", 7}})),
		"projects as lists":     offer(i.sign(t, map[string]any{"stowage_projects": []any{[]string{"acme"}}})),
		"projects with a null":  offer(i.sign(t, map[string]any{"stowage_projects": []any{"acme", json.RawMessage("null")}})),
		"no token":              "stowage.v1",
		"an empty token":        "stowage.v1, stowage.token.",
		"two tokens":            offer(token) + ", stowage.token." + token,
		"no protocol":           "stowage.token." + token,
		"a newer protocol":      "stowage.v2, stowage.token." + token,
		"nothing":               "",
		"no token at all":       offer("canary"),
		"no base64":             offer("!canary!"),
		"three dots":            offer("a.b.c.d"),
		"an encrypted token":    offer("eyJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d"),
		"an HMAC":               offer("eyJhbGciOiJIUzI1NiJ9." + strings.Join(strings.Split(token, ".")[1:], ".")),
	} {
		effect, told, err := ask(t, r, offered)
		if err == nil || err.Error() != "Unauthorized" {
			t.Errorf("%s: %q %v, %v", name, effect, told, err)
		}
	}
	silent(t, w, i)
}

func TestAuthorize_NoProjects(t *testing.T) {
	w := newWorld(t, false)
	i, trusts := w.tokens()
	r, _ := w.relay(trusts)
	many := make([]string, 400)
	for n := range many {
		many[n] = strings.Repeat("a", 16) + string(rune('a'+n%26)) + string(rune('a'+n/26))
	}
	for name, claim := range map[string]any{"none": nil, "an empty list": []string{}, "an empty name": "", "groups": []string{"Administrators"}, "too many": many} {
		if effect, told, err := ask(
			t, r, offer(i.sign(t, map[string]any{"stowage_projects": claim})),
		); err != nil || effect != "Deny" ||
			len(told) > 0 {
			t.Errorf("%s: %q %v, %v", name, effect, told, err)
		}
	}
}

func TestTokensOfCognito(t *testing.T) {
	w := newWorld(t, false)
	i, trusts := w.tokens(
		func(a *relay.Access) { a.Audiences, a.ProjectsClaim = []string{"1example23456789"}, "cognito:groups" },
	)
	r, _ := w.relay(trusts)
	for name, c := range map[string]struct {
		claims map[string]any
		effect string
	}{
		"an id token":             {map[string]any{"aud": "1example23456789", "token_use": "id", "cognito:groups": []string{"acme"}}, "Allow"},
		"an access token":         {map[string]any{"aud": nil, "token_use": "access", "client_id": "1example23456789", "cognito:groups": []string{"acme"}}, "Allow"},
		"of another client":       {map[string]any{"aud": nil, "token_use": "access", "client_id": "other", "cognito:groups": []string{"acme"}}, ""},
		"an id token without":     {map[string]any{"aud": nil, "token_use": "id", "client_id": "1example23456789", "cognito:groups": []string{"acme"}}, ""},
		"both, one of them ours":  {map[string]any{"aud": "other", "token_use": "access", "client_id": "1example23456789", "cognito:groups": []string{"acme"}}, ""},
		"of somebody in no group": {map[string]any{"aud": "1example23456789", "token_use": "id"}, "Deny"},
	} {
		effect, _, err := ask(t, r, offer(i.sign(t, c.claims)))
		if effect != c.effect || (err != nil) != (c.effect == "") {
			t.Errorf("%s: %q, %v", name, effect, err)
		}
	}
}

// TestAuthorize_IssuerUnreachable checks that the client and the relay try again.
func TestAuthorize_IssuerUnreachable(t *testing.T) {
	w := newWorld(t, false)
	i, trusts := w.tokens()
	r, _ := w.relay(trusts)
	token := i.sign(t, nil)
	i.down = true
	if _, _, err := ask(t, r, offer(token)); err == nil || err.Error() == "Unauthorized" ||
		strings.Contains(err.Error(), token) {
		t.Errorf("while it is down: %v", err)
	}
	i.down = false
	if effect, _, err := ask(t, r, offer(token)); err != nil || effect != "Allow" {
		t.Errorf("when it is back: %q, %v", effect, err)
	}
	silent(t, w, i)
}

func TestWithoutAnIssuerNobodyConnects(t *testing.T) {
	w := newWorld(t, false)
	i, _ := w.tokens()
	r, _ := w.relay()
	if _, _, err := ask(t, r, offer(i.sign(t, nil))); err == nil || err.Error() != "Unauthorized" {
		t.Errorf("%v", err)
	}
}

func TestAuthorize_HeaderForms(t *testing.T) {
	w := newWorld(t, false)
	i, trusts := w.tokens()
	r, _ := w.relay(trusts)
	token := i.sign(t, nil)
	for name, request := range map[string]events.APIGatewayCustomAuthorizerRequestTypeRequest{
		"several lines": {MultiValueHeaders: map[string][]string{"Sec-WebSocket-Protocol": {"stowage.v1", "stowage.token." + token}}},
		"lower case":    {Headers: map[string]string{"sec-websocket-protocol": offer(token)}},
		"both":          {Headers: map[string]string{"Sec-WebSocket-Protocol": "stowage.v1"}, MultiValueHeaders: map[string][]string{"Sec-WebSocket-Protocol": {offer(token)}}},
	} {
		request.Type, request.MethodArn = "REQUEST", methodARN
		event, err := json.Marshal(request)
		must(t, err)
		if _, err := r.HandleAuthorization(t.Context(), event); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
