package cloud

// Demand is one right that a call, or a step of CloudFormation, needs.
type Demand struct {
	Action   string
	Resource string // ARN
	// Account is that of the resource; "" for the caller's.
	Account string
	// Policy is the resource's own policy as JSON; "" for none.
	Policy string
	// Context are the condition keys that the call sets, beside those that every call has.
	Context map[string][]string
}

// Demanding is a service that says which rights a request needs.
type Demanding interface {
	Demands(r *Request) []Demand
}
