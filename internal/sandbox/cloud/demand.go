package cloud

// Demand is a permission that a call or a step of CloudFormation requires.
type Demand struct {
	Action   string
	Resource string // ARN
	// Account is the resource's account; "" for the caller's.
	Account string
	// Policy is the resource's own policy as JSON; "" for none.
	Policy string
	// Context contains the condition keys of the call, besides those of every call.
	Context map[string][]string
}

// Demanding is a service that lists the permissions that a request requires.
type Demanding interface {
	Demands(r *Request) []Demand
}
