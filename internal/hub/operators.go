package hub

import (
	"slices"
	"strings"
)

const (
	operatorID = "Operator"
	plannerID  = "Planner"
)

// idp is a provider of OIDC tokens for Terraform runs.
type idp struct {
	logicalID, host, audience string
	apply, plan               []string // patterns of subjects
}

// operators adds the roles of those who run Terraform, and the OIDC providers that are missing.
func (c roleCompiler) operators() {
	if !c.Operators.Any() {
		return
	}
	providers := c.identityProviders()
	for _, p := range providers {
		if !slices.Contains(c.shared.OIDCProviders, p.host) {
			c.add(p.logicalID, resource{Type: "AWS::IAM::OIDCProvider", Properties: object{
				"Url": "https://" + p.host, "ClientIdList": list{p.audience}, "Tags": c.tagList(),
			}}.retained())
		}
	}
	c.role(operatorID, "Operator", "Applies the projects of the hub "+c.Name, providers,
		func(p idp) []string { return p.apply }, c.operatorRights())
	c.role(plannerID, "Planner", "Plans the projects of the hub "+c.Name, providers,
		func(p idp) []string { return p.plan }, c.plannerRights())
}

// role adds a role for the subjects of some providers and for the configured principals.
func (c roleCompiler) role(
	logicalID, kind, description string, providers []idp, subjects func(idp) []string, rights []object,
) {
	var trust []object
	var after []string
	for _, p := range providers {
		if _, made := c.resources[p.logicalID]; made {
			after = append(after, p.logicalID)
		}
		trust = append(trust, object{
			"Sid": p.logicalID, "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
			"Principal": object{"Federated": "arn:" + c.Partition + ":iam::" + c.AccountID + ":oidc-provider/" + p.host},
			"Condition": object{
				"StringEquals": object{p.host + ":aud": p.audience},
				"StringLike":   object{p.host + ":sub": subjects(p)},
			},
		})
	}
	if len(c.Operators.Principals) > 0 {
		trust = append(trust, object{
			"Sid": "Principals", "Effect": "Allow", "Principal": object{"AWS": c.Operators.Principals},
			"Action": list{"sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"},
		})
	}
	c.add(logicalID, resource{Type: "AWS::IAM::Role", DependsOn: after, Properties: object{
		"RoleName":                 roleName(kind, c.Name, c.Place),
		"Description":              description,
		"AssumeRolePolicyDocument": policy(trust...),
		"Policies":                 list{object{"PolicyName": kind, "PolicyDocument": policy(rights...)}},
		"Tags":                     c.tagList(),
	}})
}

// identityProviders returns the providers of the settings. Every pattern of a subject names the
// organization or the owner in full.
func (c roleCompiler) identityProviders() []idp {
	var providers []idp
	if hcp := c.Operators.HCPTerraform; hcp != nil {
		p := idp{logicalID: "HCPTerraform", host: "app.terraform.io", audience: "aws.workload.identity"}
		for _, workspace := range hcp.Workspaces {
			subject := "organization:" + hcp.Organization + ":project:*:workspace:" + workspace + ":run_phase:"
			p.apply = append(p.apply, subject+"*")
			p.plan = append(p.plan, subject+"plan")
		}
		providers = append(providers, p)
	}
	if github := c.Operators.GitHubActions; github != nil {
		p := idp{logicalID: "GitHubActions", host: "token.actions.githubusercontent.com", audience: "sts.amazonaws.com"}
		for _, repository := range github.Repositories {
			p.apply = append(p.apply, "repo:"+repository+":environment:*", "repo:"+repository+":ref:*")
			p.plan = append(p.plan, "repo:"+repository+":*")
		}
		providers = append(providers, p)
	}
	return providers
}

// plannerRights are the statements of StowagePlanner: those of a plan, which changes nothing.
func (c roleCompiler) plannerRights() []object {
	return []object{
		c.readsParameter(),
		allow("Table", c.tableARN(), "dynamodb:Query"),
		allow("Directory", c.directoryARN(), "cloudformation:DescribeStacks", "cloudformation:GetTemplate"),
		c.assumes(readerRole),
	}
}

// operatorRights are the statements of StowageOperator. CloudFormation uses those on the directory's
// parameters.
func (c roleCompiler) operatorRights() []object {
	parameters := allow("DirectoryEntries", c.arn("ssm", "parameter/stowage/directory/*"),
		"ssm:AddTagsToResource", "ssm:DeleteParameter", "ssm:GetParameters", "ssm:ListTagsForResource", "ssm:PutParameter",
		"ssm:RemoveTagsFromResource")
	parameters["Condition"] = object{"ForAnyValue:StringEquals": object{"aws:CalledVia": "cloudformation.amazonaws.com"}}
	rights := []object{
		c.readsParameter(),
		allow("Table", c.tableARN(),
			"dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query",
			"dynamodb:UpdateItem"),
		allow("Directory", c.directoryARN(), strings.Fields(
			`cloudformation:ContinueUpdateRollback cloudformation:CreateChangeSet cloudformation:DeleteChangeSet
			cloudformation:DeleteStack cloudformation:DescribeChangeSet cloudformation:DescribeStackEvents
			cloudformation:DescribeStacks cloudformation:ExecuteChangeSet cloudformation:GetTemplate
			cloudformation:ListChangeSets cloudformation:ListStackResources cloudformation:SetStackPolicy
			cloudformation:UpdateTerminationProtection`)...),
		allow("DirectoryEvents", list{c.directoryARN(), c.arn("cloudformation", "changeSet/*")},
			"cloudformation:DescribeEvents"),
		parameters,
		allow("Templates", "arn:"+c.Partition+":s3:::"+ArtifactBucket(c.Name, c.Place)+"/templates/*",
			"s3:GetObject", "s3:PutObject"),
		c.assumes(provisionerRole, readerRole),
	}
	if c.Live != nil {
		rights = append(rights, c.sends())
	}
	return rights
}
