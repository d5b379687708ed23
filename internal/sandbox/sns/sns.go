package sns

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

var (
	wire      = protocol.Query{Namespace: "http://sns.amazonaws.com/doc/2010-03-31/", Version: "2010-03-31"}
	topicName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)
)

const (
	maxMessage = 256 << 10 // bytes
	pageSize   = 100
	// disorder is the longest time by which a message is late when Delivery.Reorder is set.
	disorder = 5 * time.Second
)

// Delivery says what happens to the notifications of stacks on their way; the zero value delivers each once, in order and
// at once.
type Delivery struct {
	Drop      float64 `json:"drop"`      // probability of being lost
	Duplicate float64 `json:"duplicate"` // probability of coming twice
	Reorder   bool    `json:"reorder"`   // each is late by a random time of at most 5 seconds
	Delay     string  `json:"delay"`     // a Go duration such as "30s" by which each is late; "" means none
}

// Late is the time by which all notifications are late.
func (d Delivery) Late() (time.Duration, error) {
	if d.Delay == "" {
		return 0, nil
	}
	late, err := time.ParseDuration(d.Delay)
	if err != nil {
		return 0, fmt.Errorf("delay: %w", err)
	}
	if late < 0 {
		return 0, fmt.Errorf("delay: %s is in the past", late)
	}
	return late, nil
}

// SNS is the service.
type SNS struct {
	world    *cloud.World
	topics   map[string]*topic // by ARN
	order    []string          // ARNs in order of creation
	delivery Delivery
	late     time.Duration
	// everywhere are the functions that are subscribed to all topics of a name.
	everywhere []standing
}

// standing subscribes a function to all topics of a name.
type standing struct{ topic, function string }

type topic struct {
	arn, owner    string
	attributes    map[string]string
	tags          map[string]string
	subscriptions []subscription
}

type subscription struct{ arn, protocol, endpoint, owner string }

// New makes the service and registers it as the publisher, and its resource types.
func New(w *cloud.World) *SNS {
	s := &SNS{world: w, topics: make(map[string]*topic)}
	w.SetPublisher(s)
	w.RegisterType("AWS::SNS::Topic", topicType{s})
	w.RegisterType("AWS::SNS::TopicPolicy", topicPolicyType{s})
	return s
}

// SetDelivery sets what happens to the notifications of stacks from now on.
func (s *SNS) SetDelivery(d Delivery) error {
	if d.Drop < 0 || d.Drop > 1 || d.Duplicate < 0 || d.Duplicate > 1 {
		return fmt.Errorf("drop and duplicate are probabilities: %g, %g", d.Drop, d.Duplicate)
	}
	late, err := d.Late()
	if err != nil {
		return err
	}
	s.delivery, s.late = d, late
	return nil
}

// SubscribeEverywhere subscribes a Lambda function to all topics of a name, in every account and region, as the owner of the
// topic would: to those that there are and to those that are made later.
func (s *SNS) SubscribeEverywhere(topicName, functionARN string) {
	s.everywhere = append(s.everywhere, standing{topicName, functionARN})
	for _, arn := range s.order {
		if strings.HasSuffix(arn, ":"+topicName) {
			s.add(s.topics[arn], functionARN, s.topics[arn].owner)
		}
	}
}

// WriteError encodes an error.
func (s *SNS) WriteError(r *cloud.Request, e *cloud.Error) *cloud.Response { return wire.Error(r, e) }

// Handle answers a request.
func (s *SNS) Handle(r *cloud.Request) (*cloud.Response, error) {
	if err := wire.CheckVersion(r); err != nil {
		return nil, err
	}
	switch r.Operation {
	case "CreateTopic":
		return s.createTopic(r)
	case "DeleteTopic":
		return s.deleteTopic(r)
	case "GetTopicAttributes":
		return s.getTopicAttributes(r)
	case "ListTopics":
		return s.listTopics(r)
	case "Subscribe":
		return s.subscribe(r)
	case "ListSubscriptionsByTopic":
		return s.listSubscriptions(r)
	case "ListTagsForResource":
		return s.listTags(r)
	case "Publish":
		return s.publish(r)
	default:
		return nil, cloud.NotModelled("sns %s", r.Operation)
	}
}

func (s *SNS) createTopic(r *cloud.Request) (*cloud.Response, error) {
	if name := protocol.Unknown(r.Form, "Name", "Attributes", "Tags"); name != "" {
		return nil, cloud.NotModelled("parameter %s of sns CreateTopic", name)
	}
	tags := make(map[string]string)
	for _, tag := range protocol.Members(r.Form, "Tags") {
		tags[tag.Get("Key")] = tag.Get("Value")
	}
	t, err := s.create(r.Caller, r.Form.Get("Name"), protocol.Map(r.Form, "Attributes"), tags)
	if err != nil {
		return nil, err
	}
	return wire.Result(r, struct{ TopicArn string }{t.arn})
}

// create makes a topic or finds the one of that name, which is fine as long as the attributes are its own.
func (s *SNS) create(c cloud.Caller, name string, attributes, tags map[string]string) (*topic, error) {
	if !topicName.MatchString(name) {
		return nil, cloud.Errorf("InvalidParameter", "Invalid parameter: Topic Name")
	}
	for key := range attributes {
		if !slices.Contains([]string{"DisplayName", "KmsMasterKeyId", "Policy"}, key) {
			return nil, cloud.NotModelled("the attribute %s of an SNS topic", key)
		}
	}
	arn := arnOf(c, name)
	if t := s.topics[arn]; t != nil {
		for key, value := range attributes {
			if t.attributes[key] != value {
				return nil, cloud.Errorf("InvalidParameter", "Invalid parameter: Attributes Reason: Topic already exists with different attributes")
			}
		}
		return t, nil
	}
	t := &topic{arn: arn, owner: c.Account, attributes: map[string]string{"DisplayName": "", "Policy": defaultPolicy(arn, c.Account)}, tags: tags}
	for key, value := range attributes {
		t.attributes[key] = value
	}
	s.topics[arn] = t
	s.order = append(s.order, arn)
	for _, e := range s.everywhere {
		if e.topic == name {
			s.add(t, e.function, t.owner)
		}
	}
	return t, nil
}

func (s *SNS) deleteTopic(r *cloud.Request) (*cloud.Response, error) {
	arn := r.Form.Get("TopicArn")
	if !strings.HasPrefix(arn, arnOf(r.Caller, "")) {
		return nil, invalidTopic()
	}
	s.remove(arn)
	return wire.Result(r, nil)
}

func (s *SNS) remove(arn string) {
	delete(s.topics, arn)
	s.order = slices.DeleteFunc(s.order, func(other string) bool { return other == arn })
}

type attribute struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

func (s *SNS) getTopicAttributes(r *cloud.Request) (*cloud.Response, error) {
	t, err := s.find(r, r.Form.Get("TopicArn"))
	if err != nil {
		return nil, err
	}
	entries := []attribute{
		{"TopicArn", t.arn},
		{"Owner", t.owner},
		{"SubscriptionsConfirmed", fmt.Sprint(len(t.subscriptions))},
		{"SubscriptionsPending", "0"},
		{"SubscriptionsDeleted", "0"},
		{"EffectiveDeliveryPolicy", effectiveDeliveryPolicy},
	}
	for _, key := range []string{"DisplayName", "KmsMasterKeyId", "Policy"} {
		if value, ok := t.attributes[key]; ok {
			entries = append(entries, attribute{key, value})
		}
	}
	return wire.Result(r, struct {
		Entries []attribute `xml:"Attributes>entry"`
	}{entries})
}

func (s *SNS) listTopics(r *cloud.Request) (*cloud.Response, error) {
	type member struct{ TopicArn string }
	var topics []member
	next, after := "", r.Form.Get("NextToken")
	started := after == ""
	for _, arn := range s.order {
		if !started {
			started = arn == after
			continue
		}
		if !strings.HasPrefix(arn, arnOf(r.Caller, "")) {
			continue
		}
		if len(topics) == pageSize {
			next = topics[pageSize-1].TopicArn
			break
		}
		topics = append(topics, member{arn})
	}
	if !started {
		return nil, cloud.Errorf("InvalidParameter", "Invalid parameter: NextToken")
	}
	return wire.Result(r, struct {
		Topics    []member `xml:"Topics>member"`
		NextToken string   `xml:",omitempty"`
	}{topics, next})
}

func (s *SNS) subscribe(r *cloud.Request) (*cloud.Response, error) {
	if name := protocol.Unknown(r.Form, "TopicArn", "Protocol", "Endpoint", "ReturnSubscriptionArn"); name != "" {
		return nil, cloud.NotModelled("parameter %s of sns Subscribe", name)
	}
	t, err := s.find(r, r.Form.Get("TopicArn"))
	if err != nil {
		return nil, err
	}
	if r.Form.Get("Protocol") != "lambda" {
		return nil, cloud.NotModelled("SNS subscriptions with protocol %q", r.Form.Get("Protocol"))
	}
	endpoint := r.Form.Get("Endpoint")
	if !strings.HasPrefix(endpoint, "arn:aws:lambda:") {
		return nil, cloud.Errorf("InvalidParameter", "Invalid parameter: Lambda endpoint ARN")
	}
	made := s.add(t, endpoint, r.Caller.Account)
	return wire.Result(r, struct{ SubscriptionArn string }{made.arn})
}

// add subscribes a function to a topic, or finds its subscription.
func (s *SNS) add(t *topic, function, owner string) subscription {
	for _, existing := range t.subscriptions {
		if existing.endpoint == function {
			return existing
		}
	}
	made := subscription{arn: t.arn + ":" + s.world.NewUUID(), protocol: "lambda", endpoint: function, owner: owner}
	t.subscriptions = append(t.subscriptions, made)
	return made
}

func (s *SNS) listSubscriptions(r *cloud.Request) (*cloud.Response, error) {
	t, err := s.find(r, r.Form.Get("TopicArn"))
	if err != nil {
		return nil, err
	}
	type member struct{ SubscriptionArn, Owner, Protocol, Endpoint, TopicArn string }
	members := make([]member, 0, len(t.subscriptions))
	for _, sub := range t.subscriptions {
		members = append(members, member{sub.arn, sub.owner, sub.protocol, sub.endpoint, t.arn})
	}
	return wire.Result(r, struct {
		Subscriptions []member `xml:"Subscriptions>member"`
	}{members})
}

func (s *SNS) listTags(r *cloud.Request) (*cloud.Response, error) {
	t := s.topics[r.Form.Get("ResourceArn")]
	if t == nil {
		return nil, &cloud.Error{Code: "ResourceNotFound", Message: "Resource does not exist", Status: http.StatusNotFound}
	}
	type tag struct{ Key, Value string }
	var tags []tag
	for key, value := range t.tags {
		tags = append(tags, tag{key, value})
	}
	slices.SortFunc(tags, func(a, b tag) int { return strings.Compare(a.Key, b.Key) })
	return wire.Result(r, struct {
		Tags []tag `xml:"Tags>member"`
	}{tags})
}

func (s *SNS) publish(r *cloud.Request) (*cloud.Response, error) {
	if name := protocol.Unknown(r.Form, "TopicArn", "Subject", "Message"); name != "" {
		return nil, cloud.NotModelled("parameter %s of sns Publish", name)
	}
	if r.Form.Get("Message") == "" {
		return nil, cloud.Errorf("InvalidParameter", "Invalid parameter: Empty message")
	}
	if len(r.Form.Get("Message")) > maxMessage {
		return nil, cloud.Errorf("InvalidParameter", "Invalid parameter: Message too long")
	}
	t, err := s.find(r, r.Form.Get("TopicArn"))
	if err != nil {
		return nil, err
	}
	id := s.world.NewUUID()
	s.deliver(t, id, r.Form.Get("Subject"), r.Form.Get("Message"))
	return wire.Result(r, struct {
		MessageID string `xml:"MessageId"`
	}{id})
}

// find finds the topic that a request names: one of another region is an invalid parameter, since a topic is reached in
// its own region only; one of another account is none of the caller's here.
func (s *SNS) find(r *cloud.Request, arn string) (*topic, error) {
	parts := strings.Split(arn, ":")
	if len(parts) != 6 || parts[2] != "sns" || parts[3] != r.Caller.Region {
		return nil, invalidTopic()
	}
	if parts[4] != r.Caller.Account {
		return nil, &cloud.Error{
			Code: "AuthorizationError", Status: http.StatusForbidden,
			Message: fmt.Sprintf("User: %s is not authorized to perform: SNS:%s on resource: %s", r.Caller.ARN, r.Operation, arn),
		}
	}
	t := s.topics[arn]
	if t == nil {
		return nil, &cloud.Error{Code: "NotFound", Message: "Topic does not exist", Status: http.StatusNotFound}
	}
	return t, nil
}

func invalidTopic() *cloud.Error {
	return cloud.Errorf("InvalidParameter", "Invalid parameter: TopicArn")
}

// Publish sends the notification of a stack, which may be lost, doubled or late as SetDelivery said. The topic's region is
// that of its ARN; the caller makes sure that it is the stack's.
func (s *SNS) Publish(topicARN, subject, message string) error {
	t := s.topics[topicARN]
	if t == nil {
		if parts := strings.Split(topicARN, ":"); len(parts) != 6 || parts[2] != "sns" {
			return invalidTopic()
		}
		return &cloud.Error{Code: "NotFound", Message: "Topic does not exist", Status: http.StatusNotFound}
	}
	id := s.world.NewUUID()
	if s.delivery.Drop > 0 && s.world.Rand().Float64() < s.delivery.Drop {
		return nil
	}
	copies := 1
	if s.delivery.Duplicate > 0 && s.world.Rand().Float64() < s.delivery.Duplicate {
		copies = 2
	}
	for range copies {
		late := s.late
		if s.delivery.Reorder {
			late += time.Duration(s.world.Rand().Int64N(int64(disorder)))
		}
		if late == 0 {
			s.deliver(t, id, subject, message)
			continue
		}
		s.world.After(late, func() { s.deliver(t, id, subject, message) })
	}
	return nil
}

// deliver hands a message to the topic's subscribers: each function is invoked with the event that SNS makes for Lambda.
func (s *SNS) deliver(t *topic, id, subject, message string) {
	for _, sub := range t.subscriptions {
		var title any // null when there is no subject
		if subject != "" {
			title = subject
		}
		event, err := json.Marshal(map[string]any{"Records": []any{map[string]any{
			"EventSource":          "aws:sns",
			"EventVersion":         "1.0",
			"EventSubscriptionArn": sub.arn,
			"Sns": map[string]any{
				"Type":              "Notification",
				"MessageId":         id,
				"TopicArn":          t.arn,
				"Subject":           title,
				"Message":           message,
				"Timestamp":         protocol.Time(s.world.Now()),
				"SignatureVersion":  "1",
				"Signature":         "EXAMPLE",
				"SigningCertUrl":    "https://sns.example.com/SimpleNotificationService.pem",
				"UnsubscribeUrl":    "https://sns.example.com/?Action=Unsubscribe&SubscriptionArn=" + sub.arn,
				"MessageAttributes": map[string]any{},
			},
		}}})
		if err != nil {
			panic(fmt.Sprintf("sandbox: an SNS event can't be encoded: %v", err))
		}
		s.world.Invoke(sub.endpoint, event) // a function that is gone gets nothing, as in AWS
	}
}

func arnOf(c cloud.Caller, name string) string {
	return "arn:aws:sns:" + c.Region + ":" + c.Account + ":" + name
}

// effectiveDeliveryPolicy and defaultPolicy are as recorded from AWS.
const effectiveDeliveryPolicy = `{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,"numMaxDelayRetries":0,` +
	`"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},"disableSubscriptionOverrides":false,` +
	`"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}`

func defaultPolicy(arn, owner string) string {
	return `{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow","Principal":{"AWS":"*"},` +
		`"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe",` +
		`"SNS:ListSubscriptionsByTopic","SNS:Publish"],"Resource":"` + arn + `","Condition":{"StringEquals":{"AWS:SourceOwner":"` + owner + `"}}}]}`
}
