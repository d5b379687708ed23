package s3

import (
	"net/http"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// object contains the versions of a key, oldest first. A key without versions is removed.
type object struct{ versions []*version }

// version is one version of an object, or a delete marker.
type version struct {
	id        string // "null" for versions written while versioning is not enabled
	marker    bool
	body      []byte
	etag      string // with quotes
	modified  time.Time
	header    http.Header // Content-Type and similar headers, and x-amz-meta-*
	checksum  checksum
	encrypted encryptionDefault
	tags      []tag
	mode      string // of Object Lock: GOVERNANCE, COMPLIANCE or ""
	retained  time.Time
	legalHold bool
}

func (o *object) current() *version { return o.versions[len(o.versions)-1] }

// ReadObject returns the current content of an object, for services that read from S3 on behalf of
// a caller.
func (s *Service) ReadObject(c cloud.Caller, bucketName, key string) ([]byte, error) {
	b, err := s.find(c, bucketName)
	if err != nil {
		return nil, err
	}
	v, err := b.version(key, "")
	if err != nil {
		return nil, err
	}
	return v.body, nil
}

// version finds a version; an empty ID means the current one. A delete marker is not found.
func (b *bucket) version(key, id string) (*version, error) {
	missing := &cloud.Error{
		Code: "NoSuchKey", Message: "The specified key does not exist.", Status: http.StatusNotFound,
		Extra: map[string]any{"Key": key},
	}
	o := b.keys[key]
	if id == "" {
		if o == nil || o.current().marker {
			return nil, missing
		}
		return o.current(), nil
	}
	if o != nil {
		for _, v := range o.versions {
			if v.id == id {
				return v, nil
			}
		}
	}
	if b.Versioning.Status == "" && id != "null" {
		return nil, cloud.Errorf("InvalidArgument", "Invalid version id specified") // recorded from AWS
	}
	return nil, &cloud.Error{
		Code: "NoSuchVersion", Message: "The specified version does not exist.", Status: http.StatusNotFound,
		Extra: map[string]any{"Key": key, "VersionId": id},
	}
}
