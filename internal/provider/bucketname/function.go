// Package bucketname implements the function bucket_name.
package bucketname

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Function is bucket_name. It makes no calls: the name follows from its arguments.
type Function struct{}

var _ function.Function = (*Function)(nil)

// New returns the function.
func New() function.Function { return &Function{} }

// Metadata implements function.Function.
func (*Function) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "bucket_name"
}

// Definition implements function.Function.
func (*Function) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary:             "Default physical name of a bucket",
		MarkdownDescription: "Returns the physical name of a project's bucket whose `bucket_name` is not set. It makes no AWS calls: neither the project nor the bucket have to exist.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "project", MarkdownDescription: "Name of the project."},
			function.StringParameter{Name: "name", MarkdownDescription: "Name of the bucket in the project."},
			function.StringParameter{Name: "account", MarkdownDescription: "The 12 digits of the project's account."},
			function.StringParameter{Name: "region", MarkdownDescription: "The project's region."},
		},
		Return: function.StringReturn{},
	}
}

// Run implements function.Function.
func (*Function) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var project, name, account, region string
	if resp.Error = req.Arguments.Get(ctx, &project, &name, &account, &region); resp.Error != nil {
		return
	}
	// The arguments are validated like those of the resources, in the order of the parameters.
	arguments := map[string]int64{"account_id": 2, "region": 3}
	of := model.Project{Name: project, AccountID: account, Region: region, OnDelete: model.Refuse}
	for _, problem := range of.Problems() {
		resp.Error = function.ConcatFuncErrors(
			resp.Error, function.NewArgumentFuncError(arguments[problem.Field], problem.Reason),
		)
	}
	if resp.Error != nil {
		return
	}
	physical := model.DefaultBucketName(project, name, account, region)
	for _, problem := range (model.Bucket{Name: name, BucketName: physical, OnDelete: model.Refuse}).Problems() {
		if problem.Field == "name" {
			resp.Error = function.ConcatFuncErrors(resp.Error, function.NewArgumentFuncError(1, problem.Reason))
		}
	}
	if resp.Error == nil {
		resp.Error = resp.Result.Set(ctx, physical)
	}
}
