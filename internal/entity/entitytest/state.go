package entitytest

import (
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// State returns an object's state as Terraform stores it.
func (tf *Terraform) State(object *Object) []byte {
	tf.t.Helper()
	body, err := json.MarshalIndent(Plain(object.state), "", "  ")
	tf.must(err)
	return append(body, '\n')
}

// Upgrade converts a stored state of a schema version to an object, as Terraform does before
// anything else.
func (tf *Terraform) Upgrade(typ string, version int64, stored []byte) (*Object, []*tfprotov6.Diagnostic) {
	tf.t.Helper()
	_, value := tf.resource(typ)
	resp, err := tf.server.UpgradeResourceState(tf.t.Context(), &tfprotov6.UpgradeResourceStateRequest{
		TypeName: typ, Version: version, RawState: &tfprotov6.RawState{JSON: stored},
	})
	tf.must(err)
	if len(Errors(resp.Diagnostics)) > 0 {
		return nil, resp.Diagnostics
	}
	state, err := resp.UpgradedState.Unmarshal(value)
	tf.must(err)
	return &Object{Type: typ, state: state}, resp.Diagnostics
}
