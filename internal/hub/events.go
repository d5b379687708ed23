package hub

// Logical IDs of the events.
const (
	busID       = "Bus"
	busPolicyID = "BusPolicy"
	changesID   = "Changes"
	ownID       = "OwnChanges"
	sweepID     = "Sweep"
)

// ruleARNs returns the ARNs of all rules of the hub.
func (c *compiler) ruleARNs() list {
	return list{
		c.arn("events", "rule/"+BusName(c.Name)+"/"+changesRule(c.Name)),
		c.arn("events", "rule/"+ownRule(c.Name)),
		c.arn("events", "rule/"+sweepRule(c.Name)),
	}
}

// events adds the bus on which the projects' accounts report, and the rules that invoke the relay.
func (c *compiler) events() {
	c.add(busID, resource{Type: "AWS::Events::EventBus", Properties: object{
		"Name": BusName(c.Name), "Description": "Changes of stacks in the accounts of projects", "Tags": c.tagList(),
	}})
	c.add(busPolicyID, resource{
		Type: "AWS::Events::EventBusPolicy", DependsOn: []string{busID},
		Properties: object{
			"EventBusName": BusName(c.Name), "StatementId": "Projects", "Statement": c.busStatement(),
		},
	})
	// Only CloudFormation itself can send events with this source.
	pattern := func(stacks object) object {
		return object{
			"source":      list{"aws.cloudformation"},
			"detail-type": list{"CloudFormation Stack Status Change"},
			"resources":   list{stacks},
		}
	}
	arns := c.ruleARNs()
	c.rule(changesID, arns[0], object{
		"Name": changesRule(c.Name), "EventBusName": BusName(c.Name),
		"Description":  "Changes of projects' stacks in other accounts and regions",
		"EventPattern": pattern(object{"wildcard": "arn:" + c.Partition + ":cloudformation:*:stack/stowage-*"}),
	}, eventSeconds, eventAttempts, busID)
	c.rule(ownID, arns[1], object{
		"Name":         ownRule(c.Name),
		"Description":  "Changes of stacks in the hub's own account: the directory, and projects",
		"EventPattern": pattern(object{"prefix": c.arn("cloudformation", "stack/stowage-")}),
	}, eventSeconds, eventAttempts)
	// A sweep that is late is of no use: the next one follows.
	c.rule(sweepID, arns[2], object{
		"Name": sweepRule(c.Name), "Description": "Invokes the relay's sweep", "ScheduleExpression": "rate(1 minute)",
	}, 60, 0)
}

// rule adds a rule that invokes the relay, and the permission to do so. age is in seconds.
func (c *compiler) rule(logicalID string, arn any, properties object, age, attempts int, after ...string) {
	properties["State"] = "ENABLED"
	properties["Targets"] = list{object{
		"Id": "relay", "Arn": c.functionARN(), "DeadLetterConfig": object{"Arn": c.queueARN()},
		"RetryPolicy": object{"MaximumEventAgeInSeconds": age, "MaximumRetryAttempts": attempts},
	}}
	c.add(logicalID, resource{
		Type: "AWS::Events::Rule", DependsOn: append([]string{queuePolicyID, relayID}, after...), Properties: properties,
	})
	c.invokes(logicalID+"Permission", "events.amazonaws.com", arn)
}

// invokes adds a permission to invoke the relay.
func (c *compiler) invokes(logicalID, service string, source any) {
	c.add(logicalID, resource{
		Type: "AWS::Lambda::Permission", DependsOn: []string{relayID},
		Properties: object{
			"FunctionName": functionName(c.Name), "Action": "lambda:InvokeFunction", "Principal": service, "SourceArn": source,
			"SourceAccount": c.AccountID,
		},
	})
}

// busStatement is the only statement of the bus's policy. Its size does not depend on the number of
// an organization's accounts.
func (c *compiler) busStatement() object {
	statement := object{
		"Effect": "Allow", "Principal": "*", "Action": "events:PutEvents",
		"Resource": c.arn("events", "event-bus/"+BusName(c.Name)),
	}
	if c.OrganizationID != "" {
		statement["Condition"] = object{"StringEquals": object{"aws:PrincipalOrgID": c.OrganizationID}}
	} else {
		statement["Principal"] = object{"AWS": c.accounts()}
	}
	return statement
}
