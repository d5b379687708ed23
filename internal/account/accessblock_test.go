package account_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"github.com/stowage/terraform-provider-stowage/internal/account"
	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox"
)

func TestAccessBlock_Read(t *testing.T) {
	w := newWorld(t)
	missing := func(id string) []string {
		t.Helper()
		c := w.client(ours)
		block, err := account.ReadAccessBlock(t.Context(), c.SDK(), c.S3, id)
		must(t, err)
		return block.Missing()
	}
	all := []string{"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"}
	if got := missing(ours); !slices.Equal(got, all) {
		t.Errorf("of an account without the setting %v are missing", got)
	}
	client := s3control.NewFromConfig(w.client(ours).SDK())
	put := func(c types.PublicAccessBlockConfiguration) {
		t.Helper()
		_, err := client.PutPublicAccessBlock(
			t.Context(),
			&s3control.PutPublicAccessBlockInput{AccountId: aws.String(ours), PublicAccessBlockConfiguration: &c},
		)
		must(t, err)
	}
	on := aws.Bool(true)
	put(types.PublicAccessBlockConfiguration{BlockPublicAcls: on, IgnorePublicAcls: on, BlockPublicPolicy: on})
	if got := missing(ours); !slices.Equal(got, all[3:]) {
		t.Errorf("%v are missing, want one", got)
	}
	put(
		types.PublicAccessBlockConfiguration{
			BlockPublicAcls: on, IgnorePublicAcls: on, BlockPublicPolicy: on, RestrictPublicBuckets: on,
		},
	)
	if got := missing(ours); len(got) > 0 {
		t.Errorf("%v are missing, want none", got)
	}
	_, err := client.DeletePublicAccessBlock(
		t.Context(), &s3control.DeletePublicAccessBlockInput{AccountId: aws.String(ours)},
	)
	must(t, err)
	if got := missing(ours); !slices.Equal(got, all) {
		t.Errorf("after the setting was deleted %v are missing", got)
	}
	c := w.client(ours)
	if _, err := account.ReadAccessBlock(t.Context(), c.SDK(), c.S3, theirs); code(err) != "AccessDenied" {
		t.Errorf("reading another account's: %v", err)
	}
}

// TestAccessBlock_AtAddressOfS3 uses a server whose host cannot be prefixed with the
// account.
func TestAccessBlock_AtAddressOfS3(t *testing.T) {
	server := httptest.NewServer(sandbox.New(sandbox.Options{Seed: 1}))
	defer server.Close()
	access, secret := sandbox.StaticCredentials(ours)
	clients, err := awsclient.New(t.Context(), awsclient.Config{
		Region: "eu-west-1", AccessKey: access, SecretKey: secret, Version: "test", HTTPClient: &http.Client{},
		Endpoints: map[string]string{"s3": server.URL, "sts": server.URL},
	})
	must(t, err)
	block, err := account.ReadAccessBlock(t.Context(), clients.Hub().SDK(), clients.Hub().S3, ours)
	must(t, err)
	if len(block.Missing()) != 4 {
		t.Errorf("read %+v", block)
	}
}
