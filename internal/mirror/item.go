package mirror

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Head is the small item of a stack: its version and the announced operation.
type Head struct {
	Shard     int    `json:"shard"`
	StackName string `json:"stack_name"`
	Version
	// Reason is CloudFormation's reason for the status, cut to maxReason bytes; "" when unknown.
	Reason string `json:"reason,omitempty"`
	// Operation is the announced, unfinished operation; nil for none.
	Operation *Operation `json:"operation,omitempty"`
	// Seq and Epoch are those of the event that was written with the head.
	Seq   int64  `json:"seq"`
	Epoch string `json:"epoch"`
	// BodyHash is the hash of the last body; "" when there is none.
	BodyHash string `json:"body_hash,omitempty"`
}

// maxReason limits the size of a head: CloudFormation lists all failed resources.
const maxReason = 500

// Operation is a change that a writer is about to make or is making. Announce sets the times that
// are zero.
type Operation = event.Operation

// Body is the large item of a stack: its contents when it was stable.
type Body struct {
	// Format is the format of the item, see bodyFormat. Items of the first format have none.
	Format int `json:"format,omitempty"`
	Shard  int `json:"shard"`
	Version
	Hash     string            `json:"hash"`
	Contents template.Contents `json:"contents"`
	// MaybeStale is that of the Update.
	MaybeStale bool `json:"doubtful,omitempty"`
}

// counter is the position of a project's sequence.
type counter struct {
	Epoch string `json:"epoch"`
	Seq   int64  `json:"seq"`
}

// storedEvent is an event with its data as a string, since no query looks inside and it is sent
// byte for byte.
type storedEvent struct {
	V        int        `json:"v"`
	Type     event.Type `json:"type"`
	Project  string     `json:"project"`
	Epoch    string     `json:"epoch"`
	Seq      int64      `json:"seq"`
	Revision int64      `json:"revision"`
	Time     time.Time  `json:"time"`
	Run      string     `json:"run,omitempty"`
	Data     string     `json:"data"`
	Expires  int64      `json:"expires"` // seconds since 1970, as DynamoDB's time to live requires
}

func stored(e event.Event) storedEvent {
	return storedEvent{
		e.V, e.Type, e.Project, e.Epoch, e.Seq, e.Revision, e.Time, e.Run, string(e.Data),
		e.Time.Add(event.EventLife).Unix(),
	}
}

func (s storedEvent) event() event.Event {
	return event.Event{
		V: s.V, Type: s.Type, Project: s.Project, Epoch: s.Epoch, Seq: s.Seq, Revision: s.Revision, Time: s.Time,
		Run: s.Run, Data: json.RawMessage(s.Data),
	}
}

// Names of attributes for creating the table.
const (
	PartitionKey = "pk"      // a string
	SortKey      = "sk"      // a string
	TTLAttribute = "expires" // seconds since 1970
)

// Directory is the name under which the directory's stack is mirrored. No project can have it.
const Directory = "directory"

const (
	headPrefix  = "STACK#"
	bodyPrefix  = "BODY#"
	eventPrefix = "EVENT#"
	counterKey  = "SEQ"
	sentKey     = "SENT" // sorts between the events and the counter
	firstPrefix = "ANNOUNCED#"

	eventsPrefix   = "EVENTS#"
	connectionsKey = "CONNECTIONS"
)

func projectKey(project string) string {
	if project == Directory {
		return "DIRECTORY"
	}
	return "PROJECT#" + project
}

// eventsKey is the partition of a project's events and counter, apart from its stacks, so that one
// Query reads the stacks without events.
func eventsKey(project string) string { return eventsPrefix + project }

func projectOfEvents(partition string) string { return strings.TrimPrefix(partition, eventsPrefix) }

func headKey(shard int) string { return headPrefix + strconv.Itoa(shard) }
func bodyKey(shard int) string { return bodyPrefix + strconv.Itoa(shard) }

// firstKey is the key of an announcement for a stack that is not mirrored, beside the events.
func firstKey(shard int) string { return firstPrefix + strconv.Itoa(shard) }

// eventKey pads to the digits of an int64, so that events sort by number.
func eventKey(seq int64) string { return fmt.Sprintf("%s%019d", eventPrefix, seq) }

// item is an item of the table in the SDK's form.
type item = map[string]types.AttributeValue

func key(pk, sk string) item {
	return item{PartitionKey: &types.AttributeValueMemberS{Value: pk}, SortKey: &types.AttributeValueMemberS{Value: sk}}
}

// marshal returns the item of a struct.
func marshal(pk, sk string, value any) (item, error) {
	result, err := attributevalue.MarshalMapWithOptions(value, asStored)
	if err != nil {
		return nil, fmt.Errorf("encoding the item %s %s: %w", pk, sk, err)
	}
	maps.Copy(result, key(pk, sk))
	return result, nil
}

// asStored encodes values in the form of the table: JSON names, entities as native maps, times as
// milliseconds since 1970.
func asStored(o *attributevalue.EncoderOptions) {
	o.TagKey = "json"
	o.EncodeTime = func(t time.Time) (types.AttributeValue, error) {
		return &types.AttributeValueMemberN{Value: strconv.FormatInt(t.UnixMilli(), 10)}, nil
	}
}

func unmarshal(from item, into any) error {
	if err := readable(from); err != nil {
		return err
	}
	err := attributevalue.UnmarshalMapWithOptions(from, into, func(o *attributevalue.DecoderOptions) {
		o.TagKey = "json"
		o.DecodeTime.N = func(n string) (time.Time, error) {
			ms, err := strconv.ParseInt(n, 10, 64)
			return time.UnixMilli(ms).UTC(), err
		}
	})
	if err != nil {
		return fmt.Errorf("decoding the item %s %s: %w", keyPart(from, PartitionKey), keyPart(from, SortKey), err)
	}
	return nil
}

func keyPart(from item, name string) string {
	if s, ok := from[name].(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

func isHead(sk string) bool { return strings.HasPrefix(sk, headPrefix) }
func isBody(sk string) bool { return strings.HasPrefix(sk, bodyPrefix) }

// hashOf returns a hash that identifies contents.
func hashOf(contents *template.Contents) (string, error) {
	encoded, err := json.Marshal(contents)
	if err != nil {
		return "", fmt.Errorf("hashing a stack's contents: %w", err)
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:]), nil
}
