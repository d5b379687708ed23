package cloudformation

import (
	"fmt"
	"maps"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

func (set *changeSet) readImports(r *cloud.Request) error {
	members := protocol.Members(r.Form, "ResourcesToImport")
	if set.kind != "IMPORT" {
		if len(members) > 0 {
			return invalid("ResourcesToImport can only be specified for change sets of type IMPORT")
		}
		return nil
	}
	if len(members) == 0 {
		return invalid("You must specify ResourcesToImport for an import operation")
	}
	set.wanted, set.importKinds = map[string]map[string]string{}, map[string]string{}
	for _, m := range members {
		id := m.Get("LogicalResourceId")
		d := set.next.template.resources[id]
		if d == nil || d.kind != m.Get("ResourceType") {
			return invalid("Resources [%s] is missing from the template or of another type", id)
		}
		if d.deletion == "" {
			// Each imported resource needs a DeletionPolicy (AWS CloudFormation User Guide, "Import
			// AWS resources").
			return invalid("Resources to import must have a DeletionPolicy attribute specified in the template: [%s]", id)
		}
		set.wanted[id], set.importKinds[id] = protocol.Map(m, "ResourceIdentifier"), m.Get("ResourceType")
	}
	return nil
}

// planImports turns a plan's Adds of existing resources into Imports. It returns the reason for
// which the change set fails, "" for none. What an import may not do is documented (AWS
// CloudFormation User Guide, "Import AWS resources"), its texts are not (unproven:
// import-refusals).
func (s *Service) planImports(set *changeSet, caller cloud.Caller) string {
	set.imports = map[string]string{}
	var others, unkept []string
	for i := range set.plan.changes {
		c := &set.plan.changes[i]
		identifier, asked := set.wanted[c.logicalID]
		switch {
		case c.possible:
		case asked && c.action == "Add":
			properties, _ := c.after["Properties"].(map[string]any)
			physicalID, exists := s.w.Type(c.kind).Exists(caller, merged(properties, identifier))
			if !exists {
				return fmt.Sprintf("Resource of type '%s' with identifier '%s' was not found.", c.kind, jsonText(identifier))
			}
			if problem := s.takeOver(set, c, physicalID); problem != "" {
				return problem
			}
		case asked:
			return fmt.Sprintf("Resource %s is already part of the stack", c.logicalID)
		case set.kind == "IMPORT":
			others = append(others, c.logicalID)
		case set.importOld && c.action == "Add":
			problem, unretained := s.adopt(set, c, caller)
			if problem != "" {
				return problem
			}
			if unretained != "" {
				unkept = append(unkept, unretained)
			}
		}
	}
	if len(unkept) > 0 {
		// aws/aws-cdk-cli, pull request 1367.
		return "CloudFormation is attempting to import some resources because they already exist in your account. The resources must have " +
			"the DeletionPolicy attribute set to 'Retain' or 'RetainExceptOnCreate' in the template for successful import. " +
			"The affected resources are " + strings.Join(
			unkept,
			", ",
		)
	}
	if len(others) > 0 {
		return fmt.Sprintf(
			"As part of the import operation, you cannot create, modify or delete resources that are not imported: [%s]",
			strings.Join(others, ", "),
		)
	}
	if set.kind == "IMPORT" {
		before := "{}"
		if set.stack.config != nil {
			before = jsonText(set.stack.config.template.outputs)
		}
		if after := jsonText(set.next.template.outputs); after != before && len(set.next.template.outputs) > 0 {
			return "As part of the import operation, you cannot modify or add [Outputs]" // AWS's users report it
		}
	}
	return ""
}

func merged(properties map[string]any, identifier map[string]string) map[string]any {
	m := maps.Clone(properties)
	if m == nil {
		m = map[string]any{}
	}
	for k, v := range identifier {
		m[k] = v
	}
	return m
}

// adopt takes over an existing resource in an ordinary change set with ImportExistingResources. It
// requires a literal name, a policy that retains, and a primary identifier in the template (AWS
// CloudFormation User Guide, "Import AWS resources automatically"). problem is why the change set
// fails; unretained names an existing resource without a policy that retains it.
func (s *Service) adopt(set *changeSet, c *change, caller cloud.Caller) (problem, unretained string) {
	d := set.next.template.resources[c.logicalID]
	ty := s.w.Type(c.kind)
	primary := ty.Schema().PrimaryID
	if len(primary) == 0 {
		return "", ""
	}
	var identifier []string
	for _, property := range primary {
		if !isString(d.properties[property]) {
			return "", ""
		}
		identifier = append(identifier, fmt.Sprintf("%s=%s", property, d.properties[property]))
	}
	physicalID, exists := ty.Exists(caller, d.properties)
	switch {
	case !exists:
		return "", ""
	case !d.keeps():
		return "", fmt.Sprintf("%s ({%s})", c.logicalID, strings.Join(identifier, ", "))
	}
	// AWS's answer for a resource of another stack is not recorded: it stays an addition, which the
	// validation or the creation refuses, or the change set fails. The text is that of imports into
	// a stack that has the resource (coverage roadmap, issue 1607); whether AWS uses it here is
	// unknown (unproven: import-from-another-stack).
	if s.takeOver(set, c, physicalID) != "" && s.w.AnswersWith(unproven.ForeignImport, unproven.Refused) {
		return fmt.Sprintf(
			"Resources [%s] passed in ResourceToImport are already in a stack and cannot be imported.", c.logicalID,
		), ""
	}
	return "", ""
}

func (s *Service) takeOver(set *changeSet, c *change, physicalID string) string {
	if owner := s.ownerOf(set.stack.at, c.kind, physicalID); owner != nil {
		return fmt.Sprintf("Resource %s already exists in stack %s", physicalID, owner.id)
	}
	for logicalID, imported := range set.imports {
		if imported == physicalID && set.next.template.resources[logicalID].kind == c.kind {
			return fmt.Sprintf("Resource %s already exists in stack %s", physicalID, set.stack.id)
		}
	}
	c.action, c.physicalID = "Import", physicalID
	set.imports[c.logicalID] = physicalID
	return ""
}

// ownerOf returns the stack that has a resource; nil when none has it.
func (s *Service) ownerOf(at place, kind, physicalID string) *stack {
	for _, st := range s.regions[at].stacks {
		for _, r := range st.resources {
			if !r.gone && r.kind == kind && r.physicalID == physicalID && st.status != "DELETE_COMPLETE" {
				return st
			}
		}
	}
	return nil
}
