package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/apigateway"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/events"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/kms"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/lambda"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/oidc"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/s3control"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/secretsmanager"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/sns"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/sts"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

// maxBody is the maximum size of a request body in bytes.
const maxBody = 64 << 20

// ErrLostReply is returned by Do when a call has taken effect and its answer was lost.
var ErrLostReply = errors.New("sandbox: connection reset before the answer")

// Options are the settings of a Sandbox.
type Options struct {
	// Seed is the source of all randomness.
	Seed uint64
	// Latency is the latency profile; the zero value is LatencyNone.
	Latency cloud.Latency
	// Region is the hub's region; "" means eu-west-1.
	Region string
	// Onboarding is the CloudFormation template that prepares every account, with the parameters
	// HubAccountId and HomeRegion. With "", accounts have roles with all permissions, and a plain
	// topic.
	Onboarding string
	// HubBus is the event bus's ARN for the template's parameter HubBusArn; "" means none.
	HubBus string
	// Empty means a world without a hub, for one of a stack.
	Empty bool
	// Answers are AWS's assumed answers to the rules of package unproven; nil means the likely
	// ones. New panics for an impossible one.
	Answers unproven.Answers
}

// LatencyNone has no latency.
func LatencyNone() cloud.Latency { return cloud.Latency{} }

// LatencyAWS resembles AWS: 5 ms for a call of DynamoDB, 100 ms for CloudFormation, 40 ms for
// others; CloudFormation takes 3 to 15 seconds for a resource.
func LatencyAWS() cloud.Latency {
	return cloud.Latency{
		Call: map[string]time.Duration{
			"":               40 * time.Millisecond,
			"dynamodb":       5 * time.Millisecond,
			"cloudformation": 100 * time.Millisecond,
		},
		ResourceMin: 3 * time.Second,
		ResourceMax: 15 * time.Second,
	}
}

// Sandbox is a simulated world with its front door. It is safe for concurrent use.
type Sandbox struct {
	world    *cloud.World
	region   string
	latency  cloud.Latency
	services map[string]cloud.Service
	sts      *sts.Service
	sns      *sns.Service
	iam      *iam.Service
	kms      *kms.Service
	secrets  *secretsmanager.Service
	used     usage
	bus      *events.Service
	gateway  *apigateway.Service
	lambda   *lambda.Service
	issuer   *oidc.Issuer
	calls    calls
	faults   faults
	topics   map[string]bool // account/region of the onboarding's topics
	// onboarding is the template that prepares accounts; "" for none.
	onboarding string
	// hubBus is the ARN of the bus that accounts report to; "" for none.
	hubBus string
	woken  chan struct{} // holds a token when the agenda has changed
}

// New returns a world, with a hub unless the options say otherwise.
func New(o Options) *Sandbox {
	if o.Region == "" {
		o.Region = "eu-west-1"
	}
	s := &Sandbox{
		world:    cloud.New(o.Seed),
		region:   o.Region,
		latency:  o.Latency,
		issuer:   oidc.New(o.Seed),
		services: make(map[string]cloud.Service),
		topics:   make(map[string]bool),
		used:     make(usage),

		onboarding: o.Onboarding, hubBus: o.HubBus,
		woken: make(chan struct{}, 1),
	}
	if err := o.Answers.Check(); err != nil {
		panic(fmt.Sprintf("sandbox: %v", err))
	}
	s.world.Answers = o.Answers
	s.addServices()
	s.world.AccountOpened = s.onboard
	s.world.ResourceFault = s.faults.resource
	s.world.Lock()
	defer s.world.Unlock()
	if !o.Empty {
		s.setUpHub()
	}
	s.world.Latency = o.Latency
	s.world.OnSchedule(func() {
		select {
		case s.woken <- struct{}{}:
		default:
		}
	})
	return s
}

// World returns the world behind the front door, for tests that prepare or inspect it; its locking
// rules apply.
func (s *Sandbox) World() *cloud.World { return s.world }

// Call describes a request before authentication.
type Call struct {
	Service   string // signing name
	Operation string
	AccessKey string // "" for an unsigned request
	Region    string
	Body      []byte
}

// Account returns the account of the call's key; "" when the key is unknown.
func (s *Sandbox) Account(c Call) string {
	s.world.Lock()
	defer s.unlock()
	_, caller, _, _ := s.key(c.AccessKey)
	return caller.Account
}

// ServeHTTP answers a request of an AWS client, one below /_sandbox, a client of an HTTP API, or a
// connecting WebSocket client.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if apigateway.IsUpgrade(r) {
		s.gateway.ServeUpgrade(w, r)
		return
	}
	if s.gateway.ServeAPI(w, r) {
		return
	}
	if strings.HasPrefix(r.URL.Path, "/_sandbox/") {
		s.control(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	response, err := s.Do(r, body, nil)
	if err != nil { // lost, or the client has disconnected
		hijacker, ok := w.(http.Hijacker)
		if !ok {
			panic(http.ErrAbortHandler)
		}
		connection, _, err := hijacker.Hijack()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		_ = connection.Close() // the client should see it break
		return
	}
	for name, values := range response.Header {
		w.Header()[name] = values
	}
	status := response.Status
	if status == 0 {
		status = http.StatusOK
	}
	w.WriteHeader(status)
	_, _ = w.Write(response.Body) // the client may have disconnected
}

// Do answers one request of an AWS client, or one below /_sandbox, in process. It uses body and
// does not read r.Body. It returns an error when no answer reaches the client: ErrLostReply, or the
// context's error if it ended before the call had any effect.
//
// gate, unless nil, is called before the call touches anything visible to other calls, and may
// block until it is the call's turn. Its error aborts the call.
func (s *Sandbox) Do(r *http.Request, body []byte, gate func(Call) error) (*cloud.Response, error) {
	if gate == nil {
		gate = func(Call) error { return nil }
	}
	if strings.HasPrefix(r.URL.Path, "/_sandbox/") {
		return s.doControl(r, body, gate)
	}
	sig, signed, wellFormed := readSignature(r)
	request := &cloud.Request{Context: r.Context(), HTTP: r.Clone(r.Context()), Body: body, Endpoint: endpointOf(r)}
	request.HTTP.Host = hostOf(r) // a client's request has it in the URL
	s.identify(request, sig)
	call := Call{
		Service: request.Service, Operation: request.Operation, AccessKey: sig.accessKey, Region: sig.region,
		Body: body,
	}

	if err := sleep(r.Context(), s.callTime(call.Service)); err != nil {
		return nil, err
	}
	if err := gate(call); err != nil {
		return nil, err
	}
	if !cloud.InFunction(r.Context()) && !s.lambda.Issued(sig.accessKey) {
		s.calls.count(call.Service, call.Operation)
	}
	fault := s.faults.call(call.Service, call.Operation)
	if fault.delay > 0 {
		if err := sleep(r.Context(), fault.delay); err != nil {
			return nil, err
		}
		if err := gate(call); err != nil {
			return nil, err
		}
	}

	response := s.answer(request, r, sig, signed, wellFormed, fault)
	if response.Await != nil {
		response = response.Await(r.Context())
	}
	if fault.lost {
		return nil, ErrLostReply
	}
	return response, nil
}

// answer executes a call with the lock held.
func (s *Sandbox) answer(
	request *cloud.Request, r *http.Request, sig signature, signed, wellFormed bool, fault callFault,
) *cloud.Response {
	s.world.Lock()
	defer s.unlock()
	request.HTTP.Header.Set(protocol.RequestIDHeader, s.world.NewUUID())
	service := s.services[request.Service]
	if service == nil {
		return unknownService(request)
	}
	if fault.err != nil {
		return service.WriteError(request, fault.err)
	}
	request.Stale = fault.stale
	response, err := s.handle(service, request, r, sig, signed, wellFormed)
	if err == nil {
		return response
	}
	var e *cloud.Error
	if !errors.As(err, &e) {
		e = &cloud.Error{
			Code: "InternalFailure", Message: "the sandbox failed: " + err.Error(),
			Status: http.StatusInternalServerError,
		}
	}
	return service.WriteError(request, e)
}

// handle authenticates and dispatches, with the lock held.
func (s *Sandbox) handle(
	service cloud.Service, request *cloud.Request, r *http.Request, sig signature, signed, wellFormed bool,
) (*cloud.Response, error) {
	switch {
	case !signed && request.Service == "sts" && request.Operation == "AssumeRoleWithWebIdentity":
		request.Caller.Region = s.region
	case !signed:
		return nil, refuseUnsigned.of(request.Service)
	case !wellFormed:
		return nil, refuseMalformed.of(request.Service)
	default:
		caller, refused := s.authenticate(request.Service, r, request.Body, sig)
		if refused != nil {
			return nil, refused
		}
		request.Caller = caller
		s.open(caller.Account, caller.Region, request.Service)
	}
	if request.Operation == "" {
		return nil, cloud.NotModelled("a %s request to %s %s without an operation", request.Service, r.Method, r.URL.Path)
	}
	if signed {
		if refused := s.authorize(service, request, r); refused != nil {
			return nil, refused
		}
	}
	return service.Handle(request)
}

func (s *Sandbox) identify(r *cloud.Request, sig signature) {
	target := r.HTTP.Header.Get("X-Amz-Target")
	contentType := r.HTTP.Header.Get("Content-Type")
	switch {
	case target != "":
		_, r.Operation, _ = strings.Cut(target, ".")
	case strings.HasPrefix(contentType, "application/x-www-form-urlencoded") && sig.service != "s3":
		if form, err := url.ParseQuery(string(r.Body)); err == nil {
			r.Form = form
		}
	case r.HTTP.URL.Query().Has("Action") && sig.service != "s3":
		r.Form = r.HTTP.URL.Query()
	}
	if r.Form != nil {
		r.Operation = r.Form.Get("Action")
	}
	r.Service = sig.service
	if r.Service == "s3" && s3control.Addressed(r.HTTP) {
		r.Service = "s3control"
	}
	if r.Service == "" {
		r.Service = unsignedService(target, r.Operation)
	}
	if o, ok := s.services[r.Service].(cloud.Operator); ok {
		r.Operation = o.Operation(r)
	}
}

// unsignedService guesses the service of an unsigned request: S3, unless another protocol fits.
func unsignedService(target, operation string) string {
	switch {
	case strings.HasPrefix(target, "DynamoDB_"):
		return "dynamodb"
	case strings.HasPrefix(target, "AmazonSSM."):
		return "ssm"
	case strings.HasPrefix(target, "secretsmanager."):
		return "secretsmanager"
	case strings.HasPrefix(target, "TrentService."):
		return "kms"
	case operation != "":
		return "sts"
	default:
		return "s3"
	}
}

// unlock releases the lock and starts the functions that were invoked meanwhile.
func (s *Sandbox) unlock() {
	invocations := s.world.TakeInvocations()
	s.world.Unlock()
	for _, i := range invocations {
		go func() {
			_, err := i.Function(context.Background(), i.Event) // the result is ignored
			if err == nil {
				return
			}
			s.world.Lock()
			defer s.unlock()
			i.Failed(err)
		}()
	}
}

// NextDue returns when the next agenda entry is due.
func (s *Sandbox) NextDue() (time.Time, bool) {
	s.world.Lock()
	defer s.unlock()
	return s.world.NextDue()
}

// RunDue runs the due agenda entries.
func (s *Sandbox) RunDue() {
	s.world.Lock()
	s.unlock()
}

// Woken returns a channel with a value after each addition to the agenda; a wait for NextDue must
// check again then.
func (s *Sandbox) Woken() <-chan struct{} { return s.woken }

// Run runs the agenda as time passes, until the context ends. Without it, entries run before the
// next call, which sees the same world; only notifications would be late.
func (s *Sandbox) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			s.RunDue()
		case <-s.woken:
		}
		if next, ok := s.NextDue(); ok {
			timer.Reset(time.Until(next))
		}
	}
}

func (s *Sandbox) callTime(service string) time.Duration {
	if d, ok := s.latency.Call[service]; ok {
		return d
	}
	return s.latency.Call[""]
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("sandbox: the call was given up: %w", ctx.Err())
	}
}

func endpointOf(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || r.URL.Scheme == "https" {
		scheme = "https"
	}
	return scheme + "://" + hostOf(r)
}

// unknownService refuses a call of an unsimulated service, in the caller's protocol.
func unknownService(r *cloud.Request) *cloud.Response {
	e := cloud.NotModelled("the service %q (operation %q)", r.Service, r.Operation)
	switch {
	case r.Form != nil:
		return protocol.Query{}.Error(r, e)
	case r.HTTP.Header.Get("X-Amz-Target") != "":
		return protocol.JSON{Version: "1.1"}.Error(r, e)
	default:
		body, _ := json.Marshal(map[string]string{"__type": e.Code, "message": e.Message}) // strings always encode
		return &cloud.Response{
			Status: e.Status, Body: bytes.TrimSpace(body),
			Header: http.Header{"Content-Type": {"application/json"}, "X-Amzn-Errortype": {e.Code}},
		}
	}
}
