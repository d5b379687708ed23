package apigateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

const managementPath = "@connections/"

// Operation implements cloud.Operator.
func (s *Service) Operation(r *cloud.Request) string {
	if !strings.Contains(r.HTTP.URL.Path, "/"+managementPath) {
		return ""
	}
	switch r.HTTP.Method {
	case http.MethodPost:
		return "PostToConnection"
	case http.MethodGet:
		return "GetConnection"
	case http.MethodDelete:
		return "DeleteConnection"
	default:
		return ""
	}
}

// Handle answers a request of the management API.
func (s *Service) Handle(r *cloud.Request) (*cloud.Response, error) {
	stage, rest := s.find(r.HTTP)
	id, ok := strings.CutPrefix(rest, managementPath)
	if !ok || stage == nil || stage.settings.Account != r.Caller.Account || stage.settings.Region != r.Caller.Region {
		return nil, &cloud.Error{Code: "ForbiddenException", Message: "Forbidden", Status: http.StatusForbidden}
	}
	if len(r.Body) > MaxMessage {
		return nil, &cloud.Error{
			Code: "PayloadTooLargeException", Message: "Message too long", Status: http.StatusRequestEntityTooLarge,
		}
	}
	if r.Operation == "DeleteConnection" {
		c := s.connection(stage, id)
		if c == nil {
			return nil, gone()
		}
		// unproven: websocket-deleted-connection
		c.close(closeNormal, "Connection Closed Normally")
		return &cloud.Response{Status: http.StatusNoContent, Header: header(r)}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.connections[id]
	if c == nil || c.stage.Path() != stage.Path() || !c.isOpen {
		return nil, gone()
	}
	if r.Operation == "PostToConnection" {
		err := c.post(r.Body)
		switch {
		case errors.Is(err, errFull):
			return nil, &cloud.Error{
				Code: "LimitExceededException", Message: "Too Many Requests", Status: http.StatusTooManyRequests,
			}
		case err != nil:
			return nil, gone()
		}
		return &cloud.Response{Header: header(r)}, nil
	}
	body, err := json.Marshal(map[string]any{
		"connectedAt":  protocol.Time(c.connectedAt),
		"lastActiveAt": protocol.Time(c.lastActive),
		"identity":     map[string]string{"sourceIp": c.identity.SourceIP, "userAgent": c.identity.UserAgent},
	})
	if err != nil {
		return nil, fmt.Errorf("encode a connection: %w", err)
	}
	return &cloud.Response{Header: header(r), Body: body}, nil
}

// connection finds an open connection of a stage; nil for none.
func (s *Service) connection(stage *Stage, id string) *connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.connections[id]; c != nil && c.isOpen && c.stage.Path() == stage.Path() {
		return c
	}
	return nil
}

func gone() *cloud.Error {
	return &cloud.Error{Code: "GoneException", Message: "Gone", Status: http.StatusGone}
}

// WriteError encodes an error: API Gateway names the code in a header. Refusals of the front door
// become Forbidden.
func (s *Service) WriteError(r *cloud.Request, e *cloud.Error) *cloud.Response {
	status := e.Status
	switch e.Code {
	case "MissingAuthenticationTokenException", "IncompleteSignatureException", "UnrecognizedClientException",
		"ExpiredTokenException", "InvalidSignatureException":
		status = http.StatusForbidden
	}
	if status == 0 {
		status = http.StatusBadRequest
	}
	body, err := json.Marshal(map[string]string{"message": e.Message})
	if err != nil {
		panic(fmt.Sprintf("sandbox: the text of %s can't be encoded: %v", e.Code, err))
	}
	h := header(r)
	h.Set("X-Amzn-Errortype", e.Code)
	return &cloud.Response{Status: status, Header: h, Body: body}
}

func header(r *cloud.Request) http.Header {
	return http.Header{"Content-Type": {"application/json"}, "X-Amzn-Requestid": {protocol.RequestID(r)}}
}
