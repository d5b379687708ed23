package cloudformation_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloudformation"
)

const (
	account = "111122223333"
	region  = "eu-west-1"
)

// world is a world with CloudFormation and small resource types.
type world struct {
	t        testing.TB
	w        *cloud.World
	cfn      *cloudformation.Service
	types    map[string]*fakeType
	messages []string
	stale    bool
	objects  map[string]string
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, w: cloud.New(1), types: map[string]*fakeType{}, objects: map[string]string{}}
	w.cfn = cloudformation.New(w.w)
	w.w.SetPublisher(w)
	w.w.SetObjects(w)
	name := cloud.Property{Kind: cloud.KindString, CreateOnly: true}
	text := cloud.Property{Kind: cloud.KindString}
	w.add("AWS::S3::Bucket", cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"BucketName": name, "Tags": {Kind: cloud.KindList}, "VersioningConfiguration": {Kind: cloud.KindMap},
		},
		PrimaryID:  []string{"BucketName"},
		Attributes: []string{"Arn"},
		Tags:       true,
	}, "")
	w.add("AWS::SSM::Parameter", cloud.TypeSchema{
		Properties: map[string]cloud.Property{"Name": name, "Value": text, "Type": text, "Description": text},
		Required:   []string{"Value", "Type"}, PrimaryID: []string{"Name"}, Attributes: []string{"Value", "Type"},
	}, "")
	w.add("AWS::SNS::Topic", cloud.TypeSchema{
		Properties: map[string]cloud.Property{"TopicName": name, "DisplayName": text},
		Attributes: []string{"TopicArn", "TopicName"},
		PrimaryID:  []string{"TopicArn"},
	}, "arn:aws:sns:"+region+":"+account+":")
	w.add("AWS::IAM::User", cloud.TypeSchema{
		Properties: map[string]cloud.Property{"UserName": name, "Path": text},
		PrimaryID:  []string{"UserName"},
		Attributes: []string{"Arn"},
		NamedIAM:   true,
	}, "")
	return w
}

func (w *world) add(kind string, schema cloud.TypeSchema, prefix string) {
	f := &fakeType{kind: kind, schema: &schema, prefix: prefix, live: map[string]map[string]any{}}
	w.types[kind] = f
	w.w.RegisterType(kind, f)
}

func (w *world) Publish(topic, subject, message string) error {
	if subject != "AWS CloudFormation Notification" {
		w.t.Errorf("subject %q", subject)
	}
	w.messages = append(w.messages, topic+"\n"+message)
	return nil
}

func (w *world) ReadObject(_ cloud.Caller, bucket, key string) ([]byte, error) {
	if body, ok := w.objects[bucket+"/"+key]; ok {
		return []byte(body), nil
	}
	return nil, cloud.Errorf("AccessDenied", "Access Denied")
}

type fakeType struct {
	kind   string
	schema *cloud.TypeSchema
	prefix string // of physical IDs
	live   map[string]map[string]any
	made   int
}

func (f *fakeType) Schema() *cloud.TypeSchema { return f.schema }

func (f *fakeType) id(properties map[string]any) string {
	for name, p := range f.schema.Properties {
		if s, ok := properties[name].(string); ok && p.CreateOnly {
			return f.prefix + s
		}
	}
	return ""
}

func (f *fakeType) state(id string, properties map[string]any) cloud.Resource {
	f.live[id] = maps.Clone(properties)
	attributes := maps.Clone(properties)
	attributes["Arn"], attributes["TopicArn"] = "arn:"+id, id
	if f.kind == "AWS::SNS::Topic" {
		attributes["TopicName"] = strings.TrimPrefix(id, f.prefix)
	}
	return cloud.Resource{PhysicalID: id, Attributes: attributes}
}

func (f *fakeType) Create(_ cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	id := f.id(r.Properties)
	if id == "" {
		f.made++
		id = fmt.Sprintf("%s%s-%s-%d", f.prefix, r.StackName, r.LogicalID, f.made)
	}
	if _, ok := f.live[id]; ok {
		return cloud.Resource{}, cloud.Errorf("AlreadyExists", "%s already exists", id)
	}
	return f.state(id, r.Properties), nil
}

func (f *fakeType) Update(_ cloud.Caller, id string, _, next map[string]any) (cloud.Resource, error) {
	if _, ok := f.live[id]; !ok {
		return cloud.Resource{}, cloud.Errorf("NotFound", "%s not found", id)
	}
	return f.state(id, next), nil
}

func (f *fakeType) Delete(_ cloud.Caller, id string, _ map[string]any) error {
	delete(f.live, id)
	return nil
}

func (f *fakeType) Exists(_ cloud.Caller, properties map[string]any) (string, bool) {
	id := f.id(properties)
	_, ok := f.live[id]
	return id, ok && id != ""
}

// failWhen makes steps fail: "phase id" -> reason.
func (w *world) failWhen(faults map[string]string) {
	w.w.ResourceFault = func(_, id string, phase cloud.Phase) string { return faults[string(phase)+" "+id] }
}

// call makes one request and returns the answer's members, lists as []any, text as string.
func (w *world) call(operation string, parameters ...string) (map[string]any, *cloud.Error) {
	w.t.Helper()
	form := url.Values{"Action": {operation}, "Version": {"2010-05-15"}}
	for i := 0; i < len(parameters); i += 2 {
		form.Set(parameters[i], parameters[i+1])
	}
	r := &cloud.Request{
		Caller: cloud.Caller{
			Account: account, Region: region, ARN: "arn:aws:iam::" + account + ":user/me", UserID: "AIDAME",
		},
		Service:   "cloudformation",
		Operation: operation,
		Form:      form,
		Stale:     w.stale,
		HTTP:      &http.Request{Method: http.MethodPost, Header: http.Header{}},
	}
	w.w.Lock()
	defer w.w.Unlock()
	response, err := w.cfn.Handle(r)
	if err != nil {
		var e *cloud.Error
		if !errors.As(err, &e) {
			w.t.Fatalf("%s: %v is no AWS error", operation, err)
		}
		return nil, e
	}
	root, err := decodeXML(response.Body)
	if err != nil {
		w.t.Fatalf("%s: %v in %s", operation, err, response.Body)
	}
	result, _ := root[operation+"Result"].(map[string]any)
	return result, nil
}

func (w *world) ok(operation string, parameters ...string) map[string]any {
	w.t.Helper()
	result, err := w.call(operation, parameters...)
	if err != nil {
		w.t.Fatalf("%s: %v", operation, err)
	}
	return result
}

func (w *world) refused(code, message string, operation string, parameters ...string) {
	w.t.Helper()
	_, err := w.call(operation, parameters...)
	if err == nil {
		w.t.Fatalf("%s succeeded; want %s: %s", operation, code, message)
	}
	if err.Code != code || err.Message != message {
		w.t.Errorf("%s:\n got %s: %s\nwant %s: %s", operation, err.Code, err.Message, code, message)
	}
}

func decodeXML(body []byte) (map[string]any, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	for {
		token, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("no element: %w", err)
		}
		if _, ok := token.(xml.StartElement); ok {
			v, err := decodeElement(d)
			m, _ := v.(map[string]any)
			return m, err
		}
	}
}

func decodeElement(d *xml.Decoder) (any, error) {
	var text strings.Builder
	var list []any
	m := map[string]any{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) || err != nil {
			return nil, fmt.Errorf("cut short: %w", err)
		}
		switch token := token.(type) {
		case xml.CharData:
			text.Write(token)
		case xml.StartElement:
			v, err := decodeElement(d)
			if err != nil {
				return nil, err
			}
			if token.Name.Local == "member" {
				list = append(list, v)
			} else {
				m[token.Name.Local] = v
			}
		case xml.EndElement:
			switch {
			case list != nil:
				return list, nil
			case len(m) > 0:
				return m, nil
			}
			return text.String(), nil
		}
	}
}

// stack returns the only stack of DescribeStacks for a name or ID.
func (w *world) stack(ref string) map[string]any {
	w.t.Helper()
	stacks, _ := w.ok("DescribeStacks", "StackName", ref)["Stacks"].([]any)
	if len(stacks) != 1 {
		w.t.Fatalf("%d stacks for %s", len(stacks), ref)
	}
	return stacks[0].(map[string]any)
}

func (w *world) status(ref string) string {
	w.t.Helper()
	return fmt.Sprint(w.stack(ref)["StackStatus"])
}

func (w *world) wantStatus(ref, status string) {
	w.t.Helper()
	if got := w.status(ref); got != status {
		w.t.Fatalf("%s is %s, want %s\nevents: %s", ref, got, status, strings.Join(w.events(ref), "\n"))
	}
}

func (w *world) events(ref string) []string {
	w.t.Helper()
	var list []string
	token := []string{}
	for {
		page := w.ok("DescribeStackEvents", append([]string{"StackName", ref}, token...)...)
		events, _ := page["StackEvents"].([]any)
		for _, e := range events {
			m := e.(map[string]any)
			list = append(
				list,
				strings.TrimSpace(
					fmt.Sprintf("%s %s %s", m["LogicalResourceId"], m["ResourceStatus"], orEmpty(m["ResourceStatusReason"])),
				),
			)
		}
		next, more := page["NextToken"].(string)
		if !more {
			slices.Reverse(list)
			return list
		}
		token = []string{"NextToken", next}
	}
}

func orEmpty(v any) any {
	if v == nil {
		return ""
	}
	return v
}

func (w *world) commit(stack, name, kind, template string, more ...string) string {
	w.t.Helper()
	id := w.prepare(stack, name, kind, template, more...)
	w.ok("ExecuteChangeSet", "ChangeSetName", id)
	return id
}

func (w *world) prepare(stack, name, kind, template string, more ...string) string {
	w.t.Helper()
	made := w.ok(
		"CreateChangeSet",
		append(
			[]string{"StackName", stack, "ChangeSetName", name, "ChangeSetType", kind, "TemplateBody", template},
			more...)...)
	id := fmt.Sprint(made["Id"])
	if set := w.ok("DescribeChangeSet", "ChangeSetName", id); set["ExecutionStatus"] != "AVAILABLE" {
		w.t.Fatalf("change set %s: %v %v %v", name, set["Status"], set["ExecutionStatus"], set["StatusReason"])
	}
	return id
}

// pass advances virtual time and runs due entries at their time, as the front door does.
func (w *world) pass(d time.Duration) {
	end := time.Now().Add(d)
	for {
		w.w.Lock()
		due, ok := w.w.NextDue()
		w.w.Unlock()
		if !ok || due.After(end) {
			break
		}
		<-time.After(time.Until(due))
	}
	<-time.After(time.Until(end))
}
