package template

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// FormatVersion is the version of OwnerMetadata's shape. It is raised only for changes that older
// providers would misread; they refuse a template with a newer format. Metadata is written in the
// oldest sufficient format: see formatShards.
const FormatVersion = formatAdopted

// CompilerVersion is the version of how entities are written as resources. It is raised with every
// change to the resources of an unchanged entity, so that an older compiler's resources aren't
// taken for edits by hand.
const CompilerVersion = 3

// OwnerMetadata is Metadata.Stowage of every resource that Stowage creates: the stored format of
// entities.
type OwnerMetadata struct {
	Format   int `json:"format"`
	Compiler int `json:"compiler"`
	// Of is the entity that the resource belongs to. Of a policy it is the user, whose permissions
	// are in Grants.
	Of model.ID `json:"of"`
	// Origin identifies the configuration that created the entity; "" for none.
	Origin string `json:"origin,omitempty"`
	// Incarnation is the entity's, on its first resource only: see ownership.go.
	Incarnation string `json:"incarnation,omitempty"`
	// Settings is the entity itself, on its first resource only.
	Settings json.RawMessage `json:"settings,omitempty"`
	// Grants are the permissions of a policy, in the order of their statements.
	Grants []Grant `json:"grants,omitempty"`
	// User is the user of a policy in another stack.
	User *model.User `json:"user,omitempty"`
	// Shards is the number of the project's stacks, on the project's first resource only; 0 means
	// one.
	Shards int `json:"shards,omitempty"`
	// Closing marks a closed stack, on the revision marker of a stack that doesn't hold the project.
	Closing bool `json:"closing,omitempty"`
	// Commit is the token of the stack's last commit, on the revision marker only. It makes the
	// change sets of two writers on one base differ, so that one of them loses early by their
	// common name.
	Commit string `json:"commit,omitempty"`
	// Revision is the value of the parameter Revision in that commit, on the revision marker only;
	// nil if unknown. It shows when GetTemplate is stale.
	Revision *int64 `json:"revision,omitempty"`
}

// Grant is one permission of a policy.
type Grant struct {
	Permission model.Permission `json:"permission"`
	Origin     string           `json:"origin,omitempty"`
	// Incarnation is the permission's: see ownership.go.
	Incarnation string `json:"incarnation,omitempty"`
	// Bucket is the permission's bucket in another stack.
	Bucket *BucketRef `json:"bucket,omitempty"`
}

// Resource is one compiled resource.
type Resource struct {
	Type                string
	DependsOn           []string // none: the attribute is left out
	DeletionPolicy      string   // "": the attribute is left out
	UpdateReplacePolicy string   // "": the attribute is left out
	Metadata            Metadata
	Properties          map[string]any
}

// append writes the resource as JSON of a template.
func (r Resource) append(to []byte) []byte {
	to = appendString(append(to, `{"Type":`...), r.Type)
	if len(r.DependsOn) > 0 {
		to = appendJSON(append(to, `,"DependsOn":`...), r.DependsOn)
	}
	if r.DeletionPolicy != "" {
		to = appendString(append(to, `,"DeletionPolicy":`...), r.DeletionPolicy)
	}
	if r.UpdateReplacePolicy != "" {
		to = appendString(append(to, `,"UpdateReplacePolicy":`...), r.UpdateReplacePolicy)
	}
	to = appendJSON(append(to, `,"Metadata":`...), r.Metadata)
	to = appendJSON(append(to, `,"Properties":`...), r.Properties)
	return append(to, '}')
}

// Metadata is a resource's Metadata attribute, of which only Stowage is ours.
type Metadata struct {
	Stowage OwnerMetadata `json:"Stowage"`
}

// retained marks a resource with data: CloudFormation deletes it only when its own creation is
// rolled back.
func (r Resource) retained() Resource {
	r.DeletionPolicy, r.UpdateReplacePolicy = "RetainExceptOnCreate", "Retain"
	return r
}

// imported marks a resource that existed before, which CloudFormation never deletes.
func (r Resource) imported() Resource {
	r.DeletionPolicy, r.UpdateReplacePolicy = "Retain", "Retain"
	return r
}

// Resources is a group of resources by logical ID.
type Resources map[string]Resource

func (r Resources) raw() map[string]json.RawMessage {
	raw := make(map[string]json.RawMessage, len(r))
	for id, resource := range r {
		raw[id] = encodeJSON(resource)
	}
	return raw
}

// dynamicReferences counts the resources with a dynamic reference.
func (r Resources) dynamicReferences() int {
	n := 0
	for _, resource := range r {
		if text, ok := resource.Properties["SecretString"].(string); ok && strings.HasPrefix(text, dynamicReference) {
			n++
		}
	}
	return n
}

// Logical IDs.
//
// A logical ID is a word for the kind of resource and the entity's name. Names hold a-z, 0-9 and
// hyphens, logical IDs only letters and digits (CloudFormation user guide,
// resources-section-structure): a hyphen becomes X, which no name holds. So IDs are unique,
// readable, and a function of the name. They must never change: that would delete a resource and
// create another.

func logicalName(name string) string { return strings.ReplaceAll(name, "-", "X") }

func bucketID(name string) string         { return "Bucket" + logicalName(name) }
func bucketPolicyID(name string) string   { return "BucketPolicy" + logicalName(name) }
func userID(name string) string           { return "User" + logicalName(name) }
func groupID(name string) string          { return "Group" + logicalName(name) }
func directoryEntryID(name string) string { return "Listing" + logicalName(name) }
func secretID(user string) string         { return "Secret" + logicalName(user) }
func secretPolicyID(user string) string   { return "SecretPolicy" + logicalName(user) }
func roleID(user string) string           { return "Role" + logicalName(user) }
func sftpUserID(user string) string       { return "SftpUser" + logicalName(user) }

// keySecretPrefix begins the logical IDs of the keys' secrets.
const keySecretPrefix = "KeySecret"

func keySecretID(user string, slot model.Slot) string {
	return keySecretPrefix + strings.ToUpper(string(slot)) + logicalName(user)
}

func accessKeyID(user string, slot model.Slot) string {
	return "AccessKey" + strings.ToUpper(string(slot)) + logicalName(user)
}

func policyID(user string, n int) string {
	return "Policy" + logicalName(user) + "N" + strconv.Itoa(n)
}

// Logical IDs of what a stack has once.
const (
	RevisionMarkerID = "Carrier"
	keyID            = "Key"
	keyAliasID       = "KeyAlias"
	logBucketID      = "LogBucket"
	logPolicyID      = "LogBucketPolicy"
	templateBucketID = "TemplateBucket"
	templatePolicyID = "TemplateBucketPolicy"
	sftpLogsID       = "SftpLogs"
	sftpServerID     = "SftpServer"
)

// RevisionParameter is the stack parameter with the revision: the number of the stack's commits.
const RevisionParameter = "Revision"

// Env is what compiling needs besides the entity: the stack's location and what the project shares,
// which are written as literals.
type Env struct {
	Project   string `json:"project"`
	AccountID string `json:"account_id"`
	Region    string `json:"region"`
	Partition string `json:"partition"`
	Shared
	// Outputs are the stack's own, from DescribeStacks.
	Outputs map[string]string `json:"-"`
	// Budget is how much of its limits the stack may use; zero means Budget().
	Budget Usage `json:"-"`
}

// Shared is what the project's resources share in all of its stacks, from the first stack's
// outputs.
type Shared struct {
	// KeyARN is the ARN of the project's key, "" until the key exists.
	KeyARN string `json:"key_arn,omitempty"`
	// SFTPServerID is the ID of the project's SFTP server, "" for none.
	SFTPServerID string `json:"sftp_server_id,omitempty"`
}

func (e Env) budget() Usage {
	if e.Budget == (Usage{}) {
		return Budget()
	}
	return e.Budget
}

func (e Env) bucketARN(bucketName string) string {
	return fmt.Sprintf("arn:%s:s3:::%s", e.Partition, bucketName)
}

func (e Env) rootARN() string {
	return fmt.Sprintf("arn:%s:iam::%s:root", e.Partition, e.AccountID)
}

// arn returns the start of an ARN of a service in the project's account and region.
func (e Env) arn(service string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s", e.Partition, service, e.Region, e.AccountID)
}

// via returns the DNS name of a service in the region, under which it acts for others. It has
// another suffix in China (AWS in China user guide, endpoints).
func (e Env) via(service string) string {
	return service + "." + e.Region + "." + cfn.DNSSuffix(e.Partition)
}
