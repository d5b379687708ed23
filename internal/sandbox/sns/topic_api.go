package sns

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

func (s *Service) createTopic(r *cloud.Request) (any, error) {
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
	return struct{ TopicArn string }{t.arn}, nil
}

// create creates a topic or returns the one of that name, which must have the same attributes.
func (s *Service) create(c cloud.Caller, name string, attributes, tags map[string]string) (*topic, error) {
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
				return nil, cloud.Errorf(
					"InvalidParameter",
					"Invalid parameter: Attributes Reason: Topic already exists with different attributes",
				)
			}
		}
		return t, nil
	}
	t := &topic{
		arn: arn, owner: c.Account,
		attributes: map[string]string{"DisplayName": "", "Policy": defaultPolicy(arn, c.Account)}, tags: tags,
	}
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

func (s *Service) deleteTopic(r *cloud.Request) (any, error) {
	arn := r.Form.Get("TopicArn")
	if !strings.HasPrefix(arn, arnOf(r.Caller, "")) {
		return nil, invalidTopic()
	}
	s.remove(arn)
	return nil, nil
}

func (s *Service) remove(arn string) {
	delete(s.topics, arn)
	s.order = slices.DeleteFunc(s.order, func(other string) bool { return other == arn })
}

type attribute struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

func (s *Service) getTopicAttributes(r *cloud.Request) (any, error) {
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
	return struct {
		Entries []attribute `xml:"Attributes>entry"`
	}{entries}, nil
}

func (s *Service) listTopics(r *cloud.Request) (any, error) {
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
	return struct {
		Topics    []member `xml:"Topics>member"`
		NextToken string   `xml:",omitempty"`
	}{topics, next}, nil
}

func (s *Service) subscribe(r *cloud.Request) (any, error) {
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
	return struct{ SubscriptionArn string }{made.arn}, nil
}

// add subscribes a function to a topic, or returns its subscription.
func (s *Service) add(t *topic, function, owner string) subscription {
	for _, existing := range t.subscriptions {
		if existing.endpoint == function {
			return existing
		}
	}
	made := subscription{arn: t.arn + ":" + s.world.NewUUID(), protocol: "lambda", endpoint: function, owner: owner}
	t.subscriptions = append(t.subscriptions, made)
	return made
}

func (s *Service) listSubscriptions(r *cloud.Request) (any, error) {
	t, err := s.find(r, r.Form.Get("TopicArn"))
	if err != nil {
		return nil, err
	}
	type member struct{ SubscriptionArn, Owner, Protocol, Endpoint, TopicArn string }
	members := make([]member, 0, len(t.subscriptions))
	for _, sub := range t.subscriptions {
		members = append(members, member{sub.arn, sub.owner, sub.protocol, sub.endpoint, t.arn})
	}
	return struct {
		Subscriptions []member `xml:"Subscriptions>member"`
	}{members}, nil
}

func (s *Service) listTags(r *cloud.Request) (any, error) {
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
	return struct {
		Tags []tag `xml:"Tags>member"`
	}{tags}, nil
}

func (s *Service) publish(r *cloud.Request) (any, error) {
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
	return struct {
		MessageID string `xml:"MessageId"`
	}{id}, nil
}

// find finds the topic of a request. One of another region is an invalid parameter, since a topic
// can be reached only in its own region. For one of another account the front door has evaluated
// the topic's policy.
func (s *Service) find(r *cloud.Request, arn string) (*topic, error) {
	parts := strings.Split(arn, ":")
	if len(parts) < 6 { // recorded from AWS (LocalStack's test_sns)
		return nil, cloud.Errorf(
			"InvalidParameter", "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not %d",
			len(parts),
		)
	}
	if len(parts) != 6 || parts[2] != "sns" || parts[3] != r.Caller.Region {
		return nil, invalidTopic()
	}
	if parts[4] != r.Caller.Account && s.topics[arn] == nil {
		return nil, &cloud.Error{
			Code:   "AuthorizationError",
			Status: http.StatusForbidden,
			Message: fmt.Sprintf(
				"User: %s is not authorized to perform: SNS:%s on resource: %s", r.Caller.ARN, r.Operation, arn,
			),
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
