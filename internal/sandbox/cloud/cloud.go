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
// inside a service's Handle, a resource type's methods and an agenda entry.
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
	logGroups LogGroups
	logs      LogWriter
	sessions  SessionIssuer
	keys      []KeyFinder
	// invocations are the Lambda invocations to start when the lock is released.
	invocations []Invocation
	wake        func()

	// Latency is the latency profile; the zero value has no latency.
	Latency Latency
	// ResourceFault, when set, is called before each step of a CloudFormation resource. It returns
	// the reason for which that step fails, or "".
	ResourceFault func(resourceType, physicalID string, phase Phase) (reason string)
	// Permit, when set, is called before each step of a CloudFormation resource and decides whether
	// the principal that changes the stack has permission. It returns the service's *Error if not.
	Permit func(c Caller, step Step) error
	// RoleMay returns the service's *Error if a service that assumes a role, by its ARN, lacks a
	// permission in a region; nil if not.
	RoleMay func(role, service, region string, d Demand) error
	// RoleTrusts returns the service's *Error if a service cannot assume a role, by its ARN.
	RoleTrusts func(role, service string) error
	// Answers are AWS's assumed answers to the rules of package unproven.
	Answers unproven.Answers
	// AccountOpened is called on each account's first use, to onboard it.
	AccountOpened func(account string)
	accounts      map[string]bool
}

// Phase is a phase of a resource's life in which a fault can occur.
type Phase string

// The phases in which a resource step can fail.
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
	// Imported reports that the step is the update after an import, which also writes
	// CloudFormation's own tags.
	Imported bool
	// Reading reports that the step is a read, which changes nothing.
	Reading bool
	// Detecting reports that a read is part of drift detection. Other reads are Cloud Control's,
	// without CloudFormation.
	Detecting bool
}

// Latency is a latency profile. Zero durations mean none.
type Latency struct {
	// Call is the time of one API call, by service (signing name); "" is the default.
	Call map[string]time.Duration
	// ResourceMin and ResourceMax bound CloudFormation's time for one resource.
	ResourceMin, ResourceMax time.Duration
}

// Publisher delivers an SNS message. The SNS service registers itself as one.
type Publisher interface {
	// Publish sends a message to a topic by ARN on behalf of the topic's account. It returns the
	// *Error of the SNS API.
	Publish(topicARN, subject, message string) error
}

// New returns an empty world whose randomness (identifiers, durations, fault dice) is a function of
// the seed.
func New(seed uint64) *World {
	return &World{
		rand:     rand.New(rand.NewPCG(seed, 0x5707a6e)),
		types:    make(map[string]ResourceType),
		lambdas:  make(map[string]Function),
		accounts: make(map[string]bool),
	}
}

// Lock takes the world's lock and runs every due agenda entry. Only the front door calls it.
func (w *World) Lock() {
	w.mu.Lock()
	w.RunDue()
}

// Unlock releases the lock.
func (w *World) Unlock() { w.mu.Unlock() }

// Now returns the world's time: UTC, truncated to milliseconds like AWS's timestamps.
func (w *World) Now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// AnswersWith reports whether AWS's assumed answer to a rule of package unproven is this one.
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

// Open marks an account as used and onboards it on its first use.
func (w *World) Open(account string) {
	if w.accounts[account] {
		return
	}
	w.accounts[account] = true
	if w.AccountOpened != nil {
		w.AccountOpened(account)
	}
}

// After schedules f on the agenda: it runs after d, with the lock held.
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

// OnSchedule sets a function that is called, with the lock held, after every addition to the
// agenda.
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

// Publisher returns the SNS service, nil before SetPublisher.
func (w *World) Publisher() Publisher { return w.topics }

// RegisterType registers a resource type with CloudFormation.
func (w *World) RegisterType(name string, t ResourceType) { w.types[name] = t }

// Type finds a resource type; nil when the sandbox does not model it.
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
	// Stale requests the state before the last change, where the service's reads are eventually
	// consistent (fault stale_read). A service with strongly consistent reads ignores it.
	Stale bool
}

// Response is a service's answer. The front door writes it; Body is the encoded body.
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

// Operator is implemented by REST services (S3). It names the operation of a request, for call
// counts, faults and permissions. Operation is called without the world's lock and before
// authentication, and uses the request alone.
type Operator interface {
	Operation(r *Request) string
}

// Error is an error in AWS's form.
type Error struct {
	Code    string // as on the wire: ValidationError, NoSuchBucket ...
	Message string
	Status  int // HTTP status; 0 means 400
	// Extra contains further members of the error's body (CancellationReasons, Item, BucketName
	// ...), encoded by the protocol.
	Extra map[string]any
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf returns an Error with status 400.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// NotModelled returns the refusal of an unsimulated feature. AWS does not use its code, so that it
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
	// Schema describes the type. CloudFormation uses it to validate properties and to plan
	// replacements and changes.
	Schema() *TypeSchema
	// Create creates the resource and returns its physical ID (the value of Ref) and its attributes
	// (the values of GetAtt). logicalID and stackName are used for generated names.
	Create(c Caller, r ResourceRequest) (Resource, error)
	// Update changes a resource in place from the properties before to those after.
	Update(c Caller, physicalID string, before, after map[string]any) (Resource, error)
	// Delete removes the resource. It succeeds if the resource does not exist.
	Delete(c Caller, physicalID string, properties map[string]any) error
	// Exists reports whether a resource with these properties' identity exists (name conflicts at
	// validation, import). physicalID is its physical ID.
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
	// PrimaryID are the properties that identify a resource for import.
	PrimaryID []string
	// Attributes are the attributes that GetAtt accepts.
	Attributes []string
	// Tags reports that stack tags are propagated to resources of the type.
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
