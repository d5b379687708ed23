package s3

import (
	"encoding/xml"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// maxKey is the maximum length of keys in bytes: S3 User Guide, "Naming Amazon S3 objects".
const maxKey = 1024

// maxPut is the maximum size of one request's content: 5 GB (S3 User Guide, "Uploading objects").
// The front door's own limit is lower.
const maxPut = 5 << 30

func failedPrecondition(condition string) error {
	return &cloud.Error{
		Code:    "PreconditionFailed",
		Message: "At least one of the pre-conditions you specified did not hold",
		Status:  http.StatusPreconditionFailed,
		Extra:   map[string]any{"Condition": condition},
	}
}

// mayWrite checks a write's preconditions: S3 User Guide, "How to prevent object overwrites with
// conditional writes".
func (c *call) mayWrite(b *bucket) error {
	current, err := b.version(c.key, "")
	if none := c.r.HTTP.Header.Get("If-None-Match"); none != "" {
		if none != "*" {
			return &cloud.Error{
				Code: "NotImplemented", Message: "A header you provided implies functionality that is not implemented",
				Status: http.StatusNotImplemented,
			}
		}
		if err == nil {
			return failedPrecondition("If-None-Match")
		}
	}
	if match := c.r.HTTP.Header.Get("If-Match"); match != "" {
		if err != nil {
			return err
		}
		if strings.Trim(match, `"`) != strings.Trim(current.etag, `"`) {
			return failedPrecondition("If-Match")
		}
	}
	return nil
}

// draft reads the headers of PutObject and CreateMultipartUpload that describe the future object.
func (c *call) draft(b *bucket) (version, error) {
	in := c.r.HTTP.Header
	v := version{header: make(http.Header), encrypted: encryptionDefault{Algorithm: "AES256"}}
	if len(c.key) > maxKey {
		return v, cloud.Errorf("KeyTooLongError", "Your key is too long")
	}
	if err := checkKey(c.key); err != nil {
		return v, err
	}
	if acl := in.Get("X-Amz-Acl"); acl != "" && acl != "private" && acl != "bucket-owner-full-control" {
		return v, cloud.Errorf("AccessControlListNotSupported", "The bucket does not allow ACLs")
	}
	for _, name := range []string{
		"Content-Type", "Cache-Control", "Content-Disposition", "Content-Language", "Expires",
		"X-Amz-Website-Redirect-Location",
	} {
		if value := in.Get(name); value != "" {
			v.header.Set(name, value)
		}
	}
	encoding := slices.DeleteFunc(
		strings.Split(strings.ReplaceAll(in.Get("Content-Encoding"), " ", ""), ","),
		func(e string) bool { return e == "aws-chunked" || e == "" },
	)
	if len(encoding) > 0 {
		v.header.Set("Content-Encoding", strings.Join(encoding, ","))
	}
	if v.header.Get("Content-Type") == "" {
		v.header.Set("Content-Type", "binary/octet-stream")
	}
	meta := 0
	for name, values := range in {
		if strings.HasPrefix(name, "X-Amz-Meta-") {
			v.header[name] = values
			meta += len(name) - len("X-Amz-Meta-") + len(strings.Join(values, ","))
		}
	}
	if meta > 2048 { // S3 User Guide, "Working with object metadata": 2 KB
		return v, cloud.Errorf("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
	}
	if class := in.Get("X-Amz-Storage-Class"); class != "" && class != "STANDARD" {
		return v, cloud.NotModelled("storage class %s", class)
	}
	if text := in.Get("X-Amz-Tagging"); text != "" {
		values, err := url.ParseQuery(text)
		if err != nil || len(values) > 10 {
			return v, cloud.Errorf(
				"InvalidArgument",
				"The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
			)
		}
		for _, key := range slices.Sorted(maps.Keys(values)) {
			v.tags = append(v.tags, tag{key, values.Get(key)})
		}
	}
	if err := c.encrypt(b, &v); err != nil {
		return v, err
	}
	return v, c.lock(b, &v)
}

// encrypt determines an object's encryption: the request's, else the bucket's default.
func (c *call) encrypt(b *bucket, v *version) error {
	in := c.r.HTTP.Header
	rule := b.Encryption.Rules[0]
	if rule.Default != nil {
		v.encrypted = *rule.Default
	}
	if in.Get("X-Amz-Server-Side-Encryption-Customer-Algorithm") != "" {
		if rule.Blocked != nil && slices.Contains(rule.Blocked.Types, "SSE-C") {
			return &cloud.Error{
				Code:    "AccessDenied",
				Message: "The bucket blocks server-side encryption with customer-provided keys (SSE-C).",
				Status:  http.StatusForbidden,
			}
		}
		return cloud.NotModelled("encryption with customer-provided keys")
	}
	switch algorithm := in.Get("X-Amz-Server-Side-Encryption"); algorithm {
	case "":
	case "AES256":
		v.encrypted = encryptionDefault{Algorithm: algorithm}
	case "aws:kms", "aws:kms:dsse":
		v.encrypted.Algorithm = algorithm
		if key := in.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"); key != "" {
			v.encrypted.Key = key
		}
	default:
		return cloud.Errorf("InvalidArgument", "The encryption method specified is not supported")
	}
	return c.checkKMSKey(b, v.encrypted)
}

// checkKMSKey refuses a key that does not exist in the bucket's region (recorded from AWS:
// LocalStack's test_s3_sse_validate_kms_key). The message is that of KMS.
func (c *call) checkKMSKey(b *bucket, e encryptionDefault) error {
	keys := c.world.EncryptionKeys()
	if keys == nil || e.Key == "" || !strings.HasPrefix(e.Algorithm, "aws:kms") {
		return nil
	}
	caller := c.r.Caller
	caller.Region = b.region
	_, _, err := keys.EncryptionKey(caller, e.Key)
	var refused *cloud.Error
	if errors.As(err, &refused) && refused.Code == "NotFoundException" {
		return cloud.Errorf("KMS.NotFoundException", "%s", refused.Message)
	}
	return nil
}

// lock sets an object's retention: the request's, else the bucket's default. The refusals are
// recorded from AWS (LocalStack's test_s3, TestS3ObjectLockRetention).
func (c *call) lock(b *bucket, v *version) error {
	in := c.r.HTTP.Header
	v.mode = in.Get("X-Amz-Object-Lock-Mode")
	v.retained, _ = time.Parse(time.RFC3339, in.Get("X-Amz-Object-Lock-Retain-Until-Date"))
	v.legalHold = in.Get("X-Amz-Object-Lock-Legal-Hold") == "ON"
	until := in.Get("X-Amz-Object-Lock-Retain-Until-Date")
	switch {
	case (v.mode == "") != (until == ""):
		return cloud.Errorf(
			"InvalidArgument", "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
		)
	case b.Lock == nil && (v.mode != "" || in.Get("X-Amz-Object-Lock-Legal-Hold") != ""):
		return cloud.Errorf("InvalidRequest", "Bucket is missing Object Lock Configuration")
	case v.mode != "" && v.mode != "GOVERNANCE" && v.mode != "COMPLIANCE":
		return cloud.Errorf("InvalidArgument", "Unknown wormMode directive.")
	case v.mode != "" && !v.retained.After(c.world.Now()):
		return cloud.Errorf("InvalidArgument", "The retain until date must be in the future!")
	}
	if v.mode == "" && b.Lock != nil && b.Lock.Rule != nil {
		d := b.Lock.Rule.Default
		v.mode, v.retained = d.Mode, c.world.Now().AddDate(int(d.Years), 0, int(d.Days))
	}
	return nil
}

// add adds a version of a key: a new one while versioning is enabled, else in place of the null
// version.
func (s *Service) add(b *bucket, key string, v *version) {
	v.modified = s.world.Now()
	o := b.keys[key]
	if o == nil {
		o = &object{}
		b.keys[key] = o
	}
	v.id = "null"
	if b.Versioning.Status == "Enabled" {
		v.id = s.world.NewToken(32)
	} else {
		o.versions = slices.DeleteFunc(o.versions, func(old *version) bool { return old.id == "null" })
	}
	o.versions = append(o.versions, v)
}

func (c *call) putObject() (*cloud.Response, error) {
	b, err := c.find()
	if err != nil {
		return nil, err
	}
	v, err := c.draft(b)
	if err != nil {
		return nil, err
	}
	if v.body, v.checksum, err = c.payload(); err != nil {
		return nil, err
	}
	if len(v.body) > maxPut {
		return nil, cloud.Errorf("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
	}
	if err := c.mayWrite(b); err != nil {
		return nil, err
	}
	v.etag = etagOf(v.body)
	c.add(b, c.key, &v)
	answer := c.empty(http.StatusOK)
	describe(b, &v, answer.Header)
	v.checksum.describe(answer.Header)
	return answer, nil
}

// describe sets the headers for the version and its encryption.
func describe(b *bucket, v *version, h http.Header) {
	h.Set("Etag", v.etag)
	if b.Versioning.Status != "" {
		h.Set("X-Amz-Version-Id", v.id)
	}
	h.Set("X-Amz-Server-Side-Encryption", v.encrypted.Algorithm)
	if v.encrypted.Key != "" {
		h.Set("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", v.encrypted.Key)
	}
	if bool(b.Encryption.Rules[0].BucketKey) && v.encrypted.Algorithm == "aws:kms" {
		h.Set("X-Amz-Server-Side-Encryption-Bucket-Key-Enabled", "true")
	}
}

func (s checksum) describe(h http.Header) {
	if s.algorithm != "" {
		h.Set("X-Amz-Checksum-"+s.algorithm, s.value)
		h.Set("X-Amz-Checksum-Type", "FULL_OBJECT")
	}
}

// getObject is GetObject and HeadObject.
func (c *call) getObject() (*cloud.Response, error) {
	b, err := c.find()
	if err != nil {
		return nil, err
	}
	if c.query.Get("partNumber") != "" {
		return nil, cloud.NotModelled("reading parts of objects")
	}
	v, err := b.version(c.key, c.query.Get("versionId"))
	if err != nil {
		return nil, err
	}
	if v.marker {
		return nil, &cloud.Error{
			Code: "MethodNotAllowed", Message: "The specified method is not allowed against this resource.",
			Status: http.StatusMethodNotAllowed,
		}
	}
	in := c.r.HTTP.Header
	if match := in.Get("If-Match"); match != "" && match != "*" && strings.Trim(match, `"`) != strings.Trim(v.etag, `"`) {
		return nil, failedPrecondition("If-Match")
	}
	if none := in.Get("If-None-Match"); none == "*" || none != "" && strings.Trim(none, `"`) == strings.Trim(v.etag, `"`) {
		return nil, &cloud.Error{Code: "NotModified", Message: "Not Modified", Status: http.StatusNotModified}
	}
	answer := c.empty(http.StatusOK)
	for name, values := range v.header {
		answer.Header[name] = values
	}
	describe(b, v, answer.Header)
	answer.Header.Set("Last-Modified", v.modified.Format(http.TimeFormat))
	answer.Header.Set("Accept-Ranges", "bytes")
	if len(v.tags) > 0 {
		answer.Header.Set("X-Amz-Tagging-Count", strconv.Itoa(len(v.tags)))
	}
	if v.mode != "" {
		answer.Header.Set("X-Amz-Object-Lock-Mode", v.mode)
		answer.Header.Set("X-Amz-Object-Lock-Retain-Until-Date", v.retained.UTC().Format(time.RFC3339))
	}
	answer.Body = v.body
	if asked := in.Get("Range"); asked != "" {
		from, to, err := byteRange(asked, len(v.body))
		if err != nil {
			return nil, err
		}
		if to > 0 {
			answer.Status, answer.Body = http.StatusPartialContent, v.body[from:to]
			answer.Header.Set("Content-Range", "bytes "+strconv.Itoa(from)+"-"+strconv.Itoa(to-1)+"/"+strconv.Itoa(len(v.body)))
		}
	}
	if answer.Status == http.StatusOK && strings.EqualFold(in.Get("X-Amz-Checksum-Mode"), "ENABLED") {
		v.checksum.describe(answer.Header)
	}
	answer.Header.Set("Content-Length", strconv.Itoa(len(answer.Body)))
	if c.r.HTTP.Method == http.MethodHead {
		answer.Body = nil
	}
	return answer, nil
}

// byteRange parses "bytes=FROM-TO", "bytes=FROM-" and "bytes=-LAST". A header of another form is
// ignored (to is 0), as in RFC 9110; a range outside of the object is refused.
func byteRange(asked string, size int) (from, to int, err error) {
	first, last, ok := strings.Cut(strings.TrimPrefix(asked, "bytes="), "-")
	if !ok || !strings.HasPrefix(asked, "bytes=") {
		return 0, 0, nil
	}
	number := func(text string) (n int, ok bool) {
		n, err := strconv.Atoi(text)
		return n, err == nil
	}
	begin, begins := number(first)
	end, ends := number(last)
	switch {
	case first == "" && ends:
		from, to = max(0, size-end), size
	case !begins, ends && end < begin:
		return 0, 0, nil // no range at all: ignored (RFC 9110, 14.1.1)
	case ends:
		from, to = begin, min(size, end+1)
	default:
		from, to = begin, size
	}
	if from >= to {
		return 0, 0, &cloud.Error{
			Code: "InvalidRange", Message: "The requested range is not satisfiable",
			Status: http.StatusRequestedRangeNotSatisfiable,
		}
	}
	return from, to, nil
}

// erase deletes an object or one of its versions: S3 User Guide, "Deleting object versions from a
// versioning-enabled bucket". It returns the version or marker for the answer, nil for none.
func (s *Service) erase(b *bucket, key, id string, bypass bool) (*version, error) {
	o := b.keys[key]
	if id != "" && id != "null" && b.Versioning.Status == "" {
		return nil, cloud.Errorf("InvalidArgument", "Invalid version id specified") // recorded from AWS
	}
	if id == "" {
		if b.Versioning.Status == "" {
			delete(b.keys, key)
			return nil, nil
		}
		marker := &version{marker: true}
		s.add(b, key, marker)
		return marker, nil
	}
	if o == nil {
		return &version{id: id}, nil
	}
	i := slices.IndexFunc(o.versions, func(v *version) bool { return v.id == id })
	if i < 0 {
		return &version{id: id}, nil
	}
	v := o.versions[i]
	held := s.world.Now().Before(v.retained) && (v.mode == "COMPLIANCE" || v.mode == "GOVERNANCE" && !bypass)
	if held || v.legalHold {
		return nil, &cloud.Error{
			Code: "AccessDenied", Message: "Access Denied because object protected by object lock.",
			Status: http.StatusForbidden,
		}
	}
	o.versions = slices.Delete(o.versions, i, i+1)
	if len(o.versions) == 0 {
		delete(b.keys, key)
	}
	return v, nil
}

// bypass reports whether a deletion bypasses the mode GOVERNANCE. A bucket without object lock
// refuses the header (recorded from AWS).
func (c *call) bypass(b *bucket) (bool, error) {
	header := c.r.HTTP.Header.Get("X-Amz-Bypass-Governance-Retention")
	if header != "" && b.Lock == nil {
		return false, cloud.Errorf(
			"InvalidArgument", "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.",
		)
	}
	return strings.EqualFold(header, "true"), nil
}

func (c *call) deleteObject() (*cloud.Response, error) {
	b, err := c.find()
	if err != nil {
		return nil, err
	}
	bypass, err := c.bypass(b)
	if err != nil {
		return nil, err
	}
	v, err := c.erase(b, c.key, c.query.Get("versionId"), bypass)
	if err != nil {
		return nil, err
	}
	answer := c.empty(http.StatusNoContent)
	if v != nil {
		answer.Header.Set("X-Amz-Version-Id", v.id)
		if v.marker {
			answer.Header.Set("X-Amz-Delete-Marker", "true")
		}
	}
	return answer, nil
}

// deleteObjects deletes up to 1,000 objects or versions independently.
func (c *call) deleteObjects() (*cloud.Response, error) {
	b, err := c.find()
	if err != nil {
		return nil, err
	}
	bypass, err := c.bypass(b)
	if err != nil {
		return nil, err
	}
	body, _, err := c.payload()
	if err != nil {
		return nil, err
	}
	var asked struct {
		XMLName xml.Name `xml:"Delete"`
		Quiet   bool     `xml:"Quiet"`
		Objects []struct {
			Key       string `xml:"Key"`
			VersionID string `xml:"VersionId"`
		} `xml:"Object"`
	}
	if err := xml.Unmarshal(body, &asked); err != nil || len(asked.Objects) == 0 || len(asked.Objects) > 1000 {
		return nil, malformedXML()
	}
	type deleted struct {
		Key             string
		VersionID       string `xml:"VersionId,omitempty"`
		Marker          bool   `xml:"DeleteMarker,omitempty"`
		MarkerVersionID string `xml:"DeleteMarkerVersionId,omitempty"`
	}
	type failure struct{ Key, VersionId, Code, Message string }
	result := struct {
		XMLName xml.Name  `xml:"DeleteResult"`
		Deleted []deleted `xml:"Deleted"`
		Errors  []failure `xml:"Error"`
	}{}
	for _, one := range asked.Objects {
		v, err := c.erase(b, one.Key, one.VersionID, bypass)
		if err != nil {
			e := err.(*cloud.Error) //nolint:errorlint,forcetypeassert // erase gives no other
			result.Errors = append(result.Errors, failure{one.Key, one.VersionID, e.Code, e.Message})
			continue
		}
		d := deleted{Key: one.Key, VersionID: one.VersionID}
		if v != nil && v.marker {
			d.Marker, d.MarkerVersionID = true, v.id
		}
		if !asked.Quiet {
			result.Deleted = append(result.Deleted, d)
		}
	}
	return c.answer(result)
}
