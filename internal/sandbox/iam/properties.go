package iam

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

// decodeProperties decodes resolved properties into a struct and refuses unknown names, nested ones
// included.
func decodeProperties(resolved map[string]any, into any) error {
	return properties.Decode(resolved, into)
}

type inlineProperty struct {
	PolicyName     string
	PolicyDocument document
}

// document is a policy document in a template: JSON text or an object.
type document string

// UnmarshalJSON keeps the document's text, in either form.
func (d *document) UnmarshalJSON(text []byte) error {
	var plain string
	if json.Unmarshal(text, &plain) == nil {
		*d = document(plain)
		return nil
	}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return fmt.Errorf("policy document: %w", err)
	}
	whole, err := policydoc.Text(value)
	*d = document(whole)
	return err
}

// syncAttached replaces the attached policies of the old list by those of the new one. It keeps
// policies attached by others.
func (a *account) syncAttached(e *entity, old, now []string) error {
	for _, arn := range old {
		if !slices.Contains(now, arn) && slices.Contains(e.attached, arn) {
			if err := e.detach(arn); err != nil {
				return err
			}
		}
	}
	for _, arn := range now {
		if err := a.attach(e, arn); err != nil {
			return err
		}
	}
	return nil
}

// syncInline does the same for inline policies.
func (e *entity) syncInline(old, now []inlineProperty) error {
	for _, p := range old {
		if !slices.ContainsFunc(now, func(n inlineProperty) bool { return n.PolicyName == p.PolicyName }) {
			delete(e.inline, p.PolicyName)
		}
	}
	for _, p := range now {
		if err := e.putInline(p.PolicyName, string(p.PolicyDocument)); err != nil {
			return err
		}
	}
	return nil
}

// generatedName returns CloudFormation's name for a resource without one in the template: stack
// name, logical ID, twelve random characters.
func (s *Service) generatedName(r cloud.ResourceRequest, most int) string {
	random := s.world.NewToken(12)
	stem := r.StackName + "-" + r.LogicalID
	return stem[:min(len(stem), most-1-len(random))] + "-" + random
}

func orDefault(value, standard string) string {
	if value == "" {
		return standard
	}
	return value
}

// withStackTags adds a stack's tags to those of a resource; the resource's own win.
func withStackTags(own []tag, stack map[string]string) []tag {
	all := slices.Clone(own)
	for _, key := range sortedNames(stack) {
		if strings.HasPrefix(key, "aws:") ||
			slices.ContainsFunc(own, func(t tag) bool { return strings.EqualFold(t.Key, key) }) {
			continue
		}
		all = append(all, tag{key, stack[key]})
	}
	return all
}

// asReason gives an error the text of CloudFormation's failure reasons: the service's message with
// its origin.
func (s *Service) asReason(err error) error {
	var e *cloud.Error
	if !errors.As(err, &e) || e.Code == "SandboxNotModelled" ||
		strings.HasPrefix(e.Message, "Properties validation failed") {
		return err
	}
	status := e.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	reason := *e
	reason.Message = fmt.Sprintf(
		"%s (Service: Iam, Status Code: %d, Request ID: %s)", e.Message, status, s.world.NewUUID(),
	)
	return &reason
}

// gone reports whether an error means that the object to delete does not exist.
func gone(err error) bool {
	var e *cloud.Error
	return errors.As(err, &e) && e.Code == "NoSuchEntity"
}

func text(properties map[string]any, name string) string {
	s, _ := properties[name].(string)
	return s
}

// check runs do, and undo if do fails, so that a failed Create or Update changes nothing.
func (s *Service) check(do func() error, undo func()) error {
	err := do()
	if err != nil {
		undo()
		return s.asReason(err)
	}
	return nil
}

// replaceTags replaces the properties' old tags by the new ones and keeps others.
func replaceTags(present, old, now []tag) []tag {
	has := func(list []tag, key string) bool {
		return slices.ContainsFunc(list, func(t tag) bool { return strings.EqualFold(t.Key, key) })
	}
	var all []tag
	for _, t := range present {
		if !has(old, t.Key) && !has(now, t.Key) {
			all = append(all, t)
		}
	}
	return append(all, now...)
}

func containsFold(list []string, name string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, name) })
}

func (a *account) leaveAll(u *user) {
	for _, g := range a.groupsOf(u) {
		_ = g.leave(u) // it is in it
	}
}
