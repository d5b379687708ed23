package awsclient

// EndpointServices lists the names that Config.Endpoints knows.
var EndpointServices = []string{
	"apigatewaymanagementapi", "cloudformation", "dynamodb", "iam", "kms", "s3", "secretsmanager", "ssm", "sso", "sts",
}

// endpoint is the address that replaces a service's own, or nil: then AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE> and the shared
// configuration decide, which the SDK reads itself.
func (c *Config) endpoint(service string) *string {
	if url := c.Endpoints[service]; url != "" {
		return &url
	}
	return nil
}
