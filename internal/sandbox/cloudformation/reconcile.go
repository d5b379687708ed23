package cloudformation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// afterImport runs the update handler after an import. With the permissions of the principal that
// changes the stack, it applies the template's properties and adds the stack's tags. Writes before
// a failure persist (timdodgson/appliance-clinic, "Import semantics", with CloudTrail).
func (op *operation) afterImport(t *task, rest time.Duration) {
	op.report(t.current, "IMPORT_COMPLETE", "Resource import completed.")
	ty, readable := op.s.w.Type(t.declared.kind).(cloud.Adoptable)
	if !readable {
		op.after(rest, func() {
			t.state = done
			op.advance()
		})
		return
	}
	t.verb = "UPDATE"
	op.report(t.current, "UPDATE_IN_PROGRESS", "Apply stack-level tags to imported resource if applicable.")
	op.after(rest, func() {
		if err := op.reconcile(t, ty); err != nil {
			op.fail(t, err.Error())
			return
		}
		op.finish(t)
	})
}

func (op *operation) reconcile(t *task, ty cloud.Adoptable) error {
	id := t.current.physicalID
	if reason := op.s.fault(t.declared.kind, id, cloud.PhaseUpdate); reason != "" {
		return fmt.Errorf("%s", reason)
	}
	live, err := ty.Read(op.caller, id)
	if err != nil {
		return err //nolint:wrapcheck // the text is AWS's
	}
	if tags, ok := live["Tags"].([]any); ok { // AWS's own tags are independent of the template
		live["Tags"] = slices.DeleteFunc(tags, func(one any) bool {
			tag, _ := one.(map[string]any)
			return strings.HasPrefix(fmt.Sprint(tag["Key"]), "aws:")
		})
	}
	for _, name := range ty.Schema().Attributes {
		delete(live, name)
	}
	step := cloud.Step{Type: t.declared.kind, PhysicalID: id, Before: live, After: t.current.properties, Imported: true}
	if err := op.permit(step); err != nil {
		return err
	}
	properties, err := op.dynamic(live, t.current.properties)
	if err != nil {
		return err
	}
	made, err := ty.Update(op.caller, id, live, properties)
	if err != nil {
		return err //nolint:wrapcheck // the text is AWS's
	}
	if made.Attributes != nil {
		t.current.attributes = made.Attributes
	}
	return ty.Adopt(op.caller, id, op.tags(t.declared.name, ty.Schema())) //nolint:wrapcheck // the text is AWS's
}
