package iam_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

const issuer = "https://app.terraform.io"

func TestOIDCProvider_API(t *testing.T) {
	s := newSite(t)
	made, err := s.client.CreateOpenIDConnectProvider(
		s.ctx, &awsiam.CreateOpenIDConnectProviderInput{Url: aws.String(issuer), ClientIDList: []string{"a"}},
	)
	s.must(err)
	arn := made.OpenIDConnectProviderArn
	if aws.ToString(arn) != "arn:aws:iam::"+account+":oidc-provider/app.terraform.io" {
		t.Errorf("ARN %s", *arn)
	}
	_, err = s.client.CreateOpenIDConnectProvider(
		s.ctx, &awsiam.CreateOpenIDConnectProviderInput{Url: aws.String(issuer + "/")},
	)
	s.refused(err, "EntityAlreadyExists", "already exists")
	for range 2 { // a client that is registered already is no error
		_, err = s.client.AddClientIDToOpenIDConnectProvider(
			s.ctx, &awsiam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: aws.String("b")},
		)
		s.must(err)
	}
	_, err = s.client.RemoveClientIDFromOpenIDConnectProvider(
		s.ctx, &awsiam.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: aws.String("a")},
	)
	s.must(err)
	got, err := s.client.GetOpenIDConnectProvider(
		s.ctx, &awsiam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn},
	)
	s.must(err)
	if aws.ToString(got.Url) != "app.terraform.io" || strings.Join(got.ClientIDList, ",") != "b" || len(got.ThumbprintList) != 1 {
		t.Errorf("provider %s, clients %v, thumbprints %v", *got.Url, got.ClientIDList, got.ThumbprintList)
	}
	list, err := s.client.ListOpenIDConnectProviders(s.ctx, &awsiam.ListOpenIDConnectProvidersInput{})
	s.must(err)
	if len(list.OpenIDConnectProviderList) != 1 || *list.OpenIDConnectProviderList[0].Arn != *arn {
		t.Errorf("list %v", list.OpenIDConnectProviderList)
	}
	for range 2 { // a missing provider is no error
		_, err = s.client.DeleteOpenIDConnectProvider(
			s.ctx, &awsiam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn},
		)
		s.must(err)
	}
	_, err = s.client.GetOpenIDConnectProvider(s.ctx, &awsiam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})
	s.refused(err, "NoSuchEntity", "not found")
	for url, clients := range map[string][]string{
		"http://app.terraform.io": nil, "https://a.example/?b=c": nil, "app.terraform.io": nil, "https://b.example": {""},
	} {
		_, err = s.client.CreateOpenIDConnectProvider(
			s.ctx, &awsiam.CreateOpenIDConnectProviderInput{Url: aws.String(url), ClientIDList: clients},
		)
		s.refused(err, "ValidationError", "")
	}
}

func TestOIDCProvider_Type(t *testing.T) {
	s := newSite(t)
	kind := s.world.Type("AWS::IAM::OIDCProvider")
	properties := func(clients ...any) map[string]any {
		return map[string]any{"Url": issuer, "ClientIdList": clients}
	}
	made, err := kind.Create(caller, cloud.ResourceRequest{StackName: "s", LogicalID: "P", Properties: properties("a")})
	s.must(err)
	if id, ok := kind.Exists(caller, properties()); !ok || id != made.PhysicalID || made.Attributes["Arn"] != id {
		t.Errorf("made %+v, found %s", made, id)
	}
	if _, err := kind.Create(caller, cloud.ResourceRequest{Properties: properties()}); err == nil ||
		!strings.Contains(err.Error(), "already exists") {
		t.Errorf("the same URL again: %v", err)
	}
	_, err = kind.Update(caller, made.PhysicalID, properties("a"), properties("a", "b"))
	s.must(err)
	if clients, ok := s.service.OIDCProvider(account, "app.terraform.io"); !ok || len(clients) != 2 {
		t.Errorf("clients %v", clients)
	}
	s.must(kind.Delete(caller, made.PhysicalID, properties()))
	if _, ok := kind.Exists(caller, properties()); ok {
		t.Error("it exists after its deletion")
	}
}
