package s3

import (
	"encoding/xml"
	"net/http"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// payment says who pays for requests: BucketOwner or Requester (S3 API Reference,
// PutBucketRequestPayment). AWS::S3::Bucket has no property for it.
type payment struct {
	XMLName xml.Name `xml:"RequestPaymentConfiguration"`
	Payer   string   `xml:"Payer"`
}

const bucketOwnerPays = "BucketOwner"

func (c *call) getPayment() (*cloud.Response, error) {
	return c.get(func(b *bucket) any {
		if b.payer == "" {
			return payment{Payer: bucketOwnerPays}
		}
		return payment{Payer: b.payer}
	}, never)
}

func (c *call) putPayment() (*cloud.Response, error) {
	return c.put(http.StatusOK, func(b *bucket) error {
		var p payment
		if err := c.decode(&p); err != nil {
			return err
		}
		if p.Payer != bucketOwnerPays && p.Payer != "Requester" {
			return cloud.Errorf(
				"MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema",
			)
		}
		b.payer = p.Payer
		return nil
	})
}
