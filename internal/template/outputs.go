package template

import (
	"encoding/json"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Outputs.
//
// What AWS chooses (ids and ARNs that no name gives) is published as outputs of the stack, so that the DescribeStacks with which
// every reading begins tells it: of the project its key and its SFTP server, of each user with an access key the secret and
// the ids of the keys. A stack has 200 outputs at most (CloudFormation user guide, cloudformation-limits), more than the users with
// keys that fit into it, each of which takes four resources and more.

// KeyOutput is the output that tells the ARN of the project's key.
const KeyOutput = "KeyArn"

// The other outputs of the stack that holds the project.
const (
	serverOutput = "SftpServerId"
)

// UserOutput is the output that tells what AWS has chosen for the access keys of a user.
func UserOutput(user string) string { return userOutputPrefix + logicalName(user) }

const (
	// outputPrefix stands before the names of outputs where they are listed with logical ids.
	outputPrefix = "Outputs."
	// userOutputPrefix begins the names of users' outputs.
	userOutputPrefix = "User"
)

// With is the environment with what the outputs of a stack tell. Those that it doesn't have leave what was known before.
func (e Env) With(outputs map[string]string) Env {
	e.Outputs = outputs
	for name, field := range map[string]*string{KeyOutput: &e.KeyARN, serverOutput: &e.SFTPServerID} {
		if value := outputs[name]; value != "" {
			*field = value
		}
	}
	return e
}

// outputs are those that an entity publishes, by name.
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

// publish puts the outputs of a changed entity into a template, and takes those out that it had before. Either may be nil.
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
