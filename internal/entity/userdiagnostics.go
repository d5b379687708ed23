package entity

import (
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// explainUser explains what stands in the way of users' access keys and SFTP; ok is false for any other error.
func explainUser(err error) (where path.Path, why, next string, ok bool) {
	var (
		moved    *template.MovedError
		noServer *template.NoServerError
		serverIn *template.ServerInUseError
		spread   *template.SpreadError
	)
	switch {
	case errors.As(err, &moved):
		return path.Root("access_key"), "Its access keys have been changed by somebody else meanwhile, since the plan was made. Nothing was changed.",
			"Run plan again: it shows the keys that there are now, and what is to become of them.", true
	case errors.As(err, &noServer):
		return path.Root("sftp"), "Its project has no SFTP server.",
			"Give the project one (sftp = { enabled = true } in stowage_project; it costs money as long as it stands), or leave sftp out here.", true
	case errors.As(err, &serverIn):
		return path.Root("sftp"), fmt.Sprintf("Users still have SFTP: %s. Nothing was changed.", list(serverIn.By)),
			"First apply without sftp in these users, then take the server away: Terraform changes the project before its users.", true
	case errors.As(err, &spread):
		return path.Empty(), fmt.Sprintf("The stack of the user %s has no room for another policy, and the permissions of a user with SFTP have to live in one stack, as its directories do.", spread.User),
			"Make another user for what else is to be reached, remove permissions that aren't needed any more, or leave sftp out.", true
	}
	return path.Empty(), "", "", false
}
