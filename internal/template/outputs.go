package template

import (
	"encoding/json"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Outputs.
//
// IDs and ARNs that AWS chooses are outputs of the stack, so that the DescribeStacks at the start
// of every read returns them: the project's key and SFTP server, and the secret and key IDs of each
// user with an access key. A stack has at most 200 outputs (CloudFormation user guide,
// cloudformation-limits). Fewer users with keys fit into it, as each takes at least four resources.

// KeyOutput is the output that holds the ARN of the project's key.
const KeyOutput = "KeyArn"

// The other outputs of the stack that holds the project.
const (
	serverOutput = "SftpServerId"
)

// UserOutput returns the name of the output with a user's secret and key IDs.
func UserOutput(user string) string { return userOutputPrefix + logicalName(user) }

const (
	// outputPrefix precedes the names of outputs in lists with logical IDs.
	outputPrefix = "Outputs."
	// userOutputPrefix begins the names of users' outputs.
	userOutputPrefix = "User"
)

// With returns the environment with a stack's outputs. Missing outputs keep the previous values.
func (e Env) With(outputs map[string]string) Env {
	e.Outputs = outputs
	for name, field := range map[string]*string{KeyOutput: &e.KeyARN, serverOutput: &e.SFTPServerID} {
		if value := outputs[name]; value != "" {
			*field = value
		}
	}
	return e
}

func outputs(entity model.Entity) map[string]object {
	switch e := entity.(type) {
	case model.Project:
		result := map[string]object{
			KeyOutput: {
				"Description": "The key that encrypts the project's buckets",
				"Value":       object{"Fn::GetAtt": list{keyID, "Arn"}},
			},
		}
		if e.SFTP {
			result[serverOutput] = object{
				"Description": "The SFTP server of the project's users",
				"Value":       object{"Fn::GetAtt": list{sftpServerID, "ServerId"}},
			}
		}
		return result
	case model.User:
		if publishes(e) {
			return map[string]object{UserOutput(e.Name): keysOutput(e)}
		}
	}
	return nil
}

// publish replaces an entity's outputs in a template; before and after may be nil.
func (t *Template) publish(before, after model.Entity) *Template {
	changes := map[string]json.RawMessage{}
	for name := range outputs(before) {
		changes[name] = nil
	}
	if _, isProject := before.(model.Project); isProject && after == nil {
		changes[projectBoundaryOutput] = nil
	}
	for name, output := range outputs(after) {
		changes[name] = encodeJSON(output)
	}
	if len(changes) == 0 {
		return t
	}
	return t.withMembers("Outputs", changes)
}

// withoutOutputs removes those outputs of an entity that name any of some resources.
func (t *Template) withoutOutputs(of model.Entity, resources map[string]bool) *Template {
	published, err := cutObject(t.sections["Outputs"])
	if err != nil {
		return t
	}
	changes := map[string]json.RawMessage{}
	for name := range outputs(of) {
		value, err := decodeValue(published[name])
		if err != nil {
			continue
		}
		for logicalID := range resources {
			if mentions(value, logicalID) {
				changes[name] = nil
			}
		}
	}
	if len(changes) == 0 {
		return t
	}
	return t.withMembers("Outputs", changes)
}
