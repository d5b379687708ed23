package s3

import (
	"net/http"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

// regionHeader names a bucket's region in answers, errors included. In cloud.Error.Extra it
// represents the header.
const regionHeader = "x-amz-bucket-region"

// Service is the simulated S3 of all accounts and regions.
type Service struct {
	world   *cloud.World
	buckets map[string]*bucket // by name: one namespace over all accounts
}

// New returns the service. It registers with the world its resource types and itself as the reader
// of objects.
func New(w *cloud.World) *Service {
	s := &Service{world: w, buckets: make(map[string]*bucket)}
	w.SetObjects(s)
	w.RegisterType("AWS::S3::Bucket", bucketType{s})
	w.RegisterType("AWS::S3::BucketPolicy", policyType{s})
	return s
}

// WriteError encodes an error as S3 does; errors about a bucket in another region name it in a
// header.
func (s *Service) WriteError(r *cloud.Request, e *cloud.Error) *cloud.Response {
	region, ok := e.Extra[regionHeader].(string)
	if !ok {
		return protocol.XMLError(r, e)
	}
	plain := *e
	plain.Extra = make(map[string]any, len(e.Extra))
	for name, value := range e.Extra {
		if name != regionHeader {
			plain.Extra[name] = value
		}
	}
	answer := protocol.XMLError(r, &plain)
	if answer.Header == nil {
		answer.Header = make(http.Header)
	}
	answer.Header.Set(regionHeader, region)
	return answer
}
