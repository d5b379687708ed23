package hub

import "slices"

// roleCompiler adds roles and their rights.
type roleCompiler struct{ *compiler }

// policy returns a policy document.
func policy(statements ...object) object {
	var all list
	for _, s := range statements {
		all = append(all, s)
	}
	return object{"Version": "2012-10-17", "Statement": all}
}

// allow returns a statement that allows actions on a resource.
func allow(sid string, on any, actions ...string) object {
	return object{"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": on}
}

func (c *compiler) tableARN() string { return c.arn("dynamodb", "table/"+TableName(c.Name)) }

func (c *compiler) directoryARN() string {
	return c.arn("cloudformation", "stack/"+directoryStack+"/*")
}

// readsParameter allows reading the hub's settings.
func (c roleCompiler) readsParameter() object {
	return allow("Settings", c.arn("ssm", "parameter"+ParameterName(c.Name)), "ssm:GetParameter")
}

// sends allows sending to web clients. The SDK's calls for a connection are POST requests.
func (c roleCompiler) sends() object {
	return allow("WebClients",
		join(c.arn("execute-api", ""), ref(apiID), "/"+stageName+"/POST/@connections/*"),
		"execute-api:ManageConnections")
}

// assumes allows assuming roles of the projects' accounts: those of the organization or the list,
// and the hub's own.
func (c roleCompiler) assumes(roles ...string) object {
	var arns []string
	for _, role := range roles {
		arns = append(arns, "arn:"+c.Partition+":iam::*:role/"+role)
	}
	s := allow("Projects", arns, "sts:AssumeRole")
	if c.OrganizationID != "" {
		s["Condition"] = object{"StringEquals": object{"aws:ResourceOrgID": c.OrganizationID}}
	} else {
		s["Condition"] = object{"StringEquals": object{"aws:ResourceAccount": c.accounts()}}
	}
	return s
}

// accounts returns the accounts of the list and the hub's own, sorted.
func (c *compiler) accounts() []string {
	all := append(slices.Clone(c.AccountIDs), c.AccountID)
	slices.Sort(all)
	return slices.Compact(all)
}
