package protocol

import "github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"

// Encoder encodes the result of an operation: JSON or Query.
type Encoder interface {
	Result(r *cloud.Request, result any) (*cloud.Response, error)
}

// Answer runs a request's operation and encodes its result. Operations that are not listed are not
// modelled.
func Answer[S any](
	service S, name string, operations map[string]func(S, *cloud.Request) (any, error), r *cloud.Request, encoder Encoder,
) (*cloud.Response, error) {
	run, ok := operations[r.Operation]
	if !ok {
		return nil, cloud.NotModelled("%s %s", name, r.Operation)
	}
	result, err := run(service, r)
	if err != nil {
		return nil, err
	}
	return encoder.Result(r, result)
}
