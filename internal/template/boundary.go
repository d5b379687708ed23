package template

// Permissions boundaries.
//
// Every IAM user and role of a project has the managed policy StowageBoundary as its permissions
// boundary. Onboarding creates it, outside the path /stowage/. The provider's role must set it on
// what it creates and cannot write it (examples/onboarding). So no policy that the role writes can
// give more than access to objects.
//
// Compilers up to version 2 created a boundary policy per project in the project's own stack, which
// the provider's role can write. Their users keep it until they are changed. The policy stays until
// the project is deleted: IAM refuses to delete a boundary in use, and users in other stacks may
// use it.

// BoundaryName is the managed policy that limits the users and roles of all projects of an account.
// Its path is "/".
const BoundaryName = "StowageBoundary"

// projectBoundaryID and projectBoundaryOutput name a project's own boundary, as compilers up to
// version 2 created it, and the output with its ARN.
const (
	projectBoundaryID     = "Boundary"
	projectBoundaryOutput = "BoundaryArn"
)

// BoundaryARN returns the ARN of the permissions boundary of users and roles.
func (e Env) BoundaryARN() string {
	return "arn:" + e.Partition + ":iam::" + e.AccountID + ":policy/" + BoundaryName
}

// keepsProjectBoundary reports whether a resource is the boundary of a project that is not deleted.
func (e *editor) keepsProjectBoundary(logicalID string) bool {
	return logicalID == projectBoundaryID && e.project() != nil
}
