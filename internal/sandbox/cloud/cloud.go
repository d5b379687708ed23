package cloud

import (
	"container/heap"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// World is the state that the simulated services share. Its methods require its lock, which is held
// in a service's Handle, a resource type's methods and an agenda entry.
type World struct {
	mu      sync.Mutex
	rand    *rand.Rand
	agenda  agenda
	order   uint64
	types   map[string]ResourceType
	topics  Publisher
	bus     EventBus
	secrets SecretReader

	principals PrincipalFinder
	encryption EncryptionKeys

	lambdas map[string]Function // registered Go code, by ARN
	// deployed are the functions that CloudFormation created.
	deployed  DeployedFunctions
	objects   ObjectReader
	roles     RoleFinder
	oidc      OIDCProviderFinder
	queues    Queues
	metrics   Metrics
	logGroups LogGroups
	logs      LogWriter
	sessions  SessionIssuer
	keys      []KeyFinder
	// invocations are the Lambda invocations to start at the next unlock.
	invocations []Invocation
	wake        func()

	// Latency is the latency profile; the zero value has no latency.
	Latency Latency
	// ResourceFault, if set, is called before each step of a CloudFormation resource and returns
	// the reason for which the step fails, or "".
	ResourceFault func(resourceType, physicalID string, phase Phase) (reason string)
	// Permit, if set, is called before each step of a CloudFormation resource. It returns the
	// service's *Error if the principal that changes the stack lacks permission.
	Permit func(c Caller, step Step) error
	// RoleMay returns the service's *Error if a service that assumes a role, by its ARN, lacks a
	// permission in a region.
	RoleMay func(role, service, region string, d Demand) error
	// RoleTrusts returns the service's *Error if a service cannot assume a role, by its ARN.
	RoleTrusts func(role, service string) error
	// Answers are AWS's assumed answers to the rules of package unproven.
	Answers unproven.Answers
	// AccountOpened onboards an account on its first use.
	AccountOpened func(account string)
	accounts      map[string]bool
}

// Phase is a phase of a resource's life in which a fault can occur.
type Phase string

// The phases in which a step can fail.
const (
	PhaseCreate   Phase = "create"
	PhaseUpdate   Phase = "update"
	PhaseDelete   Phase = "delete"
	PhaseRollback Phase = "rollback"
	PhaseRead     Phase = "read" // of drift detection
)

// Step is a step of a CloudFormation resource. Before is nil for a creation, After for a deletion.
type Step struct {
	Type, PhysicalID string
	Before, After    map[string]any
	// Imported marks the update after an import, which also writes CloudFormation's own tags.
	Imported bool
	// Reading marks a read, which changes nothing.
	Reading bool
	// Detecting marks a read of drift detection. Other reads are Cloud Control's, without
	// CloudFormation.
	Detecting bool
}

// Latency is a latency profile; zero durations mean none.
type Latency struct {
	// Call is the time of one API call by the service's signing name; "" is the default.
	Call map[string]time.Duration
	// ResourceMin and ResourceMax bound CloudFormation's time for one resource.
	ResourceMin, ResourceMax time.Duration
}

// Publisher delivers SNS messages. The SNS service registers itself.
type Publisher interface {
	// Publish sends a message to a topic on behalf of the topic's account. It returns the *Error of
	// the SNS API.
	Publish(topicARN, subject, message string) error
}

// New returns an empty world. Its randomness (identifiers, durations, fault dice) depends on the
// seed alone.
func New(seed uint64) *World {
	return &World{
		rand:     rand.New(rand.NewPCG(seed, 0x5707a6e)),
		types:    make(map[string]ResourceType),
		lambdas:  make(map[string]Function),
		accounts: make(map[string]bool),
	}
}

// Lock takes the world's lock and runs the due agenda entries. Only the front door calls it.
func (w *World) Lock() {
	w.mu.Lock()
	w.RunDue()
}

// Unlock releases the lock.
func (w *World) Unlock() { w.mu.Unlock() }

// Now returns the world's time: UTC, in milliseconds like AWS's timestamps.
func (w *World) Now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// AnswersWith reports whether AWS's assumed answer to a rule is this one.
func (w *World) AnswersWith(rule, answer string) bool { return w.Answers.Of(rule) == answer }

// Rand returns the world's seeded source of randomness.
func (w *World) Rand() *rand.Rand { return w.rand }

// NewUUID returns a UUID of version 4 from the world's randomness.
func (w *World) NewUUID() string {
	var b [16]byte
	for i := range b {
		b[i] = byte(w.rand.UintN(256))
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// NewToken returns n characters of A-Z and 2-7, for identifiers such as access keys.
func (w *World) NewToken(n int) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[w.rand.IntN(len(alphabet))]
	}
	return string(b)
}

// Open marks an account as used and onboards it the first time.
func (w *World) Open(account string) {
	if w.accounts[account] {
		return
	}
	w.accounts[account] = true
	if w.AccountOpened != nil {
		w.AccountOpened(account)
	}
}

// After runs f after d, with the lock held.
func (w *World) After(d time.Duration, f func()) {
	w.order++
	heap.Push(&w.agenda, entry{due: time.Now().Add(max(d, 0)), order: w.order, run: f})
	if w.wake != nil {
		w.wake()
	}
}

// RunDue runs the due agenda entries, including those that they schedule for the same moment.
func (w *World) RunDue() {
	for len(w.agenda) > 0 && !w.agenda[0].due.After(time.Now()) {
		heap.Pop(&w.agenda).(entry).run() //nolint:forcetypeassert // the agenda holds entries only
	}
}

// NextDue returns when the next agenda entry is due; ok is false for none.
func (w *World) NextDue() (due time.Time, ok bool) {
	if len(w.agenda) == 0 {
		return time.Time{}, false
	}
	return w.agenda[0].due, true
}

// OnSchedule sets a function to call, with the lock held, after every addition to the agenda.
func (w *World) OnSchedule(f func()) { w.wake = f }

// ResourceTime draws CloudFormation's time for one resource.
func (w *World) ResourceTime() time.Duration {
	spread := w.Latency.ResourceMax - w.Latency.ResourceMin
	if spread <= 0 {
		return w.Latency.ResourceMin
	}
	return w.Latency.ResourceMin + time.Duration(w.rand.Int64N(int64(spread)))
}

// SetPublisher registers the SNS service.
func (w *World) SetPublisher(p Publisher) { w.topics = p }

// Publisher returns the SNS service, or nil.
func (w *World) Publisher() Publisher { return w.topics }

// RegisterType registers a resource type with CloudFormation.
func (w *World) RegisterType(name string, t ResourceType) { w.types[name] = t }

// Type finds a resource type; nil if the sandbox does not model it.
func (w *World) Type(name string) ResourceType { return w.types[name] }

// Caller is the principal and region of a request.
type Caller struct {
	Account string // 12 digits
	Region  string
	ARN     string // arn:aws:iam::ACCOUNT:user/... or arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION
	UserID  string
}

// Request is one authenticated API call, parsed as far as all protocols agree.
type Request struct {
	Context   context.Context
	Caller    Caller
	Service   string // signing name: cloudformation, dynamodb, s3, iam, kms, secretsmanager, ssm, sns, sts
	Operation string // "" for REST services, which determine it with Operator
	HTTP      *http.Request
	Body      []byte
	Form      url.Values // query protocol: the parsed body, Action and Version included
	Endpoint  string     // scheme://host of the sandbox, as addressed by the caller
	// Stale requests the state before the last change, where reads are eventually consistent (fault
	// stale_read). Services with strongly consistent reads ignore it.
	Stale bool
}

// Response is a service's answer with its encoded body, which the front door writes.
type Response struct {
	Status int // 0 means 200
	Header http.Header
	Body   []byte
	// Await, unless nil, returns the answer in place of this one. The front door calls it after it
	// released the lock.
	Await func(ctx context.Context) *Response
}

// Service is one simulated AWS service.
type Service interface {
	// Handle answers one request. WriteError encodes its *Error.
	Handle(r *Request) (*Response, error)
	// WriteError encodes an error in the service's protocol.
	WriteError(r *Request, e *Error) *Response
}

// Operator is implemented by REST services (S3). Operation names a request's operation for call
// counts, faults and permissions. It is called without the lock and before authentication, and uses
// the request alone.
type Operator interface {
	Operation(r *Request) string
}

// Error is an error in AWS's form.
type Error struct {
	Code    string // as on the wire: ValidationError, NoSuchBucket ...
	Message string
	Status  int // HTTP status; 0 means 400
	// Extra contains further members of the error's body (CancellationReasons, Item, BucketName
	// ...).
	Extra map[string]any
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf returns an Error with status 400.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// NotModelled returns the refusal of an unsimulated feature. AWS does not use its code, so it
// cannot be mistaken for AWS's answer.
func NotModelled(format string, args ...any) *Error {
	return &Error{
		Code: "SandboxNotModelled", Message: "the sandbox does not model " + fmt.Sprintf(format, args...),
		Status: http.StatusNotImplemented,
	}
}

// ResourceType creates, changes and deletes resources of one type for CloudFormation. Properties
// have all intrinsic functions resolved, as decoded JSON with numbers as json.Number. The text of
// an error becomes the ResourceStatusReason of the stack event; use *Error with the code and
// message of AWS's service. Handlers act in c.Account and c.Region and never check permissions.
type ResourceType interface {
	// Schema describes the type for validating properties and for planning changes.
	Schema() *TypeSchema
	// Create returns the physical ID (the value of Ref) and the attributes (the values of GetAtt).
	// logicalID and stackName are for generated names.
	Create(c Caller, r ResourceRequest) (Resource, error)
	// Update changes a resource in place.
	Update(c Caller, physicalID string, before, after map[string]any) (Resource, error)
	// Delete removes the resource, if it exists.
	Delete(c Caller, physicalID string, properties map[string]any) error
	// Exists reports whether a resource with these properties' identity exists (name conflicts at
	// validation, import), and its physical ID.
	Exists(c Caller, properties map[string]any) (physicalID string, exists bool)
}

// ResourceRequest describes a resource to create.
type ResourceRequest struct {
	StackID    string
	StackName  string
	LogicalID  string
	Properties map[string]any
	Tags       map[string]string // stack tags and aws:cloudformation:* tags, for taggable resources
}

// Resource is a created or updated resource.
type Resource struct {
	PhysicalID string
	Attributes map[string]any
}

// TypeSchema is the part of a resource type's schema that CloudFormation uses.
type TypeSchema struct {
	Properties map[string]Property // by top-level property name; other properties are refused
	Required   []string
	// PrimaryID are the properties that identify a resource for imports.
	PrimaryID []string
	// Attributes are the attributes that GetAtt accepts.
	Attributes []string
	// Tags reports that the type's resources get the stack's tags.
	Tags bool
	// Taggable types only: none.
	NamedIAM bool // needs CAPABILITY_NAMED_IAM with an explicit name, CAPABILITY_IAM otherwise
}

// Property is one property of a resource type.
type Property struct {
	Kind       Kind
	CreateOnly bool // a change means replacement
	WriteOnly  bool
}

// Kind is the JSON shape of a property.
type Kind string

// The kinds of property values. KindAny is not checked.
const (
	KindAny     Kind = ""
	KindString  Kind = "string"
	KindBool    Kind = "boolean"
	KindNumber  Kind = "number"
	KindList    Kind = "list"
	KindMap     Kind = "map"
	KindJSON    Kind = "json"
	KindInteger Kind = "integer"
)

type entry struct {
	due   time.Time
	order uint64
	run   func()
}

type agenda []entry

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	if !a[i].due.Equal(a[j].due) {
		return a[i].due.Before(a[j].due)
	}
	return a[i].order < a[j].order
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(entry)) } //nolint:forcetypeassert // heap.Interface
func (a *agenda) Pop() any {
	old := *a
	last := old[len(old)-1]
	*a = old[:len(old)-1]
	return last
}
