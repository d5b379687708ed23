package project

import (
	"strings"
	"testing"

	"github.com/stowage/terraform-provider-stowage/internal/entity/entitytest"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// TestDrift_Deleted plans the repair of a project whose own resources were deleted in AWS. The plan
// says what is lost, and does not know the address of another server.
func TestDrift_Deleted(t *testing.T) {
	tf, p := start(t)
	config := values{
		"name": "beta", "account_id": "222233334444", "region": "eu-west-1", "sftp": values{"enabled": true},
	}
	object := tf.Created(typ, config)
	id := model.Project{Name: "beta"}.ID()
	deleted := func(logicalID, name string) template.LiveDifference {
		return template.LiveDifference{Of: []model.ID{id}, LogicalID: logicalID, Type: name}
	}
	for name, test := range map[string]struct {
		drift       template.LiveDifference
		warning     string
		newEndpoint bool
	}{
		"bucket":    {deleted("LogBucket", "AWS::S3::Bucket"), "created again, empty", false},
		"log group": {deleted("SftpLogs", "AWS::Logs::LogGroup"), "with its logs", false},
		"server":    {deleted("SftpServer", "AWS::Transfer::Server"), "another host name", true},
	} {
		t.Run(name, func(t *testing.T) {
			p.Drifted = map[model.ID][]template.LiveDifference{id: {test.drift}}
			read, diagnostics := tf.Read(object)
			entitytest.Must(t, diagnostics)
			plan, diagnostics := tf.Plan(typ, read, config)
			if len(diagnostics) != 1 || !strings.Contains(diagnostics[0].Detail, test.warning) {
				t.Errorf("the diagnostics are %v", diagnostics)
			}
			if got := plan.Planned("sftp_endpoint"); (got == entitytest.Unknown) != test.newEndpoint {
				t.Errorf("the planned endpoint is %v", got)
			}
			if _, diagnostics = tf.Apply(plan); len(p.Drifted) > 0 {
				t.Errorf("the apply repaired nothing: %v", diagnostics)
			}
		})
	}
}
