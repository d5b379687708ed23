package unchanged

import "context"

// call is one call of Terraform, for which a decision may be made twice.
type call struct {
	done map[any]any // by key; used by one goroutine at a time
}

type callKey struct{}

// WithCall returns a context for one call of Terraform.
func WithCall(ctx context.Context) context.Context {
	return context.WithValue(ctx, callKey{}, &call{done: map[any]any{}})
}

// Once runs do once in a call of Terraform, and returns its result again when the decision is
// repeated. The key identifies it and must have a type of the caller's package. Without a call in
// the context, do runs each time.
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
