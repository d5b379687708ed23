package acm

import (
	"encoding/json"
	"regexp"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

var wire = protocol.JSON{Version: "1.1"}

// Service is the simulated AWS Certificate Manager.
type Service struct {
	names func(arn string) []string
}

// New returns the service. names returns the domain names of a certificate; nil for none.
func New(names func(arn string) []string) *Service { return &Service{names} }

// Demands returns the permissions that a request requires.
func (s *Service) Demands(r *cloud.Request) []cloud.Demand {
	var in struct{ CertificateArn string }
	if json.Unmarshal(r.Body, &in) != nil || in.CertificateArn == "" {
		in.CertificateArn = "*"
	}
	return []cloud.Demand{{Action: "acm:" + r.Operation, Resource: in.CertificateArn}}
}

// WriteError encodes an error.
func (s *Service) WriteError(r *cloud.Request, e *cloud.Error) *cloud.Response {
	return wire.Error(r, e)
}

var operations = map[string]func(*Service, *cloud.Request) (any, error){
	"DescribeCertificate": (*Service).describeCertificate,
}

// Handle answers one request.
func (s *Service) Handle(r *cloud.Request) (*cloud.Response, error) {
	return protocol.Answer(s, "acm", operations, r, wire)
}

var arns = regexp.MustCompile(`^arn:aws:acm:([a-z0-9-]+):([0-9]{12}):certificate/[A-Za-z0-9-]+$`)

// describeCertificate returns an issued certificate (ACM API Reference, DescribeCertificate). The
// texts of refusals are from memory.
func (s *Service) describeCertificate(r *cloud.Request) (any, error) {
	var in struct{ CertificateArn string }
	if err := json.Unmarshal(r.Body, &in); err != nil {
		return nil, cloud.Errorf("SerializationException", "%v", err)
	}
	found := arns.FindStringSubmatch(in.CertificateArn)
	if found == nil {
		return nil, cloud.Errorf("InvalidArnException", "Invalid ARN: %s", in.CertificateArn)
	}
	names := s.names(in.CertificateArn)
	if found[1] != r.Caller.Region || found[2] != r.Caller.Account || len(names) == 0 {
		return nil, cloud.Errorf("ResourceNotFoundException", "Could not find certificate %s.", in.CertificateArn)
	}
	return map[string]any{"Certificate": map[string]any{
		"CertificateArn": in.CertificateArn, "DomainName": names[0], "SubjectAlternativeNames": names,
		"Status": "ISSUED", "Type": "AMAZON_ISSUED",
	}}, nil
}
