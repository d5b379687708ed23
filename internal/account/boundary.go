package account

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// Bounded is an IAM user or role that has a permissions boundary.
type Bounded struct {
	Name string
	Role bool // a role, else a user
}

// String returns the user or role for display.
func (b Bounded) String() string {
	if b.Role {
		return "role " + b.Name
	}
	return "user " + b.Name
}

// PutBoundary sets the permissions boundary of a user or role. It replaces any other one.
func PutBoundary(ctx context.Context, client *iam.Client, of Bounded, policyARN string) error {
	var err error
	if of.Role {
		_, err = client.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{
			RoleName: aws.String(of.Name), PermissionsBoundary: aws.String(policyARN),
		})
	} else {
		_, err = client.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{
			UserName: aws.String(of.Name), PermissionsBoundary: aws.String(policyARN),
		})
	}
	if err != nil {
		return fmt.Errorf("setting the permissions boundary of the %s: %w", of, err)
	}
	return nil
}
