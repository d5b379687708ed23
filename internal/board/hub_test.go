//go:build browser

package board_test

import (
	"strings"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/cmd/localhub/localhubtest"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

const account, region = "111122223333", localhubtest.Region

func TestMain(m *testing.M) { localhubtest.Main(m) }

func project(name string) model.Project {
	return model.Project{Name: name, AccountID: account, Region: region, OnDelete: model.Refuse}
}

func bucket(project, name string) model.Bucket {
	return model.Bucket{
		Name: name, BucketName: model.DefaultBucketName(project, name, account, region),
		Lifecycle: model.DefaultLifecycle(), OnDelete: model.Refuse,
	}
}

func containsAny(text string, parts ...string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}
