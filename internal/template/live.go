package template

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// Adoption.
//
// An existing bucket comes into the model in two commits. The first one imports it with the
// properties that it has, so that CloudFormation's update handler, which runs after an import,
// finds nothing to change. The second one is an ordinary update, to what the configuration compiles
// to. In between, the differences are drift of the bucket.
//
// What a model.Bucket cannot express is kept beside its settings (model.Adoption). With
// unmodeled_settings = "keep", compiling puts it back into the properties.

// Live is an existing bucket as AWS describes it.
type Live struct {
	// Bucket are the properties of AWS::S3::Bucket, Policy is the document of
	// AWS::S3::BucketPolicy, or nil. Numbers are json.Number.
	Bucket map[string]any
	Policy map[string]any
}

// readOnly are the properties of a bucket that cannot be set.
var readOnly = []string{"Arn", "DomainName", "DualStackDomainName", "RegionalDomainName", "WebsiteURL"}

// ordered are the lists whose order means something: the first matching CORS rule counts, and the
// order of lifecycle rules and of statements is kept.
var ordered = []string{"CorsRules", "Rules", "Statement"}

// DecodeLive reads a bucket's properties and its policy's document, "" for none, as JSON. Read-only
// properties and AWS's tags are left out, and lists without a meaningful order are sorted: two
// readings of an unchanged bucket are equal.
func DecodeLive(bucket, policy string) (*Live, error) {
	l := &Live{}
	value, err := decodeValue(json.RawMessage(bucket))
	if err != nil {
		return nil, err
	}
	properties, ok := value.(map[string]any)
	if !ok {
		return nil, errNoObject
	}
	for _, name := range readOnly {
		delete(properties, name)
	}
	if tags, ok := properties["Tags"].(list); ok {
		properties["Tags"] = withoutAWSTags(tags)
	}
	for name, value := range properties {
		if properties[name] = sortLists(name, value); isEmpty(properties[name]) {
			delete(properties, name)
		}
	}
	l.Bucket = properties
	if policy == "" {
		return l, nil
	}
	if value, err = decodeValue(json.RawMessage(policy)); err != nil {
		return nil, err
	}
	if l.Policy, ok = value.(map[string]any); !ok {
		return nil, errNoObject
	}
	return l, nil
}

// withoutAWSTags omits the tags that only AWS can set.
func withoutAWSTags(tags list) list {
	return slices.DeleteFunc(
		slices.Clone(tags), func(tag any) bool { return strings.HasPrefix(textAt(tag, "Key"), "aws:") },
	)
}

func isEmpty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case list:
		return len(v) == 0
	case object:
		return len(v) == 0
	}
	return false
}

// sortLists sorts the lists without a meaningful order.
func sortLists(name string, value any) any {
	switch v := value.(type) {
	case object:
		for member, of := range v {
			v[member] = sortLists(member, of)
		}
	case list:
		for i := range v {
			v[i] = sortLists("", v[i])
		}
		if !slices.Contains(ordered, name) {
			slices.SortStableFunc(v, func(a, b any) int { return cmp.Compare(string(encodeJSON(a)), string(encodeJSON(b))) })
		}
	}
	return value
}

// textAt is a string member of an object, or "".
func textAt(value any, name string) string {
	members, _ := value.(object)
	text, _ := members[name].(string)
	return text
}

// Encode spells the bucket as JSON, equal for equal buckets.
func (l *Live) Encode() []byte { return encodeJSON(l.value()) }

func (l *Live) value() object {
	value := object{"bucket": l.Bucket}
	if l.Policy != nil {
		value["policy"] = l.Policy
	}
	return value
}

// ReadLive reads what Encode has written.
func ReadLive(text []byte) (*Live, error) {
	value, err := decodeValue(text)
	if err != nil {
		return nil, err
	}
	members, _ := value.(object)
	l := &Live{}
	var ok bool
	if l.Bucket, ok = members["bucket"].(object); !ok {
		return nil, errNoObject
	}
	l.Policy, _ = members["policy"].(object)
	return l, nil
}

// Name is the physical name of the bucket.
func (l *Live) Name() string { return textAt(l.Bucket, "BucketName") }

// Differences lists where another reading of the bucket differs.
func (l *Live) Differences(now *Live) []string {
	var texts []string
	walk(nil, l.value(), now.value(), func(path []string, before, after any) {
		d := Drift{LogicalID: l.Name(), Path: strings.Join(path, "."), Want: brief(before), Have: brief(after)}
		texts = append(texts, d.String())
	})
	return texts
}
