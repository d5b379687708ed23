// Package acm simulates AWS Certificate Manager: DescribeCertificate. Certificates are not
// requested there; the sandbox's owner adds them (apigateway.Service.AddCertificate).
package acm
