package cloudformation

import "github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"

// stackStatusChange is the detail of a "CloudFormation Stack Status Change": CloudFormation User
// Guide, "Stack Status Change event detail".
type stackStatusChange struct {
	StackID       string        `json:"stack-id"`
	StatusDetails statusDetails `json:"status-details"`
	Token         string        `json:"client-request-token,omitempty"`
}

type statusDetails struct {
	Status string `json:"status"`
	Reason string `json:"status-reason"`
}

// announce sends a change of a stack's own status to EventBridge, regardless of the stack's topics.
// Events of resources are not modelled.
func (s *Service) announce(st *stack, e event) {
	bus := s.w.EventBus()
	if bus == nil || e.kind != stackType || e.physicalID != st.id {
		return
	}
	bus.PutEvent(cloud.BusEvent{
		Account:    st.at.account,
		Region:     st.at.region,
		Source:     "aws.cloudformation",
		DetailType: "CloudFormation Stack Status Change",
		Resources:  []string{st.id},
		Detail: stackStatusChange{
			StackID: st.id, StatusDetails: statusDetails{Status: e.status, Reason: e.reason}, Token: e.token,
		},
	})
}
