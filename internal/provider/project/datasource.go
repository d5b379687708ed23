package project

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/cfn"
	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/projects"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// DataModel is the model of the data source stowage_project.
type DataModel struct {
	ID                   types.String `tfsdk:"id"`
	Name                 types.String `tfsdk:"name"`
	AccountID            types.String `tfsdk:"account_id"`
	Region               types.String `tfsdk:"region"`
	OnDelete             types.String `tfsdk:"on_delete"`
	Tags                 types.Map    `tfsdk:"tags"`
	KMSKeyARN            types.String `tfsdk:"kms_key_arn"`
	LogBucketName        types.String `tfsdk:"log_bucket_name"`
	NotificationTopicARN types.String `tfsdk:"notification_topic_arn"`
	Revision             types.Int64  `tfsdk:"revision"`
	Status               types.String `tfsdk:"status"`
	Headroom             *Headroom    `tfsdk:"headroom"`
	Stacks               []Stack      `tfsdk:"stacks"`
	PublicAccessBlocked  types.Bool   `tfsdk:"public_access_blocked"`
}

// Headroom is the remaining capacity of a stack, or of all of them.
type Headroom struct {
	Resources     types.Int64 `tfsdk:"resources"`
	TemplateBytes types.Int64 `tfsdk:"template_bytes"`
	MirrorBytes   types.Int64 `tfsdk:"mirror_bytes"`
}

// Stack is one of a project's stacks.
type Stack struct {
	Name     types.String `tfsdk:"name"`
	ID       types.String `tfsdk:"id"`
	Status   types.String `tfsdk:"status"`
	Revision types.Int64  `tfsdk:"revision"`
	Headroom *Headroom    `tfsdk:"headroom"`
}

// NewDataSource returns the data source stowage_project.
func NewDataSource() datasource.DataSource {
	return entity.NewDataSource(entity.Lookup[DataModel]{
		Name:             "project",
		Title:            "Project",
		ProjectAttribute: "name",
		Description:      "Provides the settings and the current state of a project. Values that change with every commit are here rather than in the resource, so that they do not cause changes in plans.",
		Attributes:       dataAttributes(),
		Project:          func(m *DataModel) types.String { return m.Name },
		Read:             readProject,
	})
}

func dataAttributes() map[string]schema.Attribute {
	headroom := schema.SingleNestedAttribute{
		Computed:            true,
		MarkdownDescription: "Remaining capacity of the existing stacks. When they are full, the project gets another stack.",
		Attributes: map[string]schema.Attribute{
			"resources":      schema.Int64Attribute{Computed: true, MarkdownDescription: "Number of further CloudFormation resources."},
			"template_bytes": schema.Int64Attribute{Computed: true, MarkdownDescription: "Remaining template size in bytes."},
			"mirror_bytes":   schema.Int64Attribute{Computed: true, MarkdownDescription: "Remaining size of the item in the mirror in bytes."},
		},
	}
	return map[string]schema.Attribute{
		"id":   schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the project."},
		"name": schema.StringAttribute{Required: true, MarkdownDescription: "Name of the project."},
		"account_id": schema.StringAttribute{
			Computed: true, MarkdownDescription: "ID of the project's AWS account.",
		},
		"region": schema.StringAttribute{Computed: true, MarkdownDescription: "AWS region of the project."},
		"on_delete": schema.StringAttribute{
			Computed: true, MarkdownDescription: "What happens to the project's data when the project is deleted.",
		},
		"tags": schema.MapAttribute{
			Computed: true, ElementType: types.StringType, MarkdownDescription: "All tags of the project.",
		},
		"kms_key_arn": schema.StringAttribute{
			Computed: true, MarkdownDescription: "ARN of the key that encrypts the project's buckets.",
		},
		"log_bucket_name": schema.StringAttribute{
			Computed: true, MarkdownDescription: "Physical name of the bucket for the access logs.",
		},
		"notification_topic_arn": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "ARN of the SNS topic for the stack events of the project's stacks.",
		},
		"revision": schema.Int64Attribute{
			Computed:            true,
			MarkdownDescription: "Number of commits to all stacks of the project.",
		},
		"status": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "`closing` while the project is being deleted. Otherwise the status of the first stack with an operation in progress, or of the first stack.",
		},
		"public_access_blocked": schema.BoolAttribute{
			Computed:            true,
			MarkdownDescription: "Whether all four S3 Block Public Access settings are on for the project's account. Null if the role cannot read them. The project's own buckets always block public access.",
		},
		"headroom": headroom,
		"stacks": schema.ListNestedAttribute{
			Computed: true, MarkdownDescription: "Stacks of the project.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"name": schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the stack."},
				"id":   schema.StringAttribute{Computed: true, MarkdownDescription: "ARN of the stack."},
				"status": schema.StringAttribute{
					Computed: true, MarkdownDescription: "Status of the stack in CloudFormation.",
				},
				"revision": schema.Int64Attribute{Computed: true, MarkdownDescription: "Number of commits to the stack."},
				"headroom": headroom,
			}},
		},
	}
}

func readProject(ctx context.Context, s *entity.Services, m *DataModel) (diag.Diagnostics, error) {
	view, err := s.Projects.Read(ctx, m.Name.ValueString())
	if err != nil {
		return nil, err
	}
	p := view.Contents.Project
	if p == nil {
		return nil, &model.NotFoundError{Kind: model.NotFoundProject, Project: m.Name.ValueString()}
	}
	facts := factsOf(*p, view.Contents.Env)
	m.ID, m.AccountID, m.Region = m.Name, types.StringValue(p.AccountID), types.StringValue(p.Region)
	m.OnDelete, m.Tags = types.StringValue(string(p.OnDelete)), entity.StringMap(p.Tags)
	m.KMSKeyARN, m.LogBucketName, m.NotificationTopicARN = facts.KMSKeyARN, facts.LogBucketName, facts.NotificationTopicARN
	var revision int64
	var room template.Usage
	m.Stacks = []Stack{}
	for _, stack := range view.Stacks {
		left := stack.Usage.Left(template.Budget())
		if stack.Closed {
			left = template.Usage{}
		}
		revision += stack.Revision
		room = room.Plus(left)
		m.Stacks = append(m.Stacks, Stack{
			Name: types.StringValue(stack.Name), ID: types.StringValue(stack.ID), Status: types.StringValue(stack.Status),
			Revision: types.Int64Value(stack.Revision), Headroom: headroomOf(left),
		})
	}
	m.Revision, m.Headroom = types.Int64Value(revision), headroomOf(room)
	m.Status = types.StringValue(status(*p, view.Stacks))
	if block, err := s.Projects.AccessBlock(ctx, *p); err == nil {
		m.PublicAccessBlocked = types.BoolValue(len(block.Missing()) == 0)
	}
	var diags diag.Diagnostics
	for _, w := range view.Headroom() {
		diags.Append(entity.Warning(w))
	}
	return diags, nil
}

func headroomOf(u template.Usage) *Headroom {
	return &Headroom{
		Resources: types.Int64Value(int64(u.Resources)), TemplateBytes: types.Int64Value(int64(u.TemplateBytes)),
		MirrorBytes: types.Int64Value(int64(u.BodyBytes)),
	}
}

func status(p model.Project, stacks []projects.Stack) string {
	if p.Closing {
		return "closing"
	}
	for _, stack := range stacks {
		if stack.Status != cfn.CreateComplete && stack.Status != cfn.UpdateComplete {
			return stack.Status
		}
	}
	if len(stacks) == 0 {
		return ""
	}
	return stacks[0].Status
}

// ListModel is the model of the data source stowage_projects.
type ListModel struct {
	Projects []Listing `tfsdk:"projects"`
}

// Listing is a project in the directory.
type Listing struct {
	Name      types.String `tfsdk:"name"`
	AccountID types.String `tfsdk:"account_id"`
	Region    types.String `tfsdk:"region"`
	RoleName  types.String `tfsdk:"role_name"`
}

// NewListDataSource returns the data source stowage_projects.
func NewListDataSource() datasource.DataSource {
	return entity.NewDataSource(entity.Lookup[ListModel]{
		Name: "projects", Title: "Projects", Description: "Lists the projects in the directory of the hub.",
		Attributes: map[string]schema.Attribute{
			"projects": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "Projects, sorted by name.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"name": schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the project."},
					"account_id": schema.StringAttribute{
						Computed: true, MarkdownDescription: "ID of the project's AWS account.",
					},
					"region": schema.StringAttribute{
						Computed: true, MarkdownDescription: "AWS region of the project.",
					},
					"role_name": schema.StringAttribute{
						Computed: true, MarkdownDescription: "Name of the IAM role that is assumed in the account. Null if none is assumed.",
					},
				}},
			},
		},
		Read: func(ctx context.Context, s *entity.Services, m *ListModel) (diag.Diagnostics, error) {
			listings, err := s.Projects.List(ctx)
			m.Projects = []Listing{}
			for _, l := range listings {
				m.Projects = append(m.Projects, Listing{
					Name: types.StringValue(l.Name), AccountID: types.StringValue(l.AccountID), Region: types.StringValue(l.Region),
					RoleName: entity.Optional(l.RoleName),
				})
			}
			return nil, err
		},
	})
}
