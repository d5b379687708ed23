package unchanged

import "context"

// call is one call of Terraform, for which a decision may be made twice.
type call struct {
	done map[any]any // by key; made and used by one goroutine after another
}

type callKey struct{}

// WithCall returns a context for one call of Terraform.
func WithCall(ctx context.Context) context.Context {
	return context.WithValue(ctx, callKey{}, &call{done: map[any]any{}})
}

// Once does something once in a call of Terraform, and returns the result again when the decision is made a second time. The key
// tells what it is, and must be of a type of the caller's own. Without a call in the context it is done each time.
func Once[T any](ctx context.Context, key any, do func() T) T {
	c, ok := ctx.Value(callKey{}).(*call)
	if !ok {
		return do()
	}
	if before, ok := c.done[key].(T); ok {
		return before
	}
	result := do()
	c.done[key] = result
	return result
}
