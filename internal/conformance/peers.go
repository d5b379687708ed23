package conformance

// Peer is a server of another author.
type Peer struct {
	Name     string
	Services []string // of All; those that the server has
	// Deviations maps the contracts that it is known to break to its behavior.
	Deviations map[string]string
}

// everyService returns the services of peers that simulate all of AWS.
func everyService() []string {
	return []string{"cloudformation", "dynamodb", "iam", "s3", "ssm", "sts"}
}

// OIDCProvider is an OpenID provider for Node.js, certified by the OpenID Foundation. It has no AWS
// service: the board's sign-in is tested on it.
func OIDCProvider() Peer { return Peer{Name: "oidc-provider"} }

// DynamoDBLocal is Amazon's DynamoDB for development. It keeps all contracts of its service.
func DynamoDBLocal() Peer {
	return Peer{Name: "DynamoDB Local", Services: []string{"dynamodb"}}
}

// Moto is Python's AWS mock, as a server. Its CloudFormation works synchronously, and has no
// failures except errors of the call.
func Moto() Peer {
	return Peer{Name: "moto", Services: everyService(), Deviations: map[string]string{
		"cloudformation/bucket-name-taken":       "The call itself fails, with the error of S3, and nothing is rolled back.",
		"cloudformation/busy":                    "All updates at once are accepted.",
		"cloudformation/capabilities":            "Capabilities are not checked.",
		"cloudformation/compare-and-swap":        "A change set stays executable whatever has become of the stack.",
		"cloudformation/continue-rollback":       "There is no such call.",
		"cloudformation/events-carry-the-token":  "Events have no token.",
		"cloudformation/five-hundred-resources":  "There is no limit.",
		"cloudformation/inline-limit":            "There is no limit.",
		"cloudformation/non-empty-bucket":        "The stack is deleted and the bucket stays.",
		"cloudformation/replacement":             "A change set doesn't tell replacements.",
		"cloudformation/retain-except-on-create": "The policy is not known, so that the bucket goes.",
		"cloudformation/rollback-restores":       "The call itself fails, and nothing is rolled back.",
		"cloudformation/stack-policy":            "It is stored and stops nothing.",
		"cloudformation/termination-protection":  "There is no such call.",
		"cloudformation/unresolved-reference":    "The server fails.",
		"cloudformation/values-before":           "A change set doesn't tell values.",
		"dynamodb/batch-limits":                  "There is no limit to reading.",
		"dynamodb/empty-key":                     "It is refused, with another text.",
		"dynamodb/transaction-token":             "The token is not looked at.",
		"iam/delete-conflict":                    "The group is deleted.",
		"iam/name-taken":                         "Names of another case are others.",
		"iam/policy-size":                        "There is no limit.",
		"sts/missing-role":                       "Every role can be assumed.",
	}}
}

// MiniStack is an emulator of AWS. Its CloudFormation implements only the happy path.
func MiniStack() Peer {
	return Peer{Name: "MiniStack", Services: everyService(), Deviations: map[string]string{
		"cloudformation/bucket-name-taken":       "The bucket is taken over without a word.",
		"cloudformation/busy":                    "Updates are refused with another text, and not all that should be.",
		"cloudformation/capabilities":            "Capabilities are not checked.",
		"cloudformation/compare-and-swap":        "The second is refused, with another error code.",
		"cloudformation/continue-rollback":       "There is no such call.",
		"cloudformation/events-carry-the-token":  "Events have no token, and those of one millisecond come in any order.",
		"cloudformation/five-hundred-resources":  "There is no limit.",
		"cloudformation/inline-limit":            "There is no limit.",
		"cloudformation/metadata-is-a-change":    "Only properties are compared.",
		"cloudformation/non-empty-bucket":        "The bucket is deleted with its objects.",
		"cloudformation/replacement":             "Every replacement is called conditional.",
		"cloudformation/retain":                  "The policy is not known, so that the bucket goes.",
		"cloudformation/retain-except-on-create": "The policy is not known, so that the bucket goes.",
		"cloudformation/rollback-restores":       "The bucket that exists is taken over, so that nothing fails.",
		"cloudformation/stack-policy":            "There is no such call.",
		"cloudformation/termination-protection":  "There is no such call.",
		"cloudformation/unresolved-reference":    "It is accepted.",
		"cloudformation/values-before":           "A change set doesn't tell values.",
		"dynamodb/query-pages":                   "Everything comes in one page.",
		"iam/delete-conflict":                    "The group is deleted.",
		"iam/malformed-policy":                   "It is accepted.",
		"iam/name-taken":                         "Names of another case are others.",
		"iam/policy-size":                        "There is no limit.",
		"s3/versions-keep-a-bucket":              "The bucket is deleted with its versions.",
		"sts/missing-role":                       "Every role can be assumed.",
	}}
}
