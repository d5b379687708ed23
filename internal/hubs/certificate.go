package hubs

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/stowage/terraform-provider-stowage/internal/hub"
)

// checkDomains refuses custom domains whose certificates cannot be used. before are the settings
// with which the hub is deployed; nil for none.
func (d *deployment) checkDomains(ctx context.Context, live, before *hub.Live) error {
	if before == nil {
		before = &hub.Live{}
	}
	if err := d.checkDomain(ctx, "live.board_domain", live.BoardDomain, before.BoardDomain); err != nil {
		return err
	}
	return d.checkDomain(ctx, "live.websocket_domain", live.WebSocketDomain, before.WebSocketDomain)
}

func (d *deployment) checkDomain(ctx context.Context, attribute string, domain, before *hub.Domain) error {
	if domain == nil || before != nil && *domain == *before {
		return nil
	}
	refuse := func(cause, remedy string) error {
		return &PrerequisiteError{Attribute: attribute + ".certificate_arn", Cause: cause, Remedy: remedy}
	}
	arn := domain.CertificateARN
	out, err := d.account.ACM.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: aws.String(arn)})
	switch {
	case code(err) == "ResourceNotFoundException":
		return refuse(fmt.Sprintf("The ACM certificate %s does not exist.", arn),
			fmt.Sprintf("Request a certificate for %s in %s.", domain.Name, d.at.Region))
	case err != nil:
		return fmt.Errorf("reading the ACM certificate %s: %w", arn, err)
	case out.Certificate.Status != types.CertificateStatusIssued:
		return refuse(fmt.Sprintf("The ACM certificate %s has the status %s.", arn, out.Certificate.Status),
			"Use a certificate that is issued: complete its validation first.")
	case !covers(out.Certificate, domain.Name):
		return refuse(fmt.Sprintf("The ACM certificate %s is not for %s.", arn, domain.Name),
			"Use a certificate for the domain's name.")
	}
	return nil
}

// covers reports whether a certificate is for a name. A wildcard stands for one label.
func covers(certificate *types.CertificateDetail, name string) bool {
	_, parent, _ := strings.Cut(name, ".")
	for _, subject := range append(certificate.SubjectAlternativeNames, aws.ToString(certificate.DomainName)) {
		if strings.EqualFold(subject, name) || strings.EqualFold(subject, "*."+parent) {
			return true
		}
	}
	return false
}
