package projects

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// StackAddress identifies the stack of a StackId: its project, number and location. The directory's
// stack has the number 0 of the project mirror.Directory.
type StackAddress struct {
	Project           string
	Shard             int
	AccountID, Region string
}

// AddressOf parses a StackId. ok is false unless it is the ID of a stack with a name of Stowage's
// form. It does not check whether the project exists.
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
	listed := model.DirectoryEntry{AccountID: at.AccountID, Region: at.Region}
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

// stackName returns the name of the n-th stack of a project, or of the directory's only stack.
func stackName(project string, n int) string {
	if project == directoryName {
		return directoryStack
	}
	return fmt.Sprintf("stowage-%s-%d", project, n)
}

// Name returns the stack's name.
func (a StackAddress) Name() string { return stackName(a.Project, a.Shard) }

// isOf reports whether the address is in the account and region of a project's stack.
func (a StackAddress) isOf(sh *shard) bool {
	return a.AccountID == sh.env.AccountID && a.Region == sh.env.Region
}
