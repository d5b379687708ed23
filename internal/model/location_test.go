package model_test

import (
	"strings"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/model/modeltest"
)

func TestProblemsAt(t *testing.T) {
	here := model.Location{Project: "acme", Partition: "aws", AccountID: modeltest.Account, Region: modeltest.Region}
	bucket := func(name, key string) model.Located {
		return model.Bucket{Name: "inbox", BucketName: name, KMSKeyARN: key}
	}
	reader := func(arn string) model.Located {
		return model.User{Name: "partner", AccessKey: &model.AccessKey{}, SecretReaders: []string{arn}}
	}
	const key = ":key/11111111-2222-3333-4444-555555555555"
	for name, test := range map[string]struct {
		entity      model.Located
		field, want string // "" for no problem
	}{
		"global name":                        {bucket("exports", ""), "", ""},
		"own namespace":                      {bucket("exports-111122223333-eu-west-1-an", ""), "", ""},
		"namespace of another account":       {bucket("exports-444455556666-eu-west-1-an", ""), "bucket_name", "must end with -111122223333-eu-west-1-an here"},
		"namespace of another region":        {bucket("exports-111122223333-us-east-1-an", ""), "bucket_name", "the account 111122223333 in us-east-1"},
		"log bucket":                         {bucket(model.LogBucketName("acme", modeltest.Account, modeltest.Region), ""), "bucket_name", "a bucket of the project itself"},
		"template bucket":                    {bucket(model.TemplateBucketName("acme", modeltest.Account, modeltest.Region), ""), "bucket_name", "a bucket of the project itself"},
		"log bucket of another project":      {bucket(model.LogBucketName("acme-x", modeltest.Account, modeltest.Region), ""), "", ""},
		"own key":                            {bucket("exports", "arn:aws:kms:eu-west-1:111122223333"+key), "", ""},
		"key of another region":              {bucket("exports", "arn:aws:kms:us-east-1:111122223333"+key), "kms_key_arn", "the key is in us-east-1, the bucket in eu-west-1"},
		"key of a region with the same name": {bucket("exports", "arn:aws:kms:eu-west-12:111122223333"+key), "kms_key_arn", "the key is in eu-west-12"},
		"key of another account":             {bucket("exports", "arn:aws:kms:eu-west-1:444455556666"+key), "kms_key_arn", "belongs to the account 444455556666"},
		"reader":                             {reader("arn:aws:iam::444455556666:role/reader"), "", ""},
		"reader that is an account":          {reader("444455556666"), "", ""},
		"reader of another partition":        {reader("arn:aws-cn:iam::444455556666:role/reader"), "secret_readers", "of the partition aws-cn"},
	} {
		t.Run(name, func(t *testing.T) {
			switch problems := test.entity.ProblemsAt(here); {
			case test.field == "" && len(problems) == 0:
			case len(problems) != 1 || problems[0].Field != test.field || !strings.Contains(problems[0].Reason, test.want):
				t.Errorf("problems %v, want one of %s: %s", problems, test.field, test.want)
			}
		})
	}
}
