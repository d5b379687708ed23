package cloudformation

import (
	"fmt"
	"maps"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

// readImports reads ResourcesToImport.
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
			// Each imported resource needs a DeletionPolicy (AWS CloudFormation User Guide, "Import AWS resources").
			return invalid("Resources to import must have a DeletionPolicy attribute specified in the template: [%s]", id)
		}
		set.wanted[id], set.importKinds[id] = protocol.Map(m, "ResourceIdentifier"), m.Get("ResourceType")
	}
	return nil
}

// planImports turns the Adds of a plan that take over existing resources into Imports; its result is the reason for which the
// change set fails, "" for none. What an import may not do besides is documented (AWS CloudFormation User Guide, "Import
// AWS resources"); the texts are deduced.
func (s *Service) planImports(set *changeSet, caller cloud.Caller) string {
	set.imports = map[string]string{}
	var others []string
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
			s.adopt(set, c, caller)
		}
	}
	if len(others) > 0 {
		return fmt.Sprintf("As part of the import operation, you cannot create, modify or delete resources that are not imported: [%s]", strings.Join(others, ", "))
	}
	if set.kind == "IMPORT" {
		before := "{}"
		if set.stack.config != nil {
			before = jsonText(set.stack.config.template.outputs)
		}
		if after := jsonText(set.next.template.outputs); after != before && len(set.next.template.outputs) > 0 {
			return "As part of the import operation, you cannot modify or add [Outputs]" // as AWS's users report it
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

// adopt takes an existing resource over in an ordinary change set with ImportExistingResources: a literal name, a policy that retains,
// and a primary identifier in the template (AWS CloudFormation User Guide, "Import AWS resources automatically").
func (s *Service) adopt(set *changeSet, c *change, caller cloud.Caller) {
	d := set.next.template.resources[c.logicalID]
	ty := s.w.Type(c.kind)
	if !d.keeps() || len(ty.Schema().PrimaryID) == 0 {
		return
	}
	for _, property := range ty.Schema().PrimaryID {
		if !isString(d.properties[property]) {
			return
		}
	}
	if physicalID, exists := ty.Exists(caller, d.properties); exists {
		_ = s.takeOver(set, c, physicalID) // taken by another stack: it stays an Add, which the validation refuses
	}
}

func (s *Service) takeOver(set *changeSet, c *change, physicalID string) string {
	for _, st := range s.regions[set.stack.at].stacks {
		for _, r := range st.resources {
			if !r.gone && r.kind == c.kind && r.physicalID == physicalID && st.status != "DELETE_COMPLETE" {
				return fmt.Sprintf("Resource %s already exists in stack %s", physicalID, st.id)
			}
		}
	}
	c.action, c.physicalID = "Import", physicalID
	set.imports[c.logicalID] = physicalID
	return ""
}
