package s3

import (
	"encoding/xml"
	"net/http"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
)

// get answers with a setting of the bucket, or with the error for its absence.
func (c *call) get(pick func(*bucket) any, absence func(*bucket) error) (*cloud.Response, error) {
	b, err := c.find()
	if err != nil {
		return nil, err
	}
	if err := absence(b); err != nil {
		return nil, err
	}
	return c.answer(pick(b))
}

func (c *call) put(status int, change func(*bucket) error) (*cloud.Response, error) {
	b, err := c.find()
	if err != nil {
		return nil, err
	}
	if err := change(b); err != nil {
		return nil, err
	}
	return c.empty(status), nil
}

// absent returns the error for a missing setting.
func absent(isThere func(*bucket) bool, code, message string) func(*bucket) error {
	return func(b *bucket) error {
		if isThere(b) {
			return nil
		}
		return &cloud.Error{
			Code: code, Message: message, Status: http.StatusNotFound, Extra: map[string]any{"BucketName": b.name},
		}
	}
}

func never(*bucket) error { return nil }

func (c *call) getEncryption() (*cloud.Response, error) {
	return c.get(func(b *bucket) any { return b.Encryption }, never)
}

func (c *call) putEncryption() (*cloud.Response, error) {
	return c.put(http.StatusOK, func(b *bucket) error {
		var e encryption
		if err := c.decode(&e); err != nil {
			return err
		}
		if err := e.check(); err != nil {
			return err
		}
		b.Encryption = e
		return nil
	})
}

// deleteEncryption restores S3's own keys: every bucket is encrypted since January 2023 (S3 User
// Guide, "Setting default server-side encryption behavior").
func (c *call) deleteEncryption() (*cloud.Response, error) {
	return c.put(http.StatusNoContent, func(b *bucket) error { b.Encryption = defaultEncryption(); return nil })
}

func (c *call) getVersioning() (*cloud.Response, error) {
	return c.get(func(b *bucket) any { return b.Versioning }, never)
}

func (c *call) putVersioning() (*cloud.Response, error) {
	return c.put(http.StatusOK, func(b *bucket) error {
		var v versioning
		if err := c.decode(&v); err != nil {
			return err
		}
		if err := v.check(b.Lock != nil); err != nil {
			return err
		}
		b.Versioning.Status = v.Status
		return nil
	})
}

func (c *call) getPublicAccess() (*cloud.Response, error) {
	return c.get(
		func(b *bucket) any { return b.PublicAccess },
		absent(func(b *bucket) bool { return b.PublicAccess != nil },
			"NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found"),
	)
}

func (c *call) putPublicAccess() (*cloud.Response, error) {
	return c.put(http.StatusOK, func(b *bucket) error {
		var p publicAccess
		if err := c.decode(&p); err != nil {
			return err
		}
		b.PublicAccess = &p
		return nil
	})
}

func (c *call) deletePublicAccess() (*cloud.Response, error) {
	return c.put(http.StatusNoContent, func(b *bucket) error { b.PublicAccess = nil; return nil })
}

func (c *call) getOwnership() (*cloud.Response, error) {
	return c.get(func(b *bucket) any { return b.Ownership }, absent(func(b *bucket) bool { return b.Ownership != nil },
		"OwnershipControlsNotFoundError", "The bucket ownership controls were not found"))
}

func (c *call) putOwnership() (*cloud.Response, error) {
	return c.put(http.StatusOK, func(b *bucket) error {
		var o ownership
		if err := c.decode(&o); err != nil {
			return err
		}
		if err := o.check(); err != nil {
			return err
		}
		if b.CannedACL != "" && o.enforced() {
			return aclsAreOff()
		}
		b.Ownership = &o
		return nil
	})
}

func (c *call) deleteOwnership() (*cloud.Response, error) {
	return c.put(http.StatusNoContent, func(b *bucket) error { b.Ownership = nil; return nil })
}

const minSizeHeader = "X-Amz-Transition-Default-Minimum-Object-Size"

func (c *call) getLifecycle() (*cloud.Response, error) {
	answer, err := c.get(
		func(b *bucket) any { return b.Lifecycle },
		absent(func(b *bucket) bool { return b.Lifecycle != nil },
			"NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
	)
	if err != nil {
		return nil, err
	}
	size := c.buckets[c.bucket].Lifecycle.MinSize
	if size == "" {
		size = "all_storage_classes_128K"
	}
	answer.Header.Set(minSizeHeader, size)
	return answer, nil
}

func (c *call) putLifecycle() (*cloud.Response, error) {
	return c.put(http.StatusOK, func(b *bucket) error {
		l := lifecycle{MinSize: c.r.HTTP.Header.Get(minSizeHeader)}
		if err := c.decode(&l); err != nil {
			return err
		}
		if err := l.check(); err != nil {
			return err
		}
		for i := range l.Rules {
			if l.Rules[i].ID == "" {
				l.Rules[i].ID = c.world.NewUUID() // S3 names rules without an ID
			}
		}
		b.Lifecycle = &l
		return nil
	})
}

func (c *call) deleteLifecycle() (*cloud.Response, error) {
	return c.put(http.StatusNoContent, func(b *bucket) error { b.Lifecycle = nil; return nil })
}

type loggingStatus struct {
	XMLName xml.Name `xml:"BucketLoggingStatus"`
	Enabled *logging `xml:"LoggingEnabled"`
}

func (c *call) getLogging() (*cloud.Response, error) {
	return c.get(func(b *bucket) any { return loggingStatus{Enabled: b.Logging} }, never)
}

func (c *call) putLogging() (*cloud.Response, error) {
	return c.put(http.StatusOK, func(b *bucket) error {
		var l loggingStatus
		if err := c.decode(&l); err != nil {
			return err
		}
		if l.Enabled != nil {
			if err := c.checkLogging(b, l.Enabled); err != nil {
				return err
			}
		}
		b.Logging = l.Enabled
		return nil
	})
}

type tagging struct {
	XMLName xml.Name `xml:"Tagging"`
	Tags    []tag    `xml:"TagSet>Tag"`
}

func (c *call) getTagging() (*cloud.Response, error) {
	all := func(b *bucket) []tag { return slices.Concat(b.Tags, b.stackTags) }
	return c.get(func(b *bucket) any { return tagging{Tags: all(b)} },
		absent(func(b *bucket) bool { return len(all(b)) > 0 }, "NoSuchTagSet", "The TagSet does not exist"))
}

func (c *call) putTagging() (*cloud.Response, error) {
	return c.put(http.StatusNoContent, func(b *bucket) error {
		var t tagging
		if err := c.decode(&t); err != nil {
			return err
		}
		// CloudFormation's tags may be repeated, not changed (S3 User Guide, "Using cost allocation
		// S3 bucket tags").
		own := slices.DeleteFunc(t.Tags, func(t tag) bool { return slices.Contains(b.stackTags, t) })
		if err := checkTags(own); err != nil {
			return err
		}
		b.Tags = own
		return nil
	})
}

func (c *call) deleteTagging() (*cloud.Response, error) {
	return c.put(http.StatusNoContent, func(b *bucket) error { b.Tags = nil; return nil })
}

var noPolicy = absent(
	func(b *bucket) bool { return b.policy != "" }, "NoSuchBucketPolicy", "The bucket policy does not exist",
)

func (c *call) getPolicy() (*cloud.Response, error) {
	b, err := c.find()
	if err != nil {
		return nil, err
	}
	if err := noPolicy(b); err != nil {
		return nil, err
	}
	answer := c.empty(http.StatusOK)
	answer.Header.Set("Content-Type", "application/json")
	answer.Body = []byte(b.policy)
	return answer, nil
}

func (c *call) putPolicy() (*cloud.Response, error) {
	return c.put(http.StatusNoContent, func(b *bucket) error { return c.setPolicy(c.r.Caller, b, string(c.r.Body)) })
}

func (c *call) deletePolicy() (*cloud.Response, error) {
	return c.put(http.StatusNoContent, func(b *bucket) error { b.policy = ""; return nil })
}

func (c *call) getPolicyStatus() (*cloud.Response, error) {
	return c.get(func(b *bucket) any {
		doc, err := policydoc.Parse(b.policy, policydoc.Resource)
		return struct {
			XMLName xml.Name `xml:"PolicyStatus"`
			Public  bool     `xml:"IsPublic"`
		}{Public: err == nil && isPublic(doc)}
	}, noPolicy)
}

// getACL answers with the owner's full control and the other grants of the bucket's canned ACL.
func (c *call) getACL() (*cloud.Response, error) {
	type grantee struct {
		Namespace string `xml:"xmlns:xsi,attr"`
		Type      string `xml:"xsi:type,attr"`
		ID        string `xml:",omitempty"`
		URI       string `xml:",omitempty"`
	}
	type grant struct {
		Grantee    grantee
		Permission string
	}
	return c.get(func(b *bucket) any {
		o := ownerOf(b.account)
		const namespace = "http://www.w3.org/2001/XMLSchema-instance"
		grants := []grant{{grantee{Namespace: namespace, Type: "CanonicalUser", ID: o.ID}, "FULL_CONTROL"}}
		for _, g := range grantsOf(b.CannedACL) {
			grants = append(grants, grant{grantee{Namespace: namespace, Type: "Group", URI: g.group}, g.permission})
		}
		return struct {
			XMLName xml.Name `xml:"AccessControlPolicy"`
			Owner   owner
			Grants  []grant `xml:"AccessControlList>Grant"`
		}{Owner: o, Grants: grants}
	}, never)
}

func (c *call) getCors() (*cloud.Response, error) {
	return c.get(func(b *bucket) any { return b.Cors }, absent(func(b *bucket) bool { return b.Cors != nil },
		"NoSuchCORSConfiguration", "The CORS configuration does not exist"))
}

func (c *call) putCors() (*cloud.Response, error) {
	return c.put(http.StatusOK, func(b *bucket) error {
		var v cors
		if err := c.decode(&v); err != nil {
			return err
		}
		if err := v.check(); err != nil {
			return err
		}
		b.Cors = &v
		return nil
	})
}

func (c *call) deleteCors() (*cloud.Response, error) {
	return c.put(http.StatusNoContent, func(b *bucket) error { b.Cors = nil; return nil })
}

func (c *call) getLock() (*cloud.Response, error) {
	return c.get(func(b *bucket) any { return b.Lock }, absent(func(b *bucket) bool { return b.Lock != nil },
		"ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket"))
}

// putLock requires versioning, which then cannot be suspended: S3 API Reference,
// PutObjectLockConfiguration.
func (c *call) putLock() (*cloud.Response, error) {
	return c.put(http.StatusOK, func(b *bucket) error {
		var l objectLock
		if err := c.decode(&l); err != nil {
			return err
		}
		if err := l.check(); err != nil {
			return err
		}
		if b.Versioning.Status != "Enabled" {
			return &cloud.Error{
				Code:    "InvalidBucketState",
				Message: "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
				Status:  http.StatusConflict,
			}
		}
		b.Lock = &l
		return nil
	})
}

type notification struct {
	XMLName     xml.Name  `xml:"NotificationConfiguration"`
	EventBridge *struct{} `xml:"EventBridgeConfiguration"`
	Others      []struct {
		XMLName xml.Name
	} `xml:",any"`
}

func (c *call) getNotification() (*cloud.Response, error) {
	return c.get(func(b *bucket) any {
		n := notification{}
		if b.EventBridge {
			n.EventBridge = &struct{}{}
		}
		return n
	}, never)
}

func (c *call) putNotification() (*cloud.Response, error) {
	return c.put(http.StatusOK, func(b *bucket) error {
		var n notification
		if err := c.decode(&n); err != nil {
			return err
		}
		if len(n.Others) > 0 {
			return cloud.NotModelled("%s of bucket notifications", n.Others[0].XMLName.Local)
		}
		b.EventBridge = n.EventBridge != nil
		return nil
	})
}
