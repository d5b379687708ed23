package projects

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// StackAddress says which stack of which project a StackId names, and where it is. The directory's stack has the number 0 of the
// project mirror.Directory.
type StackAddress struct {
	Project           string
	Shard             int
	AccountID, Region string
}

// AddressOf takes a StackId apart. ok is false for everything that isn't the id of a stack with a name such as Stowage gives them;
// whether there is such a project is not looked into.
func AddressOf(stackID string) (at StackAddress, ok bool) {
	// arn:<partition>:cloudformation:<region>:<account>:stack/<name>/<uuid>
	parts := strings.Split(stackID, ":")
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "cloudformation" {
		return StackAddress{}, false
	}
	resource := strings.Split(parts[5], "/")
	if len(resource) != 3 || resource[0] != "stack" || resource[2] == "" {
		return StackAddress{}, false
	}
	at = StackAddress{AccountID: parts[4], Region: parts[3]}
	listed := model.Listing{AccountID: at.AccountID, Region: at.Region}
	if resource[1] == directoryStack {
		at.Project, listed.Name = directoryName, "any"
		return at, len(listed.Problems()) == 0
	}
	name, ours := strings.CutPrefix(resource[1], "stowage-")
	i := strings.LastIndexByte(name, '-')
	if !ours || i < 0 {
		return StackAddress{}, false
	}
	n, err := strconv.Atoi(name[i+1:])
	at.Project, at.Shard = name[:i], n
	if listed.Name = at.Project; err != nil || stackName(at.Project, n) != resource[1] || len(listed.Problems()) > 0 {
		return StackAddress{}, false
	}
	return at, true
}

// directoryStack is the name of the stack that holds the directory of projects.
const directoryStack = "stowage-" + directoryName

// stackName is the name of the n-th stack of a project, or of the directory's only stack.
func stackName(project string, n int) string {
	if project == directoryName {
		return directoryStack
	}
	return fmt.Sprintf("stowage-%s-%d", project, n)
}

// Name is the stack's name.
func (a StackAddress) Name() string { return stackName(a.Project, a.Shard) }

// isOf says whether it is where a stack of the project is.
func (a StackAddress) isOf(sh *shard) bool {
	return a.AccountID == sh.env.AccountID && a.Region == sh.env.Region
}
