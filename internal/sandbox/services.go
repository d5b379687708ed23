package sandbox

import (
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/acm"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/apigateway"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloudcontrol"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloudformation"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloudwatch"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/dynamodb"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/events"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/kms"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/lambda"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/logs"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/s3"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/s3control"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/secretsmanager"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/sns"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/sqs"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/ssm"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/sts"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/transfer"
)

// addServices creates the services, which register themselves with the world, by their signing
// names. S3 control shares that of S3.
func (s *Sandbox) addServices() {
	s.sts = sts.New(s.world)
	s.sns = sns.New(s.world)
	s.bus = events.New(s.world)
	locked := func(f func()) {
		s.world.Lock()
		defer s.unlock()
		f()
	}
	s.gateway = apigateway.New(s.world, locked)
	s.lambda = lambda.New(s.world, locked)
	s.services["lambda"] = s.lambda
	s.services["execute-api"] = s.gateway
	s.services["apigateway"] = s.gateway.Control()
	s.services["acm"] = acm.New(s.gateway.CertificateNames)
	s.services["cloudformation"] = cloudformation.New(s.world)
	s.services["cloudcontrolapi"] = cloudcontrol.New(s.world)
	s.services["dynamodb"] = dynamodb.New(s.world)
	s.iam, s.kms, s.secrets = iam.New(s.world), kms.New(s.world), secretsmanager.New(s.world)
	s.services["iam"] = s.iam
	s.services["kms"] = s.kms
	s.services["logs"] = logs.New(s.world)
	s.services["s3"] = s3.New(s.world)
	s.services["s3control"] = s3control.New()
	s.services["secretsmanager"] = s.secrets
	s.world.Permit, s.world.RoleMay, s.world.RoleTrusts = s.permitStep, s.roleMay, s.roleTrusts
	s.services["monitoring"] = cloudwatch.New(s.world) // CloudWatch's signing name
	s.services["sns"] = s.sns
	s.services["sqs"] = sqs.New(s.world)
	s.services["ssm"] = ssm.New(s.world)
	s.services["sts"] = s.sts
	s.services["transfer"] = transfer.New(s.world)
}
