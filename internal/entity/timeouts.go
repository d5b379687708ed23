package entity

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
)

// DefaultTimeout limits a create, update or delete if neither the object nor the provider does. A
// commit takes seconds to minutes, and may wait for other writers' commits.
const DefaultTimeout = 60 * time.Minute

// Timed has the attribute timeouts. Models embed it, except those of objects that a configuration
// has by the thousand: Terraform processes every attribute, set or not.
type Timed struct {
	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

func (t *Timed) timed() *Timed { return t }

func timed(model any) *Timed {
	if t, ok := model.(interface{ timed() *Timed }); ok {
		return t.timed()
	}
	return nil
}

func timeoutsAttribute(ctx context.Context) schema.Attribute {
	const description = "Maximum time to wait, as a duration such as `90s` or `2h`. Default: the provider's `commit_timeout`."
	return timeouts.Attributes(ctx, timeouts.Opts{
		Create: true, Update: true, Delete: true,
		CreateDescription: description, UpdateDescription: description, DeleteDescription: description,
	})
}

// limit returns how long an action on the object of a model may take: the object's timeout, else the provider's.
func (s *Services) limit(ctx context.Context, action action, m any) (time.Duration, diag.Diagnostics) {
	limit := s.CommitTimeout
	if limit == 0 {
		limit = DefaultTimeout
	}
	t := timed(m)
	if t == nil {
		return limit, nil
	}
	switch action {
	case create:
		return t.Timeouts.Create(ctx, limit)
	case update:
		return t.Timeouts.Update(ctx, limit)
	default:
		return t.Timeouts.Delete(ctx, limit)
	}
}
