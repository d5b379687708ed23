package s3

import (
	"encoding/xml"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

var regionName = regexp.MustCompile(`^(EU|[a-z]{2}(-[a-z]+)+-[0-9])$`)

// createBucket is CreateBucket. The location must be omitted in us-east-1, and be the region itself
// elsewhere: S3 API Reference, CreateBucket.
func (c *call) createBucket() (*cloud.Response, error) {
	var body struct {
		Location string `xml:"LocationConstraint"`
		Bucket   *struct {
			Type string `xml:"Type"`
		} `xml:"Bucket"`
		Tags []tag `xml:"Tags>Tag"`
	}
	if len(c.r.Body) > 0 {
		if err := c.decode(&body); err != nil {
			return nil, err
		}
	}
	if body.Bucket != nil {
		return nil, cloud.NotModelled("directory buckets")
	}
	region := c.r.Caller.Region
	if region == "us-east-1" && body.Location != "" &&
		(body.Location == region || !regionName.MatchString(body.Location)) {
		// recorded from AWS
		return nil, cloud.Errorf("InvalidLocationConstraint", "The specified location-constraint is not valid")
	}
	if wanted := strings.Replace(body.Location, "EU", "eu-west-1", 1); wanted != region &&
		(wanted != "" || region != "us-east-1") {
		if wanted == "" {
			wanted = "unspecified"
		}
		return nil, cloud.Errorf("IllegalLocationConstraintException",
			"The %s location constraint is incompatible for the region specific endpoint this request was sent to.", wanted)
	}
	header := c.r.HTTP.Header
	if acl := header.Get("X-Amz-Acl"); acl != "" && acl != "private" {
		return nil, cloud.Errorf(
			"InvalidBucketAclWithObjectOwnership",
			"Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
		)
	}
	if err := checkTags(body.Tags); err != nil {
		return nil, err
	}
	if b := c.buckets[c.bucket]; b != nil && b.account == c.r.Caller.Account && b.region == region &&
		region == "us-east-1" {
		// S3 API Reference, CreateBucket: in us-east-1 creating one's own bucket again succeeds.
		answer := c.empty(http.StatusOK)
		answer.Header.Set("Location", "/"+c.bucket)
		return answer, nil
	}
	controls := ownership{Rules: []ownershipRule{{header.Get("X-Amz-Object-Ownership")}}}
	if controls.Rules[0].ObjectOwnership == "" {
		controls.Rules[0].ObjectOwnership = "BucketOwnerEnforced"
	}
	if err := controls.check(); err != nil {
		return nil, cloud.Errorf(
			"InvalidArgument", "Invalid x-amz-object-ownership header: %s", controls.Rules[0].ObjectOwnership,
		)
	}
	b, err := c.create(c.r.Caller, c.bucket, header.Get("X-Amz-Bucket-Namespace"))
	if err != nil {
		return nil, err
	}
	b.Ownership, b.Tags = &controls, body.Tags
	if strings.EqualFold(header.Get("X-Amz-Bucket-Object-Lock-Enabled"), "true") {
		b.Lock, b.Versioning.Status = &objectLock{Enabled: "Enabled"}, "Enabled"
	}
	answer := c.empty(http.StatusOK)
	answer.Header.Set("Location", "/"+c.bucket)
	answer.Header.Set("X-Amz-Bucket-Arn", arnOf(c.bucket))
	return answer, nil
}

func (c *call) deleteBucket() (*cloud.Response, error) {
	b, err := c.find()
	if err != nil {
		return nil, err
	}
	return c.empty(http.StatusNoContent), c.remove(b)
}

func (c *call) headBucket() (*cloud.Response, error) {
	b, err := c.find()
	if err != nil {
		return nil, err
	}
	answer := c.empty(http.StatusOK)
	answer.Header.Set(regionHeader, b.region)
	answer.Header.Set("X-Amz-Bucket-Arn", arnOf(b.name))
	answer.Header.Set("X-Amz-Access-Point-Alias", "false")
	return answer, nil
}

// getLocation answers in every region, and returns nothing for us-east-1: S3 API Reference,
// GetBucketLocation.
func (c *call) getLocation() (*cloud.Response, error) {
	caller := c.r.Caller
	caller.Region = ""
	b, err := c.Service.find(caller, c.bucket)
	if err != nil {
		return nil, err
	}
	location := b.region
	if location == "us-east-1" {
		location = ""
	}
	return c.answer(struct {
		XMLName  xml.Name `xml:"LocationConstraint"`
		Location string   `xml:",chardata"`
	}{Location: location})
}

// listBuckets returns the account's buckets of all regions, or of one: S3 API Reference,
// ListBuckets. Without max-buckets it returns all at once.
func (c *call) listBuckets() (*cloud.Response, error) {
	type entry struct {
		Name         string
		CreationDate string
		BucketRegion string
		BucketArn    string
	}
	limit := len(c.buckets)
	if text := c.query.Get("max-buckets"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 10_000 {
			return nil, cloud.Errorf("InvalidArgument", "Argument max-buckets must be an integer between 1 and 10000")
		}
		limit = n
	}
	if region := c.query.Get("bucket-region"); region != "" && !regionName.MatchString(region) {
		// recorded from AWS
		return nil, cloud.Errorf("InvalidArgument", "Argument value %s is not a valid AWS Region", region)
	}
	result := struct {
		XMLName xml.Name `xml:"ListAllMyBucketsResult"`
		Buckets []entry  `xml:"Buckets>Bucket"`
		Owner   owner
		Token   string `xml:"ContinuationToken,omitempty"`
		Prefix  string `xml:",omitempty"`
	}{Owner: ownerOf(c.r.Caller.Account), Prefix: c.query.Get("prefix")}
	var names []string
	for name, b := range c.buckets {
		region := c.query.Get("bucket-region")
		if b.account == c.r.Caller.Account && (region == "" || region == b.region) &&
			strings.HasPrefix(name, result.Prefix) &&
			name > c.query.Get("continuation-token") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for i, name := range names {
		if i == limit {
			result.Token = names[i-1]
			break
		}
		b := c.buckets[name]
		result.Buckets = append(result.Buckets, entry{name, protocol.Time(b.created), b.region, arnOf(name)})
	}
	return c.answer(result)
}

type owner struct{ ID string }

// ownerOf returns an account's canonical user ID, which has 64 hexadecimal digits.
func ownerOf(account string) owner { return owner{strings.Repeat("0", 64-len(account)) + account} }

func (c *call) decode(into any) error {
	if err := xml.Unmarshal(c.r.Body, into); err != nil {
		return malformedXML()
	}
	return nil
}
