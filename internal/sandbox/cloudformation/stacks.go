package cloudformation

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

// place is the account and region of stacks, which CloudFormation separates.
type place struct{ account, region string }

// region contains the stacks and change sets of one place.
type region struct {
	stacks []*stack          // in order of creation, deleted ones included
	named  map[string]*stack // those that exist
	byID   map[string]*stack
	sets   map[string]*changeSet // by ARN; without the deleted ones

	detections map[string]*detection // by ID
}

type stack struct {
	at        place
	id, name  string
	created   time.Time
	updated   time.Time // zero: never shown
	deleted   time.Time
	status    string
	reason    string
	config    *config // nil until an execution
	resources map[string]*resource
	events    []event
	sets      []*changeSet // those that can be listed
	policy    *stackPolicy
	protected bool

	disableRollback bool
	running         *operation
	stuck           *operation        // the update whose rollback failed
	tokens          map[string]string // ClientRequestToken -> its request
	before          *view             // the stack before the last operation, for stale reads
	drift           drift
}

// config is the configuration that an operation applies and a rollback restores.
type config struct {
	template     *template
	settings     map[string]setting
	tags         []tag
	topics       []string
	role         string
	capabilities []string
	changeSet    string // executed change set's ARN; "" after a direct operation (recorded from AWS)
	outputs      []output
}

type tag struct{ Key, Value string }

type output struct {
	OutputKey   string
	OutputValue string
	Description string `xml:",omitempty"`
}

// view is a stack as returned by DescribeStacks and GetTemplate.
type view struct {
	description stackXML
	body        string
}

const day = 24 * time.Hour

func (s *Service) region(c cloud.Caller) *region {
	at := place{c.Account, c.Region}
	if s.regions[at] == nil {
		s.regions[at] = &region{
			named: map[string]*stack{}, byID: map[string]*stack{}, sets: map[string]*changeSet{},
			detections: map[string]*detection{},
		}
	}
	return s.regions[at]
}

// find finds a stack by name or ID; deleted ones by ID only, for 90 days (AWS API reference,
// DescribeStacks).
func (s *Service) find(r *cloud.Request, ref string) *stack {
	region := s.region(r.Caller)
	if st := region.named[ref]; st != nil {
		return st
	}
	st := region.byID[ref]
	if st != nil && st.status == "DELETE_COMPLETE" && s.w.Now().Sub(st.deleted) > 90*day {
		return nil
	}
	return st
}

// anyStack finds a stack, deleted or not. The two texts for nonexistent stacks are recorded from
// AWS; this is the one of DescribeStackEvents and all write operations.
func (s *Service) anyStack(r *cloud.Request, ref string) (*stack, error) {
	if err := validName(ref); err != nil {
		return nil, err
	}
	st := s.find(r, ref)
	if st == nil {
		return nil, invalid("Stack [%s] does not exist", ref)
	}
	return st, nil
}

// shown finds a stack for the reads whose error contains "with id".
func (s *Service) shown(r *cloud.Request, ref string) (*stack, error) {
	if err := validName(ref); err != nil {
		return nil, err
	}
	st := s.find(r, ref)
	if st == nil {
		return nil, invalid("Stack with id %s does not exist", ref)
	}
	return st, nil
}

// existing finds a stack that is not deleted.
func (s *Service) existing(r *cloud.Request, ref string) (*stack, error) {
	st, err := s.anyStack(r, ref)
	if err == nil && st.status == "DELETE_COMPLETE" {
		err = invalid("Stack [%s] does not exist", ref)
	}
	return st, err
}

var stackName = regexp.MustCompile(`^([a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*)$`)

// validName checks a stack's name. Its first text is recorded from AWS.
func validName(name string) error {
	if name == "" {
		return invalid(
			"1 validation error detected: Value null at 'stackName' failed to satisfy constraint: Member must not be null",
		)
	}
	if !stackName.MatchString(name) {
		return invalid(
			"1 validation error detected: Value '%s' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*",
			name,
		)
	}
	if len(name) > 128 && !strings.HasPrefix(name, "arn:") {
		return invalid(
			"1 validation error detected: Value '%s' at 'stackName' failed to satisfy constraint: Member must have length less than or equal to 128",
			name,
		)
	}
	return nil
}

// newStack creates a stack without operation, template or event.
func (s *Service) newStack(r *cloud.Request, name string) *stack {
	region := s.region(r.Caller)
	st := &stack{
		at:      place{r.Caller.Account, r.Caller.Region},
		name:    name,
		created: s.w.Now(),
		id: fmt.Sprintf(
			"arn:aws:cloudformation:%s:%s:stack/%s/%s", r.Caller.Region, r.Caller.Account, name, s.w.NewUUID(),
		),
		resources: map[string]*resource{},
		tokens:    map[string]string{},
	}
	region.stacks = append(region.stacks, st)
	region.named[name] = st
	region.byID[st.id] = st
	return st
}

// bury frees a deleted stack's name.
func (s *Service) bury(st *stack) {
	region := s.regions[st.at]
	if region.named[st.name] == st {
		delete(region.named, st.name)
	}
	st.deleted = s.w.Now()
}

// orEmpty returns the stack, or an empty one that is not part of the world.
func orEmpty(st *stack, r *cloud.Request, name string) *stack {
	if st != nil {
		return st
	}
	return &stack{at: place{r.Caller.Account, r.Caller.Region}, name: name}
}

func (st *stack) freeze() {
	if st.status == "" {
		return // a direct creation: there was nothing before
	}
	st.before = &view{description: st.describe(), body: st.body()}
}

// touch advances LastUpdatedTime, which differs between any two operations.
func (st *stack) touch(now time.Time) {
	if !now.After(st.updated) {
		now = st.updated.Add(time.Millisecond)
	}
	st.updated = now
}

func (st *stack) body() string {
	if st.config == nil {
		return ""
	}
	return st.config.template.body
}

// scopeOf returns the scope of a template's functions; the caller sets resource.
func (s *Service) scopeOf(st *stack, c *config) *scope {
	return &scope{
		template:   c.template,
		parameters: parameterValues(c.template, c.settings),
		pseudo: map[string]string{
			"AWS::AccountId": st.at.account,
			"AWS::Region":    st.at.region,
			"AWS::Partition": "aws",
			"AWS::URLSuffix": "amazonaws.com",
			"AWS::StackName": st.name,
			"AWS::StackId":   st.id,
		},
		gives: func(kind, attribute string) bool {
			return s.w.Type(kind) == nil || gives(s.w.Type(kind).Schema(), attribute)
		},
	}
}

var updatable = []string{
	"CREATE_COMPLETE",
	"UPDATE_COMPLETE",
	"UPDATE_ROLLBACK_COMPLETE",
	"IMPORT_COMPLETE",
	"IMPORT_ROLLBACK_COMPLETE",
	"CREATE_FAILED",
	"UPDATE_FAILED",
}

// refuseBusy returns AWS's recorded refusal of an update during another operation.
func (st *stack) refuseBusy() error {
	if slices.Contains(updatable, st.status) {
		return nil
	}
	return invalid("Stack:%s is in %s state and can not be updated.", st.id, st.status)
}

func (s *Service) configOf(r *cloud.Request, st *stack) (*config, error) {
	var previous *config
	if st != nil {
		previous = st.config
	}
	body, err := s.templateBody(r, previous)
	if err != nil {
		return nil, err
	}
	t, err := parseTemplate(body)
	if err != nil {
		return nil, err
	}
	if err := s.check(t); err != nil {
		return nil, err
	}
	form := r.Form
	c := &config{template: t}
	var before map[string]setting
	if previous != nil {
		before = previous.settings
		c.tags, c.topics, c.role = previous.tags, previous.topics, previous.role
	}
	if c.settings, err = settings(form, t, before); err != nil {
		return nil, err
	}
	if err := s.scopeOf(orEmpty(st, r, form.Get("StackName")), c).checkConditions(); err != nil {
		return nil, err
	}
	c.capabilities = protocol.Strings(form, "Capabilities")
	if err := s.acknowledged(t, c.capabilities); err != nil {
		return nil, err
	}
	if err := s.readOptions(r, c); err != nil {
		return nil, err
	}
	return c, nil
}

// templateBody returns a request's template: in it, at a URL, or the previous one.
func (s *Service) templateBody(r *cloud.Request, previous *config) (string, error) {
	form := r.Form
	switch {
	case form.Get("UsePreviousTemplate") == "true":
		if previous == nil || form.Has("TemplateBody") || form.Has("TemplateURL") {
			return "", invalid("Either Template URL or Template Body must be specified.")
		}
		return previous.template.body, nil
	case form.Has("TemplateBody") && form.Has("TemplateURL"):
		return "", invalid("Only one of TemplateURL and TemplateBody can be specified.")
	case form.Has("TemplateBody"):
		body := form.Get("TemplateBody")
		if len(body) > maxInlineTemplate {
			return "", invalid(
				"1 validation error detected: Value '%.100s...' at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to %d",
				body,
				maxInlineTemplate,
			)
		}
		return body, nil
	case form.Has("TemplateURL"):
		text, err := s.fetch(r, form.Get("TemplateURL"))
		if err != nil {
			return "", err
		}
		if len(text) > maxURLTemplate {
			return "", invalid("Template may not exceed %d bytes in size.", maxURLTemplate)
		}
		return text, nil
	}
	return "", invalid("Either Template URL or Template Body must be specified.") // recorded from AWS
}

// readOptions reads the stack's tags, topics and role. What a request omits is unchanged.
func (s *Service) readOptions(r *cloud.Request, c *config) error {
	form := r.Form
	if protocol.Has(form, "Tags") {
		c.tags = nil
		for _, t := range protocol.Members(form, "Tags") {
			c.tags = append(c.tags, tag{t.Get("Key"), t.Get("Value")})
		}
		if err := checkStackTags(c.tags); err != nil {
			return err
		}
	}
	if protocol.Has(form, "NotificationARNs") {
		c.topics = stringsOf(form, "NotificationARNs") // omitted: unchanged; empty: none (AWS API reference)
		if len(c.topics) > maxTopics {
			return tooMany("notificationARNs", fmt.Sprint(c.topics), maxTopics)
		}
	}
	if role := form.Get("RoleARN"); role != "" {
		if err := s.assumable(r, role); err != nil {
			return err
		}
		c.role = role
	}
	return nil
}

// keepFailed reports whether a request disables the rollback of failed operations.
func keepFailed(form url.Values) (bool, error) {
	deployment := protocol.Sub(form, "DeploymentConfig")
	if mode := deployment.Get("Mode"); mode != "" && mode != "STANDARD" {
		return false, cloud.NotModelled("the deployment mode %s", mode)
	}
	return form.Get("DisableRollback") == "true" || deployment.Get("DisableRollback") == "true", nil
}

// assumable refuses service roles that CloudFormation cannot assume (recorded from AWS).
func (s *Service) assumable(r *cloud.Request, role string) error {
	if s.w.Roles() == nil {
		return nil
	}
	name := role[strings.LastIndex(role, "/")+1:]
	arn, trust, ok := s.w.Roles().Role(r.Caller.Account, name)
	if !ok || arn != role || !strings.Contains(jsonText(trust), "cloudformation.amazonaws.com") {
		return invalid("Role %s is invalid or cannot be assumed", role)
	}
	return nil
}

func stringsOf(form url.Values, name string) []string {
	return slices.DeleteFunc(protocol.Strings(form, name), func(s string) bool { return s == "" })
}

// fetch reads an S3 object by URL, in any of S3's formats or at the sandbox's own endpoint.
func (s *Service) fetch(r *cloud.Request, location string) (string, error) {
	u, err := url.Parse(location)
	if err != nil || u.Host == "" {
		return "", invalid("TemplateURL must be a supported URL.")
	}
	key := strings.TrimPrefix(u.Path, "/")
	bucket := ""
	host := u.Hostname()
	if before, _, ok := strings.Cut(host, ".s3."); ok && strings.HasSuffix(host, ".amazonaws.com") {
		bucket = before
	} else if own, _, ok := strings.Cut(host, ".s3-"); ok && strings.HasSuffix(host, ".amazonaws.com") {
		bucket = own
	} else if own, _, ok := strings.Cut(host, ".s3."); ok {
		bucket = own // a virtual host at the sandbox
	} else {
		bucket, key, _ = strings.Cut(key, "/")
	}
	if bucket == "" || key == "" {
		return "", invalid("TemplateURL must be a supported URL.")
	}
	if s.w.Objects() == nil {
		return "", cloud.NotModelled("TemplateURL without S3")
	}
	content, err := s.w.Objects().ReadObject(r.Caller, bucket, key)
	if err != nil {
		return "", invalid(
			"S3 error: %s\nFor more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html",
			messageOf(err),
		)
	}
	return string(content), nil
}

func messageOf(err error) string {
	if _, message, ok := strings.Cut(err.Error(), ": "); ok {
		return message
	}
	return err.Error()
}

// used records the request of a ClientRequestToken. repeated reports that it was made before; a
// token of another request is refused.
func (st *stack) used(token, what string) (repeated bool, err error) {
	if token == "" {
		return false, nil
	}
	if before, ok := st.tokens[token]; ok {
		if before == what {
			return true, nil
		}
		return false, tokenTaken(token)
	}
	st.tokens[token] = what
	return false, nil
}

func tokenTaken(token string) error {
	return cloud.Errorf("TokenAlreadyExistsException", "A client request token already exists for this stack: %s", token)
}
