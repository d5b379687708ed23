package s3

import (
	"net/http/httptest"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

func TestAddressKnowsBothStyles(t *testing.T) {
	for _, c := range []struct{ url, bucket, key string }{
		{"http://127.0.0.1:4599/", "", ""},
		{"http://127.0.0.1:4599/reports", "reports", ""},
		{"http://127.0.0.1:4599/reports/a/b%20c", "reports", "a/b c"},
		{"http://localhost:4599/reports/k", "reports", "k"},
		{"http://reports.localhost:4599/k", "reports", "k"},
		{"http://reports.s3.localhost:4599/k", "reports", "k"},
		{"http://s3.localhost:4599/reports/k", "reports", "k"},
		{"https://reports.s3.amazonaws.com/k", "reports", "k"},
		{"https://reports.s3.eu-west-1.amazonaws.com/k", "reports", "k"},
		{"https://my.reports.s3.dualstack.eu-west-1.amazonaws.com/k", "my.reports", "k"},
		{"https://s3.eu-west-1.amazonaws.com/reports/k", "reports", "k"},
	} {
		r := &cloud.Request{HTTP: httptest.NewRequest("GET", c.url, nil)}
		if bucket, key := address(r); bucket != c.bucket || key != c.key {
			t.Errorf("%s: bucket %q, key %q; want %q, %q", c.url, bucket, key, c.bucket, c.key)
		}
	}
}
