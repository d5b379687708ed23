package projects_test

import (
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/projects"
)

func TestProjectOfStackID(t *testing.T) {
	id := func(name string) string {
		return "arn:aws:cloudformation:eu-west-1:111122223333:stack/" + name + "/9aae5050-1"
	}
	for name, want := range map[string]projects.StackAddress{
		"stowage-acme-0":      {Project: "acme", AccountID: "111122223333", Region: "eu-west-1"},
		"stowage-acme-12":     {Project: "acme", Shard: 12, AccountID: "111122223333", Region: "eu-west-1"},
		"stowage-acme-2026-3": {Project: "acme-2026", Shard: 3, AccountID: "111122223333", Region: "eu-west-1"},
		"stowage-directory":   {Project: "directory", AccountID: "111122223333", Region: "eu-west-1"},
	} {
		if got, ok := projects.AddressOf(id(name)); !ok || got != want || got.Name() != name {
			t.Errorf("%s: %+v (%s), %v; want %+v", name, got, got.Name(), ok, want)
		}
	}
	for _, foreign := range []string{
		"", "stowage-acme-0", id("acme-0"), id("stowage-acme"), id("stowage-acme-"), id("stowage-acme-01"), id("stowage-acme--1"),
		id("stowage-acme-+1"), id("stowage--0"), id("stowage-hub-0"), id("stowage-directory-0"), id("stowage-ACME-0"),
		id("stowage-acme-99999999999999999999"), id("stowage-acme-0") + "/x", id("stowage-acme-0") + ":x", id("stowage-\n-0"),
		"arn:aws:cloudformation:eu-west-1:1111:stack/stowage-acme-0/9aae", "arn:aws:cloudformation::111122223333:stack/stowage-directory/9aae",
		"arn:aws:s3:eu-west-1:111122223333:stack/stowage-acme-0/9aae", "arn:aws:cloudformation:eu-west-1:111122223333:stack/stowage-acme-0/",
	} {
		if at, ok := projects.AddressOf(foreign); ok {
			t.Errorf("%q was taken for %+v", foreign, at)
		}
	}
}
