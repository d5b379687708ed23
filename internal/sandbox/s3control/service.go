package s3control

import (
	"encoding/xml"
	"net/http"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

const (
	prefix        = "/v20180820/"
	path          = prefix + "configuration/publicAccessBlock"
	accountHeader = "X-Amz-Account-Id"
)

var wire = protocol.Query{Namespace: "http://awss3control.amazonaws.com/doc/2018-08-20/", Version: "2018-08-20"}

// Service is the simulated control API of S3, in all accounts.
type Service struct {
	blocks map[string]block // by account, only those with a setting
}

// block is the public access block of an account.
type block struct {
	XMLName               xml.Name `xml:"PublicAccessBlockConfiguration"`
	BlockPublicAcls       bool     `xml:"BlockPublicAcls"`
	IgnorePublicAcls      bool     `xml:"IgnorePublicAcls"`
	BlockPublicPolicy     bool     `xml:"BlockPublicPolicy"`
	RestrictPublicBuckets bool     `xml:"RestrictPublicBuckets"`
}

// New returns the service.
func New() *Service { return &Service{blocks: map[string]block{}} }

// Addressed reports whether a request signed for S3 is for its control API. They share the signing
// name, but only the control API names the account in a header.
func Addressed(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, prefix) && r.Header.Get(accountHeader) != ""
}

// Operation returns the operation of a request.
func (s *Service) Operation(r *cloud.Request) string {
	if r.HTTP.URL.Path != path {
		return ""
	}
	switch r.HTTP.Method {
	case http.MethodGet:
		return "GetPublicAccessBlock"
	case http.MethodPut:
		return "PutPublicAccessBlock"
	case http.MethodDelete:
		return "DeletePublicAccessBlock"
	}
	return ""
}

// Demands returns the permissions that a request requires: the permission to set the block allows
// its deletion (S3 API Reference, DeletePublicAccessBlock).
func (s *Service) Demands(r *cloud.Request) []cloud.Demand {
	if s.Operation(r) == "GetPublicAccessBlock" {
		return []cloud.Demand{{Action: "s3:GetAccountPublicAccessBlock", Resource: "*"}}
	}
	return []cloud.Demand{{Action: "s3:PutAccountPublicAccessBlock", Resource: "*"}}
}

var operations = map[string]func(*Service, *cloud.Request) (*cloud.Response, error){
	"GetPublicAccessBlock":    (*Service).getPublicAccessBlock,
	"PutPublicAccessBlock":    (*Service).putPublicAccessBlock,
	"DeletePublicAccessBlock": (*Service).deletePublicAccessBlock,
}

// Handle answers one request. An account can access only its own block.
func (s *Service) Handle(r *cloud.Request) (*cloud.Response, error) {
	if r.HTTP.Header.Get(accountHeader) != r.Caller.Account {
		return nil, &cloud.Error{Code: "AccessDenied", Message: "Access Denied", Status: http.StatusForbidden}
	}
	run, ok := operations[s.Operation(r)]
	if !ok {
		return nil, cloud.NotModelled("the S3 control operation %s %s", r.HTTP.Method, r.HTTP.URL.Path)
	}
	return run(s, r)
}

func (s *Service) getPublicAccessBlock(r *cloud.Request) (*cloud.Response, error) {
	b, ok := s.blocks[r.Caller.Account]
	if !ok {
		return nil, &cloud.Error{
			Code: "NoSuchPublicAccessBlockConfiguration", Message: "The public access block configuration was not found",
			Status: http.StatusNotFound,
		}
	}
	return protocol.XML(r, b)
}

func (s *Service) putPublicAccessBlock(r *cloud.Request) (*cloud.Response, error) {
	var b block
	if err := xml.Unmarshal(r.Body, &b); err != nil {
		return nil, cloud.Errorf(
			"MalformedXML",
			"The XML you provided was not well-formed or did not validate against our published schema",
		)
	}
	s.blocks[r.Caller.Account] = b
	return empty(r, http.StatusOK), nil
}

func (s *Service) deletePublicAccessBlock(r *cloud.Request) (*cloud.Response, error) {
	delete(s.blocks, r.Caller.Account)
	return empty(r, http.StatusNoContent), nil
}

func empty(r *cloud.Request, status int) *cloud.Response {
	return &cloud.Response{
		Status: status,
		Header: http.Header{"X-Amz-Request-Id": {protocol.RequestID(r)}, "X-Amz-Id-2": {"sandbox"}},
	}
}

// WriteError encodes an error. Unlike S3, its control API wraps it.
func (s *Service) WriteError(r *cloud.Request, e *cloud.Error) *cloud.Response {
	return wire.Error(r, e)
}

var (
	_ cloud.Service   = (*Service)(nil)
	_ cloud.Operator  = (*Service)(nil)
	_ cloud.Demanding = (*Service)(nil)
)
