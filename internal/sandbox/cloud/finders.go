package cloud

import "time"

// Services reach each other through the world, so that no service package imports another. A
// service registers itself in its New; until then its finder is nil.

// ObjectReader reads S3 objects on behalf of a caller, for CloudFormation's templates.
type ObjectReader interface {
	// ReadObject returns an object's content, or the *Error of S3.
	ReadObject(c Caller, bucket, key string) ([]byte, error)
}

// RoleFinder finds IAM roles. STS uses it to decide who may assume a role.
type RoleFinder interface {
	// Role returns a role's ARN and its trust policy as decoded JSON; ok is false for a missing
	// role. name excludes the path.
	Role(account, name string) (arn string, trust map[string]any, ok bool)
}

// OIDCProviderFinder finds IAM's OpenID Connect providers, with which STS validates web identity
// tokens.
type OIDCProviderFinder interface {
	// OIDCProvider returns the client IDs of an account's provider, by its URL without the scheme;
	// ok is false for none.
	OIDCProvider(account, host string) (clients []string, ok bool)
}

// SetOIDCProviders registers the IAM service.
func (w *World) SetOIDCProviders(f OIDCProviderFinder) { w.oidc = f }

// OIDCProviders returns the IAM service, or nil.
func (w *World) OIDCProviders() OIDCProviderFinder { return w.oidc }

// PrincipalFinder reports which users and roles exist in IAM. It is used to validate resource
// policies.
type PrincipalFinder interface {
	// Principal reports whether a user or role exists, by its ARN.
	Principal(arn string) bool
}

// SetPrincipals registers the IAM service.
func (w *World) SetPrincipals(p PrincipalFinder) { w.principals = p }

// PrincipalExists reports whether a user or role exists, by its ARN. Without a finder all exist.
func (w *World) PrincipalExists(arn string) bool {
	return w.principals == nil || w.principals.Principal(arn)
}

// EncryptionKeys finds KMS keys for the services that encrypt with them.
type EncryptionKeys interface {
	// EncryptionKey finds a key by ID or ARN as the caller's services see it. It returns its ARN
	// and policy, or the *Error of KMS.
	EncryptionKey(c Caller, id string) (arn, policy string, err error)
}

// SetEncryptionKeys registers the KMS service.
func (w *World) SetEncryptionKeys(k EncryptionKeys) { w.encryption = k }

// EncryptionKeys returns the KMS service, or nil.
func (w *World) EncryptionKeys() EncryptionKeys { return w.encryption }

// SecretReader reads secrets of Secrets Manager on behalf of a caller, for CloudFormation's dynamic
// references.
type SecretReader interface {
	// SecretString returns the current text of a secret, by name or ARN, or the *Error of Secrets
	// Manager.
	SecretString(c Caller, id string) (string, error)
}

// SetSecrets registers the Secrets Manager service.
func (w *World) SetSecrets(s SecretReader) { w.secrets = s }

// Secrets returns the Secrets Manager service, or nil.
func (w *World) Secrets() SecretReader { return w.secrets }

// KeyFinder finds access keys. The services that issue them (IAM, STS) register themselves.
type KeyFinder interface {
	// AccessKey returns the secret and the principal of an access key (Caller.Region is empty).
	// active is false for an inactive or expired key, ok for an unknown one.
	AccessKey(id string) (secret string, caller Caller, active bool, ok bool)
}

// EventBus receives the events of services for EventBridge.
type EventBus interface {
	// PutEvent sends an event to the default bus of an account and region. detail is encoded as
	// JSON.
	PutEvent(e BusEvent)
}

// BusEvent is an event of a service.
type BusEvent struct {
	Account, Region    string
	Source, DetailType string
	Resources          []string
	Detail             any
}

// SetEventBus registers the EventBridge service.
func (w *World) SetEventBus(b EventBus) { w.bus = b }

// EventBus returns the EventBridge service, or nil.
func (w *World) EventBus() EventBus { return w.bus }

// LogGroups reports which log groups exist. The CloudWatch Logs service registers itself as one.
type LogGroups interface {
	// HasLogGroup reports whether the caller's account has a log group in the caller's region.
	HasLogGroup(c Caller, name string) bool
}

// SetLogGroups registers the CloudWatch Logs service.
func (w *World) SetLogGroups(g LogGroups) { w.logGroups = g }

// HasLogGroup reports whether a log group exists. Without CloudWatch Logs all exist.
func (w *World) HasLogGroup(c Caller, name string) bool {
	return w.logGroups == nil || w.logGroups.HasLogGroup(c, name)
}

// SetObjects registers the S3 service.
func (w *World) SetObjects(o ObjectReader) { w.objects = o }

// Objects returns the S3 service, or nil.
func (w *World) Objects() ObjectReader { return w.objects }

// SetRoles registers the IAM service.
func (w *World) SetRoles(r RoleFinder) { w.roles = r }

// Roles returns the IAM service, or nil.
func (w *World) Roles() RoleFinder { return w.roles }

// AddKeys registers a service that issues access keys.
func (w *World) AddKeys(k KeyFinder) { w.keys = append(w.keys, k) }

// AccessKey finds an access key among those of all services.
func (w *World) AccessKey(id string) (secret string, caller Caller, active bool, ok bool) {
	for _, k := range w.keys {
		if secret, caller, active, ok = k.AccessKey(id); ok {
			return secret, caller, active, true
		}
	}
	return "", Caller{}, false, false
}

// MessageAttribute is an attribute of an SQS message.
type MessageAttribute struct{ Type, Value string }

// QueueMessage is a message that a service sends to a queue.
type QueueMessage struct {
	Queue string // ARN
	// Service is the sender's principal, and Source the ARN of the resource for which it sends.
	Service, Source string
	// Role is the ARN of the role with whose rights the service sends; "" for a service that needs
	// the permission of the queue's policy.
	Role       string
	Body       string
	Attributes map[string]MessageAttribute
}

// Queues receives messages of services for SQS.
type Queues interface {
	// Send sends a message, if the queue exists and the sender has the permission.
	Send(m QueueMessage) error
}

// SetQueues registers the SQS service.
func (w *World) SetQueues(q Queues) { w.queues = q }

// Queues returns the SQS service, or nil.
func (w *World) Queues() Queues { return w.queues }

// LogLines are lines that a service writes to a log stream with the rights of a role.
type LogLines struct {
	Account, Region, Group, Stream string
	Lines                          []string
	// Role is the ARN of the role, which the service with this principal assumes.
	Role, Service string
}

// LogWriter stores log lines. The CloudWatch Logs service registers itself as one.
type LogWriter interface {
	// WriteLog stores lines. It creates the group and the stream if they are missing. Lines that the
	// role may not write are lost.
	WriteLog(lines LogLines)
}

// SetLogWriter registers the CloudWatch Logs service.
func (w *World) SetLogWriter(l LogWriter) { w.logs = l }

// LogWriter returns the CloudWatch Logs service, nil before SetLogWriter.
func (w *World) LogWriter() LogWriter { return w.logs }

// SessionCredentials are the credentials of a role's session.
type SessionCredentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// SessionIssuer issues credentials to services that assume a role. The STS service registers itself
// as one.
type SessionIssuer interface {
	// IssueSession returns the credentials of a session of a role, by its ARN. The caller has
	// checked the role's trust policy.
	IssueSession(role, name string, life time.Duration) SessionCredentials
}

// SetSessions registers the STS service.
func (w *World) SetSessions(s SessionIssuer) { w.sessions = s }

// Sessions returns the STS service, nil before SetSessions.
func (w *World) Sessions() SessionIssuer { return w.sessions }
