package cloudformation

import (
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/unproven"
)

type stackIDXML struct {
	StackID string `xml:"StackId"`
}

func (s *Service) createStack(r *cloud.Request) (any, error) {
	name := r.Form.Get("StackName")
	if err := validName(name); err != nil {
		return nil, err
	}
	token := r.Form.Get("ClientRequestToken")
	st := s.region(r.Caller).named[name]
	if st != nil && st.status != "REVIEW_IN_PROGRESS" {
		if token != "" && st.tokens[token] == "CreateStack" {
			return stackIDXML{st.id}, nil
		}
		return nil, cloud.Errorf("AlreadyExistsException", "Stack [%s] already exists", name)
	}
	if r.Form.Has("OnFailure") && r.Form.Has("DisableRollback") {
		return nil, invalid("You cannot specify both OnFailure and DisableRollback")
	}
	keep, err := keepFailed(r.Form)
	if err != nil {
		return nil, err
	}
	next, err := s.configOf(r, nil)
	if err != nil {
		return nil, err
	}
	if err := reachable(next.topics, r.Caller.Region); err != nil {
		return nil, err
	}
	policy, _, err := s.policyOf(r, "StackPolicyBody", "StackPolicyURL")
	if err != nil {
		return nil, err
	}
	if st == nil {
		st = s.newStack(r, name)
	}
	st.obsolete() // recorded from AWS: a direct creation wins over pending CREATE sets
	st.policy = policy
	st.protected = r.Form.Get("EnableTerminationProtection") == "true"
	if _, err := st.used(token, "CreateStack"); err != nil {
		return nil, err
	}
	op := &operation{s: s, st: st, verb: "CREATE", token: token, caller: r.Caller, next: next}
	op.noRollback = keep || r.Form.Get("OnFailure") == "DO_NOTHING"
	op.deleteOnFailure = r.Form.Get("OnFailure") == "DELETE"
	op.retainExceptOnCreate = r.Form.Get("RetainExceptOnCreate") == "true"
	op.begin()
	return stackIDXML{st.id}, nil
}

func (s *Service) updateStack(r *cloud.Request) (any, error) {
	st, err := s.anyStack(r, r.Form.Get("StackName"))
	if err != nil {
		return nil, err
	}
	token := r.Form.Get("ClientRequestToken")
	if token != "" && st.tokens[token] == "UpdateStack" {
		return stackIDXML{st.id}, nil
	}
	if err := st.refuseBusy(); err != nil {
		return nil, err
	}
	if err := s.refuseDuringDetection(st); err != nil {
		return nil, err
	}
	keep, err := keepFailed(r.Form)
	if err != nil {
		return nil, err
	}
	next, err := s.configOf(r, st)
	if err != nil {
		return nil, err
	}
	plan, err := s.compare(st, next)
	if err != nil {
		return nil, err
	}
	if plan.empty() {
		return nil, invalid("No updates are to be performed.") // recorded from AWS
	}
	if err := reachable(next.topics, r.Caller.Region); err != nil {
		return nil, err
	}
	policy, given, err := s.policyOf(r, "StackPolicyBody", "StackPolicyURL")
	if err != nil {
		return nil, err
	}
	temporary, during, err := s.policyOf(r, "StackPolicyDuringUpdateBody", "StackPolicyDuringUpdateURL")
	if err != nil {
		return nil, err
	}
	if _, err := st.used(token, "UpdateStack"); err != nil {
		return nil, err
	}
	// unproven: direct-update-change-set-id
	if s.w.AnswersWith(unproven.DirectUpdateChangeSetID, unproven.Kept) && st.config != nil {
		next.changeSet = st.config.changeSet
	}
	op := &operation{s: s, st: st, verb: "UPDATE", token: token, caller: r.Caller, next: next, policy: st.policy}
	if during {
		op.policy, op.temporaryPolicy = temporary, true
	}
	if given {
		st.policy = policy
	}
	op.noRollback = keep
	op.retainExceptOnCreate = r.Form.Get("RetainExceptOnCreate") == "true"
	st.obsolete()
	op.begin()
	return stackIDXML{st.id}, nil
}

func (s *Service) deleteStack(r *cloud.Request) (any, error) {
	name := r.Form.Get("StackName")
	if err := validName(name); err != nil {
		return nil, err
	}
	if _, err := keepFailed(r.Form); err != nil {
		return nil, err
	}
	st := s.find(r, name)
	if st == nil || st.status == "DELETE_COMPLETE" || st.status == "DELETE_IN_PROGRESS" {
		return nil, nil // deletion of a deleted stack, or during its deletion, succeeds
	}
	if st.protected {
		return nil, invalid("Stack [%s] cannot be deleted while TerminationProtection is enabled", st.name)
	}
	retain := stringsOf(r.Form, "RetainResources")
	if len(retain) > 0 && st.status != "DELETE_FAILED" {
		return nil, invalid(
			"Invalid operation on stack [%s]. RetainResources can only be specified for stacks in the DELETE_FAILED state.",
			st.id,
		)
	}
	if st.running != nil {
		if st.status != "CREATE_IN_PROGRESS" {
			return nil, invalid("Stack [%s] cannot be deleted while in status %s", st.id, st.status)
		}
		st.running.generation++ // a deletion ends a creation
		if st.running.set != nil {
			st.running.set.execution = "EXECUTE_FAILED"
		}
	}
	token := r.Form.Get("ClientRequestToken")
	if repeated, err := st.used(token, "DeleteStack"); err != nil || repeated {
		return nil, err
	}
	st.freeze()
	op := &operation{s: s, st: st, verb: "DELETE", token: token, caller: r.Caller}
	st.running, st.stuck = op, nil
	st.deleted = s.w.Now()
	op.become("DELETE_IN_PROGRESS", "User Initiated")
	force := r.Form.Get("DeletionMode") == "FORCE_DELETE_STACK"
	for _, id := range sortedKeys(st.resources) {
		res := st.resources[id]
		if res.gone {
			continue
		}
		if res.physicalID == "" {
			res.gone, res.status = true, "DELETE_COMPLETE"
			continue
		}
		keep := res.declared.keeps() || slices.Contains(retain, id) || force && res.status == "DELETE_FAILED"
		op.removals = append(op.removals, &removal{resource: res, keep: keep})
	}
	op.remove(false, func(failed []string) {
		if len(failed) > 0 {
			op.end("DELETE_FAILED", undeletable(failed), false)
			return
		}
		s.bury(st)
		st.obsolete()
		op.end("DELETE_COMPLETE", "", true)
	})
	return nil, nil
}
