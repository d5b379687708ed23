package apigateway

import (
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// Demands returns the permission that a request of the management API requires (API Gateway
// developer guide, apigateway-websocket-control-access-iam).
func (s *Service) Demands(r *cloud.Request) []cloud.Demand {
	d := cloud.Demand{Action: "execute-api:ManageConnections", Resource: "*"}
	if stage, rest := s.find(r.HTTP); stage != nil {
		d.Resource = stage.arn(r.HTTP.Method + "/" + managementPath + strings.TrimPrefix(rest, managementPath))
	}
	return []cloud.Demand{d}
}
