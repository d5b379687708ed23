package apigateway

import (
	"regexp"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/properties"
)

// domainName is a custom domain.
type domainName struct {
	name, regional, zone string
	tags                 map[string]string
	mappings             map[string]*mapping // by ID
}

// domainNameType is AWS::ApiGatewayV2::DomainName: Ref gives the name.
type domainNameType struct{ s *Service }

type domainNameProperties struct {
	DomainName               string
	DomainNameConfigurations []struct{ CertificateArn, EndpointType, SecurityPolicy string }
	Tags                     map[string]string
}

var (
	domains      = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$`)
	certificates = regexp.MustCompile(`^arn:aws:acm:([a-z0-9-]+):([0-9]{12}):certificate/[A-Za-z0-9-]+$`)
)

// AddCertificate adds an issued certificate of AWS Certificate Manager for some domain names. A name
// *.DOMAIN covers one label.
func (s *Service) AddCertificate(arn string, names ...string) {
	s.locked(func() { s.certificates[arn] = names })
}

// CertificateNames returns the domain names of a certificate; nil for none. The caller holds the
// world's lock.
func (s *Service) CertificateNames(arn string) []string { return s.certificates[arn] }

// covers reports whether a certificate's name covers a domain.
func covers(name, domain string) bool {
	_, parent, _ := strings.Cut(domain, ".")
	return name == domain || name == "*."+parent
}

// Schema is that of the CloudFormation registry's aws-apigatewayv2-domainname, as far as modelled.
func (domainNameType) Schema() *cloud.TypeSchema {
	return &cloud.TypeSchema{
		Properties: map[string]cloud.Property{
			"DomainName":               {Kind: cloud.KindString, CreateOnly: true},
			"DomainNameConfigurations": {Kind: cloud.KindList},
			"Tags":                     {Kind: cloud.KindMap},
		},
		Required: []string{"DomainName"}, PrimaryID: []string{"DomainName"},
		Attributes: []string{"RegionalDomainName", "RegionalHostedZoneId", "DomainNameArn"}, Tags: true,
	}
}

// decode reads and checks the properties of a domain. The refusals of certificates in other regions
// and accounts, and of other endpoints, were published by users of AWS; the others' texts are from
// memory.
func (t domainNameType) decode(c cloud.Caller, desired map[string]any) (*domainNameProperties, error) {
	p := new(domainNameProperties)
	if err := properties.Decode(desired, p); err != nil {
		return nil, err
	}
	if !domains.MatchString(p.DomainName) {
		return nil, badRequest("The domain name %q is not valid", p.DomainName)
	}
	if len(p.DomainNameConfigurations) != 1 {
		return nil, badRequest("A domain name needs exactly one configuration")
	}
	configuration := p.DomainNameConfigurations[0]
	if configuration.EndpointType != "REGIONAL" || configuration.SecurityPolicy != "TLS_1_2" {
		return nil, badRequest("Only REGIONAL domain names with a security policy of TLS 1.2 can be managed through the " +
			"API Gateway V2 API. For EDGE or TLS 1.0 domain names, please use the API Gateway V1 API.")
	}
	arn := configuration.CertificateArn
	found := certificates.FindStringSubmatch(arn)
	switch {
	case found == nil:
		return nil, badRequest("Invalid certificate ARN: %s", arn)
	case found[1] != c.Region:
		return nil, badRequest("Invalid certificate ARN: %s. Certificate must be in '%s'.", arn, c.Region)
	case found[2] != c.Account:
		return nil, badRequest("The certificate provided must be owned by the account creating the domain.")
	case t.s.certificates[arn] == nil:
		return nil, badRequest("The provided certificate does not exist.")
	}
	for _, name := range t.s.certificates[arn] {
		if covers(name, p.DomainName) {
			return p, nil
		}
	}
	return nil, badRequest("The domain name to be created is not covered by the provided certificate.")
}

// Create creates a domain without mappings. Names are unique among all accounts of a region.
func (t domainNameType) Create(c cloud.Caller, r cloud.ResourceRequest) (cloud.Resource, error) {
	p, err := t.decode(c, r.Properties)
	if err != nil {
		return cloud.Resource{}, err
	}
	for at, others := range t.s.settled {
		if at.region == c.Region && others.domains[p.DomainName] != nil {
			return cloud.Resource{}, badRequest("The domain name you provided already exists.")
		}
	}
	made := &domainName{
		name: p.DomainName, regional: "d-" + t.s.newID(10) + ".execute-api." + c.Region + ".amazonaws.com",
		zone: "Z" + t.s.world.NewToken(13), tags: taggedWith(r.Tags, p.Tags), mappings: map[string]*mapping{},
	}
	t.s.at(placeOf(c)).domains[made.name] = made
	return made.resource(c), nil
}

func (d *domainName) resource(c cloud.Caller) cloud.Resource {
	return cloud.Resource{PhysicalID: d.name, Attributes: map[string]any{
		"RegionalDomainName": d.regional, "RegionalHostedZoneId": d.zone,
		"DomainNameArn": "arn:aws:apigateway:" + c.Region + "::/domainnames/" + d.name,
	}}
}

// Update changes a domain in place.
func (t domainNameType) Update(c cloud.Caller, physicalID string, old, desired map[string]any) (cloud.Resource, error) {
	p, err := t.decode(c, desired)
	if err != nil {
		return cloud.Resource{}, err
	}
	var before domainNameProperties
	if err := properties.Decode(old, &before); err != nil {
		return cloud.Resource{}, err
	}
	found := t.s.at(placeOf(c)).domains[physicalID]
	if found == nil {
		return cloud.Resource{}, notFound("Invalid domain name identifier specified")
	}
	retag(found.tags, before.Tags, p.Tags)
	return found.resource(c), nil
}

// Delete removes a domain with its mappings.
func (t domainNameType) Delete(c cloud.Caller, physicalID string, _ map[string]any) error {
	delete(t.s.at(placeOf(c)).domains, physicalID)
	t.s.mapHost(physicalID, "")
	return nil
}

// Exists finds a domain by its name.
func (t domainNameType) Exists(c cloud.Caller, p map[string]any) (string, bool) {
	name, _ := p["DomainName"].(string)
	return name, t.s.at(placeOf(c)).domains[name] != nil
}
