package sqs

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

var (
	wire = protocol.JSON{Version: "1.0", Prefix: "com.amazonaws.sqs#"}
	// validName is that of CreateQueue (Amazon SQS API Reference).
	validName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)
)

// maxName is the maximum length of a queue's name.
const maxName = 80

// reuse is the time after the deletion of a queue in which its name is taken (Amazon SQS API
// Reference, DeleteQueue).
const reuse = time.Minute

// Service is the simulated SQS.
type Service struct {
	world   *cloud.World
	queues  map[string]*queue    // by ARN
	deleted map[string]time.Time // by ARN
}

// New returns the service and registers it and its resource types.
func New(w *cloud.World) *Service {
	s := &Service{world: w, queues: map[string]*queue{}, deleted: map[string]time.Time{}}
	w.SetQueues(s)
	w.RegisterType("AWS::SQS::Queue", queueType{s})
	w.RegisterType("AWS::SQS::QueuePolicy", queuePolicyType{s})
	return s
}

var operations = map[string]func(*Service, *cloud.Request) (any, error){
	"GetQueueUrl":        (*Service).getQueueURL,
	"GetQueueAttributes": (*Service).getQueueAttributes,
	"ListQueues":         (*Service).listQueues,
	"ListQueueTags":      (*Service).listQueueTags,
	"SendMessage":        (*Service).sendMessage,
	"ReceiveMessage":     (*Service).receiveMessage,
	"DeleteMessage":      (*Service).deleteMessage,
}

var _ cloud.Service = (*Service)(nil)

// Handle answers one request.
func (s *Service) Handle(r *cloud.Request) (*cloud.Response, error) {
	return protocol.Answer(s, "sqs", operations, r, wire)
}

// queryCodes are the codes of errors in the query protocol, which SQS had before. Its answers name
// them in a header (Smithy, awsQueryCompatible).
var queryCodes = map[string]string{"QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue"}

// WriteError encodes an error.
func (s *Service) WriteError(r *cloud.Request, e *cloud.Error) *cloud.Response {
	answer := wire.Error(r, e)
	code := e.Code
	if old, ok := queryCodes[code]; ok {
		code = old
	}
	fault := ";Sender"
	if answer.Status >= http.StatusInternalServerError {
		fault = ";Receiver"
	}
	answer.Header.Set("X-Amzn-Query-Error", code+fault)
	return answer
}

func arnOf(c cloud.Caller, name string) string {
	return "arn:aws:sqs:" + c.Region + ":" + c.Account + ":" + name
}

func urlOf(c cloud.Caller, name string) string {
	return "https://sqs." + c.Region + ".amazonaws.com/" + c.Account + "/" + name
}

// arnOfURL returns the ARN of the queue with a URL, in the region of a caller; "" for another form.
func arnOfURL(c cloud.Caller, url string) string {
	_, path, ok := strings.Cut(url, "://")
	parts := strings.Split(path, "/")
	if !ok || len(parts) != 3 {
		return ""
	}
	return arnOf(cloud.Caller{Account: parts[1], Region: c.Region}, parts[2])
}

// at returns the queue with a URL.
func (s *Service) at(c cloud.Caller, url string) (*queue, error) {
	if found := s.queues[arnOfURL(c, url)]; found != nil {
		return found, nil
	}
	return nil, errNoQueue()
}

func errNoQueue() error {
	return cloud.Errorf("QueueDoesNotExist", "The specified queue does not exist.")
}
