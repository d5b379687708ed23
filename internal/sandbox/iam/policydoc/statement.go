package policydoc

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func parseStatement(members map[string]any, kind Kind) (*Statement, error) {
	s := &Statement{}
	for _, name := range sortedKeys(members) {
		if err := s.member(name, members[name], kind); err != nil {
			return nil, err
		}
	}
	_, hasAction := members["Action"]
	_, hasNotAction := members["NotAction"]
	_, hasResource := members["Resource"]
	_, hasNotResource := members["NotResource"]
	switch {
	case s.Effect == "":
		return nil, problem("Missing required field Effect")
	case hasAction && hasNotAction, hasResource && hasNotResource:
		return nil, syntaxError()
	case len(s.Actions) == 0:
		return nil, problem("Policy statement must contain actions.")
	case kind == Identity && s.Principals != nil:
		return nil, problem("Policy document should not specify a principal.")
	case kind != Identity && s.Principals == nil:
		return nil, problem("Missing required field Principal")
	case kind == Trust && (hasResource || hasNotResource):
		return nil, problem("Has prohibited field Resource")
	case kind != Trust && len(s.Resources) == 0:
		return nil, problem("Policy statement must contain resources.")
	}
	return s, nil
}

func (s *Statement) member(name string, value any, kind Kind) error {
	var err error
	switch name {
	case "Sid":
		sid, ok := value.(string)
		if !ok {
			return syntaxError()
		}
		if kind == Identity && !sidPattern.MatchString(sid) {
			return problem(
				"Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
			)
		}
		s.Sid = sid
	case "Effect":
		effect, ok := value.(string)
		if !ok || effect != "Allow" && effect != "Deny" {
			return problem("Invalid effect: %v", value)
		}
		s.Effect = effect
	case "Action", "NotAction":
		s.NotAction = name == "NotAction"
		s.Actions, err = stringList(value)
		if err != nil {
			return err
		}
		for _, a := range s.Actions {
			if a == "*" {
				continue
			}
			if !strings.Contains(a, ":") {
				return problem("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
			}
			if !actionPattern.MatchString(a) {
				return problem("Vendor %s is not valid", strings.SplitN(a, ":", 2)[0])
			}
		}
	case "Resource", "NotResource":
		s.NotResource = name == "NotResource"
		s.Resources, err = stringList(value)
		if err != nil {
			return err
		}
		for _, r := range s.Resources {
			if err := checkResource(r); err != nil {
				return err
			}
		}
	case "Principal", "NotPrincipal":
		s.NotPrincipal = name == "NotPrincipal"
		s.Principals, err = principals(value)
		return err
	case "Condition":
		s.Conditions, err = conditions(value)
		return err
	default:
		return syntaxError()
	}
	return nil
}

// regionalInS3 matches the resources of S3 with a region and an account: all except buckets and
// objects.
var regionalInS3 = regexp.MustCompile(`^(accesspoint|job|storage-lens|storage-lens-group|access-grants|async-request)/`)

// checkResource requires "*" or an ARN of six parts: IAM User Guide, "IAM JSON policy elements:
// Resource".
func checkResource(r string) error {
	if r == "*" {
		return nil
	}
	parts := strings.SplitN(r, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" && parts[0] != "*" {
		return problem("Resource %s must be in ARN format or \"*\".", r)
	}
	if p := parts[1]; p != "aws" && p != "aws-cn" && p != "aws-us-gov" && p != "*" {
		return problem("Partition \"%s\" is not valid for resource \"%s\".", p, r)
	}
	if parts[5] == "" {
		return problem("Resource %s must be in ARN format or \"*\".", r)
	}
	// The ARN of a bucket has neither region nor account (service authorization reference, S3);
	// IAM's users report the text.
	if parts[2] == "s3" && strings.Trim(parts[3]+parts[4], "*") != "" && !regionalInS3.MatchString(parts[5]) {
		return problem("The policy failed legacy parsing")
	}
	return nil
}

func principals(value any) (map[string][]string, error) {
	if value == "*" {
		return map[string][]string{"AWS": {"*"}}, nil
	}
	object, ok := value.(map[string]any)
	if !ok || len(object) == 0 {
		return nil, problem("Invalid principal in policy")
	}
	all := map[string][]string{}
	for _, kind := range sortedKeys(object) {
		switch kind {
		case "AWS", "Service", "Federated", "CanonicalUser":
		default:
			return nil, problem("Invalid principal in policy")
		}
		names, err := stringList(object[kind])
		if err != nil || len(names) == 0 {
			return nil, problem("Invalid principal in policy")
		}
		all[kind] = names
	}
	return all, nil
}

func conditions(value any) (map[string]map[string][]string, error) {
	object, ok := value.(map[string]any)
	if !ok {
		return nil, syntaxError()
	}
	all := map[string]map[string][]string{}
	for _, operator := range sortedKeys(object) {
		plain := strings.ToLower(operator)
		plain = strings.TrimPrefix(strings.TrimPrefix(plain, "foranyvalue:"), "forallvalues:")
		if !conditionOperators[plain] {
			return nil, problem("Invalid Condition type : %s", operator)
		}
		keys, ok := object[operator].(map[string]any)
		if !ok || len(keys) == 0 {
			return nil, syntaxError()
		}
		all[operator] = map[string][]string{}
		for _, key := range sortedKeys(keys) {
			if !strings.Contains(key, ":") {
				return nil, problem("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
			}
			values, err := scalarList(keys[key])
			if err != nil {
				return nil, err
			}
			all[operator][key] = values
		}
	}
	return all, nil
}

func stringList(value any) ([]string, error) {
	switch v := value.(type) {
	case string:
		return []string{v}, nil
	case []any:
		all := make([]string, 0, len(v))
		for _, one := range v {
			s, ok := one.(string)
			if !ok {
				return nil, syntaxError()
			}
			all = append(all, s)
		}
		return all, nil
	}
	return nil, syntaxError()
}

// scalarList reads the values of a condition: strings, numbers and booleans, one or a list.
func scalarList(value any) ([]string, error) {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	all := make([]string, 0, len(list))
	for _, one := range list {
		switch v := one.(type) {
		case string:
			all = append(all, v)
		case bool:
			all = append(all, strconv.FormatBool(v))
		case json.Number:
			all = append(all, v.String())
		default:
			return nil, syntaxError()
		}
	}
	return all, nil
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
