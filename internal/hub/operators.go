package hub

import (
	"slices"
	"strings"
)

const (
	operatorID = "Operator"
	plannerID  = "Planner"
)

// IdentityProvider is a provider of OIDC tokens for Terraform runs.
type IdentityProvider struct {
	// LogicalID is the logical ID of its resource, if the hub's stack makes it.
	LogicalID      string
	Host, Audience string
	// Attribute is the setting that needs it.
	Attribute   string
	apply, plan []string // patterns of subjects
}

// operators adds the roles of those who run Terraform, and the OIDC providers that are missing.
func (c roleCompiler) operators() {
	if !c.Operators.Any() {
		return
	}
	providers := c.IdentityProviders()
	for _, p := range providers {
		if !slices.Contains(c.shared.OIDCProviders, p.Host) {
			c.add(p.LogicalID, resource{Type: "AWS::IAM::OIDCProvider", Properties: object{
				"Url": "https://" + p.Host, "ClientIdList": list{p.Audience}, "Tags": c.tagList(),
			}}.retained())
		}
	}
	c.role(operatorID, "Operator", "Applies the projects of the hub "+c.Name, providers,
		func(p IdentityProvider) []string { return p.apply }, c.operatorRights())
	c.role(plannerID, "Planner", "Plans the projects of the hub "+c.Name, providers,
		func(p IdentityProvider) []string { return p.plan }, c.plannerRights())
}

// role adds a role for the subjects of some providers and for the configured principals.
func (c roleCompiler) role(
	logicalID, kind, description string, providers []IdentityProvider,
	subjects func(IdentityProvider) []string, rights []object,
) {
	var trust []object
	var after []string
	for _, p := range providers {
		if _, made := c.resources[p.LogicalID]; made {
			after = append(after, p.LogicalID)
		}
		trust = append(trust, object{
			"Sid": p.LogicalID, "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
			"Principal": object{"Federated": "arn:" + c.Partition + ":iam::" + c.AccountID + ":oidc-provider/" + p.Host},
			"Condition": object{
				"StringEquals": object{p.Host + ":aud": p.Audience},
				"StringLike":   object{p.Host + ":sub": subjects(p)},
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

// IdentityProviders returns the providers that the settings need. Every pattern of a subject names
// the organization or the owner in full.
func (s Settings) IdentityProviders() []IdentityProvider {
	var providers []IdentityProvider
	if hcp := s.Operators.HCPTerraform; hcp != nil {
		p := IdentityProvider{LogicalID: "HCPTerraform", Host: "app.terraform.io", Audience: "aws.workload.identity",
			Attribute: "operators.hcp_terraform"}
		for _, workspace := range hcp.Workspaces {
			subject := "organization:" + hcp.Organization + ":project:*:workspace:" + workspace + ":run_phase:"
			p.apply = append(p.apply, subject+"*")
			p.plan = append(p.plan, subject+"plan")
		}
		providers = append(providers, p)
	}
	if github := s.Operators.GitHubActions; github != nil {
		p := IdentityProvider{
			LogicalID: "GitHubActions", Host: "token.actions.githubusercontent.com", Audience: "sts.amazonaws.com",
			Attribute: "operators.github_actions",
		}
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
