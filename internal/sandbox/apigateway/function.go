package apigateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// errSlow is returned by call when a function has not answered in time. The function continues, as
// in Lambda.
var errSlow = errors.New("apigateway: endpoint request timed out")

// call invokes a function for a part of an API, by its ARN, and waits for the answer. The function
// receives ctx's values but not its end: a client that disconnects does not stop a function.
func (s *Service) call(ctx context.Context, arn, source string, event any) ([]byte, error) {
	encoded, err := json.Marshal(event)
	if err != nil {
		panic(fmt.Sprintf("sandbox: an event of API Gateway can't be encoded: %v", err))
	}
	var function cloud.Function
	s.locked(func() {
		function, err = s.world.CallFunction(cloud.FunctionCall{
			ARN: arn, Event: encoded, Service: servicePrincipal, Source: source,
		})
	})
	if err != nil {
		return nil, fmt.Errorf("apigateway: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), integrationLimit)
	type result struct {
		answer []byte
		err    error
	}
	done := make(chan result, 1)
	go func() {
		answer, err := function(ctx, encoded)
		done <- result{answer, err}
	}()
	select {
	case r := <-done:
		if ctx.Err() == nil {
			cancel()
			return r.answer, r.err
		}
	case <-ctx.Done():
	}
	cancel()
	return nil, errSlow
}
