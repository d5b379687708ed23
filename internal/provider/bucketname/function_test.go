package bucketname

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func TestFunction(t *testing.T) {
	for _, c := range []struct {
		project, name, account, region string
		want, fails                    string
		argument                       int64
	}{
		{"acme", "inbox", "111122223333", "eu-west-1", "acme-inbox-111122223333-eu-west-1-an", "", 0},
		{"acme", "inbox", "111122223333", "me-south-1", "acme-inbox-111122223333-me-south-1", "", 0},
		{"a", "inbox", "111122223333", "eu-west-1", "", "a project name has 2 to 20", 0},
		{"acme", "In", "111122223333", "eu-west-1", "", "may hold only", 1},
		{"acme", "inbox", "1", "eu-west-1", "", "must be the 12 digits", 2},
		{"acme", "inbox", "111122223333", "Ireland", "", "must be the code of an AWS region", 3},
	} {
		req := function.RunRequest{Arguments: function.NewArgumentsData([]attr.Value{
			types.StringValue(c.project), types.StringValue(c.name), types.StringValue(c.account), types.StringValue(c.region),
		})}
		resp := function.RunResponse{Result: function.NewResultData(types.StringUnknown())}
		New().Run(t.Context(), req, &resp)
		switch {
		case c.fails == "" && resp.Error != nil:
			t.Errorf("%+v: %v", c, resp.Error)
		case c.fails == "" && !resp.Result.Value().Equal(types.StringValue(c.want)):
			t.Errorf("%+v: %s", c, resp.Result.Value())
		case c.fails != "" && (resp.Error == nil || !strings.Contains(resp.Error.Text, c.fails) || resp.Error.FunctionArgument == nil || *resp.Error.FunctionArgument != c.argument):
			t.Errorf("%+v: error %v", c, resp.Error)
		}
	}
}
