package hubs_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/stowage/terraform-provider-stowage/internal/hub"
	"github.com/stowage/terraform-provider-stowage/internal/hubs"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

const certificate = "arn:aws:acm:" + region + ":" + sandbox.HubAccount + ":certificate/11111111-2222-4333-8444-555555555555"

func TestService_Prerequisites(t *testing.T) {
	for name, c := range map[string]struct {
		settings func(*hub.Settings)
		prepare  func(*world)
		want     string // the attribute; "" for none
		text     string
	}{
		"all there": {},
		"no discovery document": {
			prepare: func(w *world) { w.issuer = documents{status: 404} }, want: "live.oidc_issuer", text: "no discovery document",
		},
		"an issuer that does not answer": {
			prepare: func(w *world) { w.issuer = documents{status: 503} }, want: "live.oidc_issuer", text: "no discovery document",
		},
		"not JSON": {
			prepare: func(w *world) { w.issuer = documents{old: "{", text: "<"} }, want: "live.oidc_issuer", text: "is not JSON",
		},
		"another issuer": {
			settings: func(s *hub.Settings) { s.Live.OIDCIssuer += "/" }, want: "live.oidc_issuer",
			text: `is that of "https://login.example.com"`,
		},
		"no PKCE": {
			prepare: func(w *world) { w.issuer = documents{old: "S256", text: "plain"} }, want: "live.oidc_issuer", text: "PKCE",
		},
		"no code flow": {
			prepare: func(w *world) { w.issuer = documents{old: `["code"]`, text: `["id_token"]`} }, want: "live.oidc_issuer",
			text: "authorization code flow",
		},
		"no token endpoint": {
			prepare: func(w *world) { w.issuer = documents{old: "token_endpoint", text: "other"} }, want: "live.oidc_issuer",
			text: "lacks an endpoint",
		},
		"no certificate": {
			settings: func(s *hub.Settings) {
				s.Live.BoardDomain = &hub.Domain{Name: "board.example.com", CertificateARN: certificate}
			},
			want: "live.board_domain.certificate_arn", text: "does not exist",
		},
		"a certificate for another name": {
			settings: func(s *hub.Settings) {
				s.Live.WebSocketDomain = &hub.Domain{Name: "a.b.example.com", CertificateARN: certificate}
			},
			prepare: func(w *world) { w.box.WebSockets().AddCertificate(certificate, "*.example.com") },
			want:    "live.websocket_domain.certificate_arn", text: "is not for a.b.example.com",
		},
		"a certificate": {
			settings: func(s *hub.Settings) {
				s.Live.BoardDomain = &hub.Domain{Name: "board.example.com", CertificateARN: certificate}
			},
			prepare: func(w *world) { w.box.WebSockets().AddCertificate(certificate, "*.example.com") },
		},
		"an OIDC provider without the audience": {
			prepare: func(w *world) { w.oidcProvider("https://app.terraform.io", "other") },
			want:    "operators.hcp_terraform", text: `does not have the audience "aws.workload.identity"`,
		},
		"an OIDC provider": {
			prepare: func(w *world) { w.oidcProvider("https://app.terraform.io", "aws.workload.identity") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, settings := newWorld(t), live()
				if c.settings != nil {
					c.settings(&settings)
				}
				if c.prepare != nil {
					c.prepare(w)
				}
				s := w.process()
				w.box.ResetCalls()
				_, err := s.Create(t.Context(), settings, pack("0.2.0"))
				if c.want == "" {
					must(t, err)
					return
				}
				var refused *hubs.PrerequisiteError
				if !errors.As(err, &refused) || refused.Attribute != c.want || !strings.Contains(refused.Cause, c.text) {
					t.Errorf("got %v", err)
				}
				if w.box.Calls()["cloudformation"]["CreateChangeSet"] > 0 {
					t.Error("something was made before")
				}
			})
		})
	}
}

func (w *world) oidcProvider(url, audience string) {
	w.t.Helper()
	_, err := w.clients().Hub().IAM.CreateOpenIDConnectProvider(w.t.Context(), &iam.CreateOpenIDConnectProviderInput{
		Url: aws.String(url), ClientIDList: []string{audience},
	})
	must(w.t, err)
}

// TestService_Shared makes what an account has only once with the first hub, and refers to it in
// the second one. An update keeps what the first one has made.
func TestService_Shared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := deployed(t, live())
		second := live()
		second.Name = "second"
		_, err := w.process().Create(t.Context(), second, pack("0.2.0"))
		must(t, err)
		changed := live()
		changed.Tags = map[string]string{"owner": "storage"}
		_, err = w.process().Update(t.Context(), changed, pack("0.2.0"), false)
		must(t, err)
		for name, own := range map[string]bool{"main": true, "second": false} {
			body, err := w.clients().Hub().CloudFormation.GetTemplate(
				t.Context(), &cloudformation.GetTemplateInput{StackName: aws.String(hub.StackName(name))},
			)
			must(t, err)
			for _, id := range []string{`"HCPTerraform":{"`, `"GatewayAccount":{"`} {
				if strings.Contains(aws.ToString(body.TemplateBody), id) != own {
					t.Errorf("%s makes %s: %v", name, id, !own)
				}
			}
		}
	})
}
