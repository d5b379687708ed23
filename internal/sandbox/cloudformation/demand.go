package cloudformation

import (
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// Demands returns the permissions that a request requires: the action of its name, on the stack
// (Service authorization reference, CloudFormation). A change set belongs to its stack. A service
// role must be passed, too.
func (s *Service) Demands(r *cloud.Request) []cloud.Demand {
	d := cloud.Demand{Action: "cloudformation:" + r.Operation, Resource: "*", Context: map[string][]string{}}
	set, ref := r.Form.Get("ChangeSetName"), r.Form.Get("StackName")
	if ref == "" {
		ref = r.Form.Get("StackId")
	}
	switch {
	case ref == "" && strings.HasPrefix(set, "arn:"):
		known := s.region(r.Caller).sets[set]
		if known == nil {
			return nil // unknown stack: the answer is that it does not exist
		}
		d.Resource = known.stack.id
	case strings.HasPrefix(ref, "arn:"):
		d.Resource = ref
	case ref != "":
		d.Resource = "arn:aws:cloudformation:" + r.Caller.Region + ":" + r.Caller.Account + ":stack/" + ref + "/*"
		if st := s.find(r, ref); st != nil {
			d.Resource = st.id
		}
	}
	if set != "" {
		d.Context["cloudformation:ChangeSetName"] = []string{set}
	}
	if url := r.Form.Get("TemplateURL"); url != "" {
		d.Context["cloudformation:TemplateUrl"] = []string{url}
	}
	demands := []cloud.Demand{d}
	if role := r.Form.Get("RoleARN"); role != "" {
		d.Context["cloudformation:RoleArn"] = []string{role}
		demands = append(demands, cloud.Demand{ // CloudFormation user guide, using-iam-servicerole
			Action:   "iam:PassRole",
			Resource: role,
			Context:  map[string][]string{"iam:PassedToService": {"cloudformation.amazonaws.com"}},
		})
	}
	return demands
}
