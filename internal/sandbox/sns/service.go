package sns

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
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
	// disorder is the maximum delay of a message when Delivery.Reorder is set.
	disorder = 5 * time.Second
)

// Delivery configures the delivery of stack notifications; the zero value delivers each once, in
// order and immediately.
type Delivery struct {
	Drop      float64 `json:"drop"`      // probability of loss
	Duplicate float64 `json:"duplicate"` // probability of duplication
	Reorder   bool    `json:"reorder"`   // adds a random delay of at most 5 seconds to each
	Delay     string  `json:"delay"`     // a Go duration such as "30s" that delays each; "" means none
}

// Late returns the delay of all notifications.
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

// Service is the simulated SNS.
type Service struct {
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

// New returns the service. It registers itself as the publisher, and its resource types.
func New(w *cloud.World) *Service {
	s := &Service{world: w, topics: make(map[string]*topic)}
	w.SetPublisher(s)
	w.RegisterType("AWS::SNS::Topic", topicType{s})
	w.RegisterType("AWS::SNS::TopicPolicy", topicPolicyType{s})
	return s
}

// SetDelivery sets the delivery of future stack notifications.
func (s *Service) SetDelivery(d Delivery) error {
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

// SubscribeEverywhere subscribes a Lambda function to all present and future topics of a name, in
// every account and region, as the topic's owner would.
func (s *Service) SubscribeEverywhere(topicName, functionARN string) {
	s.everywhere = append(s.everywhere, standing{topicName, functionARN})
	for _, arn := range s.order {
		if strings.HasSuffix(arn, ":"+topicName) {
			s.add(s.topics[arn], functionARN, s.topics[arn].owner)
		}
	}
}

// WriteError encodes an error.
func (s *Service) WriteError(r *cloud.Request, e *cloud.Error) *cloud.Response {
	return wire.Error(r, e)
}

var operations = map[string]func(*Service, *cloud.Request) (any, error){
	"CreateTopic":              (*Service).createTopic,
	"DeleteTopic":              (*Service).deleteTopic,
	"GetTopicAttributes":       (*Service).getTopicAttributes,
	"ListTopics":               (*Service).listTopics,
	"Subscribe":                (*Service).subscribe,
	"ListSubscriptionsByTopic": (*Service).listSubscriptions,
	"ListTagsForResource":      (*Service).listTags,
	"Publish":                  (*Service).publish,
}

var _ cloud.Service = (*Service)(nil)

// Handle answers one request.
func (s *Service) Handle(r *cloud.Request) (*cloud.Response, error) {
	if err := wire.CheckVersion(r); err != nil {
		return nil, err
	}
	return protocol.Answer(s, "sns", operations, r, wire)
}

// Publish sends a stack notification, which may be lost, duplicated or late according to
// SetDelivery. The topic's region is that of its ARN; the caller ensures that it is the stack's.
func (s *Service) Publish(topicARN, subject, message string) error {
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

// deliver sends a message to the topic's subscribers: each function is invoked with SNS's event for
// Lambda.
func (s *Service) deliver(t *topic, id, subject, message string) {
	for _, sub := range t.subscriptions {
		var title any // null without a subject
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
		// A function that is removed, or that does not permit the call, gets nothing.
		_ = s.world.Invoke(cloud.FunctionCall{
			ARN: sub.endpoint, Event: event, Service: "sns.amazonaws.com", Source: t.arn,
		})
	}
}

func arnOf(c cloud.Caller, name string) string {
	return "arn:aws:sns:" + c.Region + ":" + c.Account + ":" + name
}

// effectiveDeliveryPolicy and defaultPolicy are recorded from AWS.
const effectiveDeliveryPolicy = `{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,"numMaxDelayRetries":0,` +
	`"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},"disableSubscriptionOverrides":false,` +
	`"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}`

func defaultPolicy(arn, owner string) string {
	return `{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow","Principal":{"AWS":"*"},` +
		`"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe",` +
		`"SNS:ListSubscriptionsByTopic","SNS:Publish"],"Resource":"` + arn + `","Condition":{"StringEquals":{"AWS:SourceOwner":"` + owner + `"}}}]}`
}
