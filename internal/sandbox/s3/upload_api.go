package s3

import (
	"cmp"
	"crypto/md5" //nolint:gosec // ETags are MD5
	"encoding/hex"
	"encoding/xml"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

// Limits of S3 User Guide, "Amazon S3 multipart upload limits".
const (
	maxParts = 10_000
	minPart  = 5 << 20 // bytes, except the last part
)

func (c *call) createUpload() (*cloud.Response, error) {
	b, err := c.find()
	if err != nil {
		return nil, err
	}
	draft, err := c.draft(b)
	if err != nil {
		return nil, err
	}
	u := &upload{id: c.world.NewToken(64), key: c.key, initiated: c.world.Now(), draft: draft, parts: make(map[int]*part)}
	b.uploads[u.id] = u
	return c.answer(struct {
		XMLName               xml.Name `xml:"InitiateMultipartUploadResult"`
		Bucket, Key, UploadId string
	}{Bucket: b.name, Key: c.key, UploadId: u.id})
}

func (c *call) upload() (*bucket, *upload, error) {
	b, err := c.find()
	if err != nil {
		return nil, nil, err
	}
	id := c.query.Get("uploadId")
	if u := b.uploads[id]; u != nil && u.key == c.key {
		return b, u, nil
	}
	return nil, nil, &cloud.Error{
		Code:    "NoSuchUpload",
		Status:  http.StatusNotFound,
		Extra:   map[string]any{"UploadId": id},
		Message: "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
	}
}

func (c *call) uploadPart() (*cloud.Response, error) {
	_, u, err := c.upload()
	if err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(c.query.Get("partNumber"))
	if err != nil || number < 1 || number > maxParts {
		return nil, cloud.Errorf("InvalidArgument", "Part number must be an integer between 1 and %d, inclusive", maxParts)
	}
	p := &part{modified: c.world.Now()}
	if p.body, p.checksum, err = c.payload(); err != nil {
		return nil, err
	}
	p.etag = etagOf(p.body)
	u.parts[number] = p
	answer := c.empty(http.StatusOK)
	answer.Header.Set("Etag", p.etag)
	answer.Header.Set("X-Amz-Checksum-"+p.checksum.algorithm, p.checksum.value)
	return answer, nil
}

// completeUpload joins the named parts, in the order of their numbers.
func (c *call) completeUpload() (*cloud.Response, error) {
	b, u, err := c.upload()
	if err != nil {
		return nil, err
	}
	var asked struct {
		XMLName xml.Name `xml:"CompleteMultipartUpload"`
		Parts   []struct {
			Number int    `xml:"PartNumber"`
			ETag   string `xml:"ETag"`
		} `xml:"Part"`
	}
	if err := c.decode(&asked); err != nil {
		return nil, err
	}
	if len(asked.Parts) == 0 {
		return nil, malformedXML()
	}
	for i := range asked.Parts[1:] {
		if asked.Parts[i+1].Number <= asked.Parts[i].Number {
			return nil, cloud.Errorf(
				"InvalidPartOrder",
				"The list of parts was not in ascending order. Parts must be ordered by part number.",
			)
		}
	}
	v := u.draft
	sums := md5.New() //nolint:gosec // as S3 has it
	for i, one := range asked.Parts {
		p := u.parts[one.Number]
		if p == nil || strings.Trim(p.etag, `"`) != strings.Trim(one.ETag, `"`) {
			return nil, cloud.Errorf(
				"InvalidPart",
				"One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
			)
		}
		if i < len(asked.Parts)-1 && len(p.body) < minPart {
			return nil, cloud.Errorf("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
		}
		sum, err := hex.DecodeString(strings.Trim(p.etag, `"`))
		if err != nil {
			panic("sandbox: an ETag of a part is no MD5: " + p.etag)
		}
		sums.Write(sum)
		v.body = append(v.body, p.body...)
	}
	if err := c.mayComplete(b, u); err != nil {
		return nil, err
	}
	v.etag = `"` + hex.EncodeToString(sums.Sum(nil)) + "-" + strconv.Itoa(len(asked.Parts)) + `"`
	v.checksum = checksum{"CRC64NVME", checksumOf("CRC64NVME", v.body)}
	delete(b.uploads, u.id)
	c.add(b, c.key, &v)
	answer, err := c.answer(struct {
		XMLName           xml.Name `xml:"CompleteMultipartUploadResult"`
		Location          string
		Bucket, Key, ETag string
	}{Location: c.r.Endpoint + "/" + b.name + "/" + c.key, Bucket: b.name, Key: c.key, ETag: v.etag})
	if err != nil {
		return nil, err
	}
	describe(b, &v, answer.Header)
	return answer, nil
}

// mayComplete checks the preconditions of a completion: those of a write. If-Match also fails if
// the key was written after the upload began (recorded from AWS: LocalStack's test_s3_api).
func (c *call) mayComplete(b *bucket, u *upload) error {
	if current, err := b.version(c.key, ""); err == nil && c.r.HTTP.Header.Get("If-Match") != "" &&
		current.modified.After(u.initiated) {
		return &cloud.Error{
			Code: "ConditionalRequestConflict", Status: http.StatusConflict,
			Message: "The conditional request cannot succeed due to a conflicting operation against this resource.",
		}
	}
	return c.mayWrite(b)
}

func (c *call) abortUpload() (*cloud.Response, error) {
	b, u, err := c.upload()
	if err != nil {
		return nil, err
	}
	delete(b.uploads, u.id)
	return c.empty(http.StatusNoContent), nil
}

func (c *call) listParts() (*cloud.Response, error) {
	b, u, err := c.upload()
	if err != nil {
		return nil, err
	}
	n, err := c.limit("max-parts")
	if err != nil {
		return nil, err
	}
	after, _ := strconv.Atoi(c.query.Get("part-number-marker")) // missing is 0
	type line struct {
		PartNumber         int
		LastModified, ETag string
		Size               int
	}
	result := struct {
		XMLName               xml.Name `xml:"ListPartsResult"`
		Bucket, Key, UploadId string
		PartNumberMarker      int
		NextPartNumberMarker  int
		MaxParts              int
		IsTruncated           bool
		Parts                 []line `xml:"Part"`
		Initiator, Owner      owner
		StorageClass          string
	}{
		Bucket: b.name, Key: u.key, UploadId: u.id, PartNumberMarker: after, MaxParts: n, StorageClass: "STANDARD",
		Initiator: ownerOf(b.account), Owner: ownerOf(b.account),
	}
	var numbers []int
	for number := range u.parts {
		if number > after {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	for _, number := range numbers {
		if len(result.Parts) == n {
			result.IsTruncated = true
			break
		}
		p := u.parts[number]
		result.Parts = append(result.Parts, line{number, protocol.Time(p.modified), p.etag, len(p.body)})
		result.NextPartNumberMarker = number
	}
	return c.answer(result)
}

// listUploads returns the uploads in progress by key and, for one key, by start time.
func (c *call) listUploads() (*cloud.Response, error) {
	b, err := c.find()
	if err != nil {
		return nil, err
	}
	if c.query.Get("delimiter") != "" {
		return nil, cloud.NotModelled("a delimiter for ListMultipartUploads")
	}
	n, err := c.limit("max-uploads")
	if err != nil {
		return nil, err
	}
	var all []*upload
	for _, u := range b.uploads {
		if strings.HasPrefix(u.key, c.query.Get("prefix")) {
			all = append(all, u)
		}
	}
	slices.SortFunc(all, func(x, y *upload) int {
		return cmp.Or(strings.Compare(x.key, y.key), x.initiated.Compare(y.initiated), strings.Compare(x.id, y.id))
	})
	afterKey, afterID := c.query.Get("key-marker"), c.query.Get("upload-id-marker")
	if u := b.uploads[afterID]; u != nil && u.key != afterKey {
		return nil, cloud.Errorf("InvalidArgument", "Invalid uploadId marker") // recorded from AWS
	}
	if i := slices.IndexFunc(all, func(u *upload) bool { return u.key == afterKey && u.id == afterID }); i >= 0 {
		all = all[i+1:]
	} else {
		all = slices.DeleteFunc(all, func(u *upload) bool { return afterKey != "" && u.key <= afterKey })
	}
	type line struct {
		Key, UploadId    string
		Initiator, Owner owner
		StorageClass     string
		Initiated        string
	}
	result := struct {
		XMLName            xml.Name `xml:"ListMultipartUploadsResult"`
		Bucket             string
		KeyMarker          string
		UploadIdMarker     string
		NextKeyMarker      string `xml:",omitempty"`
		NextUploadIdMarker string `xml:",omitempty"`
		Prefix             string
		MaxUploads         int
		IsTruncated        bool
		Uploads            []line `xml:"Upload"`
	}{Bucket: b.name, KeyMarker: afterKey, UploadIdMarker: afterID, Prefix: c.query.Get("prefix"), MaxUploads: n}
	for i, u := range all {
		if i == n {
			result.IsTruncated = n > 0
			break
		}
		o := ownerOf(b.account)
		result.Uploads = append(result.Uploads, line{c.encode(u.key), u.id, o, o, "STANDARD", protocol.Time(u.initiated)})
		result.NextKeyMarker, result.NextUploadIdMarker = c.encode(u.key), u.id
	}
	return c.answer(result)
}
