//go:build !oidc

package relay

import (
	"context"
	"errors"
	"net/http"
)

// closed stands for the verification of tokens in builds without the tag oidc: it lets nobody in.
type closed struct{}

func newVerifier(string, *http.Client) verifier { return closed{} }

func (closed) verify(context.Context, string) (*claims, error) {
	return nil, errors.New("this build of the relay can't verify tokens: it was built without the tag oidc")
}
