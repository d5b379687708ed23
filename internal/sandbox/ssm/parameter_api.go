package ssm

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

func (s *Service) putParameter(r *cloud.Request) (any, error) {
	var in struct {
		Name, Type, Value, Description, DataType, Tier string
		Overwrite                                      bool
		Tags                                           []tag
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	if in.Tier != "" && in.Tier != "Standard" || in.DataType != "" && in.DataType != "text" {
		return nil, cloud.NotModelled("parameters of tier %q and data type %q", in.Tier, in.DataType)
	}
	tags := make(map[string]string)
	for _, t := range in.Tags {
		tags[t.Key] = t.Value
	}
	existing := s.at(r.Caller)[in.Name]
	switch {
	case existing != nil && !in.Overwrite:
		return nil, cloud.Errorf(
			"ParameterAlreadyExists",
			"The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
		)
	case existing != nil && len(tags) > 0:
		return nil, cloud.Errorf(
			"ValidationException",
			"Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
		)
	case existing == nil && in.Type == "":
		return nil, cloud.Errorf("ValidationException", "A parameter type is required when you create a parameter.")
	}
	if existing != nil {
		tags = existing.tags
		if in.Type == "" {
			in.Type = existing.kind
		}
		if in.Description == "" {
			in.Description = existing.description
		}
	}
	p, err := s.put(
		r.Caller,
		parameter{name: in.Name, kind: in.Type, value: in.Value, description: in.Description, tags: tags},
	)
	if err != nil {
		return nil, err
	}
	return struct {
		Version int64
		Tier    string
	}{p.version, "Standard"}, nil
}

// put stores a parameter as the next version of its name.
func (s *Service) put(c cloud.Caller, p parameter) (*parameter, error) {
	switch {
	case len(p.name) > maxName || !validName.MatchString(p.name) || strings.HasSuffix(p.name, "/") ||
		strings.Contains(p.name, "//") ||
		strings.Contains(p.name, "/") && !strings.HasPrefix(p.name, "/"):
		return nil, cloud.Errorf("ValidationException", `Parameter name must be a fully qualified name.`)
	case strings.HasPrefix(strings.ToLower(strings.TrimPrefix(p.name, "/")), "aws") || strings.HasPrefix(strings.ToLower(strings.TrimPrefix(p.name, "/")), "ssm"):
		return nil, cloud.Errorf(
			"ValidationException",
			`Parameter name: can't be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_`,
		)
	case strings.Count(strings.TrimPrefix(p.name, "/"), "/") >= maxLevels:
		return nil, cloud.Errorf("HierarchyLevelLimitExceededException", "A hierarchy can have a maximum of 15 levels.")
	case !slices.Contains([]string{"String", "StringList", "SecureString"}, p.kind):
		return nil, cloud.Errorf(
			"ValidationException",
			"1 validation error detected: Value '%s' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [SecureString, StringList, String]",
			p.kind,
		)
	case p.value == "":
		return nil, cloud.Errorf(
			"ValidationException",
			"1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1.",
		)
	case len(p.value) > maxValue:
		return nil, cloud.Errorf(
			"ValidationException",
			"Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html",
		)
	}
	for key, value := range p.tags {
		if !cloud.TagCharacters(key) || !cloud.TagCharacters(value) { // the patterns of the SDK's model
			return nil, cloud.Errorf(
				"ValidationException",
				`1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must satisfy regular expression pattern: ^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$`,
			)
		}
	}
	all := s.at(c)
	p.version = 1
	if existing := all[p.name]; existing != nil {
		p.version = existing.version + 1
	}
	p.modified, p.modifiedBy = s.world.Now(), c.ARN
	all[p.name] = &p
	return &p, nil
}

func (s *Service) at(c cloud.Caller) map[string]*parameter {
	where := place{c.Account, c.Region}
	if s.parameters[where] == nil {
		s.parameters[where] = make(map[string]*parameter)
	}
	return s.parameters[where]
}

type view struct {
	ARN              string
	DataType         string
	LastModifiedDate json.Number
	Name             string
	Type             string
	Value            string
	Version          int64
}

func (p *parameter) view(c cloud.Caller, decrypt bool) view {
	value := p.value
	if p.kind == "SecureString" && !decrypt {
		value = "AQICAHhENCRYPTED"
	}
	return view{arnOf(c, p.name), "text", protocol.Seconds(p.modified), p.name, p.kind, value, p.version}
}

// find finds a parameter by name or ARN; a selector of a version or label is not modelled.
func (s *Service) find(c cloud.Caller, name string) (*parameter, error) {
	if arn, ok := strings.CutPrefix(name, "arn:aws:ssm:"); ok {
		local, ok := strings.CutPrefix(arn, c.Region+":"+c.Account+":parameter")
		if !ok {
			return nil, cloud.Errorf("ParameterNotFound", "")
		}
		name = local
		if s.at(c)[name] == nil { // a name without hierarchy has no slash of its own
			name = strings.TrimPrefix(name, "/")
		}
	} else if strings.Contains(name, ":") {
		return nil, cloud.NotModelled("selectors of parameter versions (%s)", name)
	}
	p := s.at(c)[name]
	if p == nil {
		return nil, cloud.Errorf("ParameterNotFound", "")
	}
	return p, nil
}

func (s *Service) getParameter(r *cloud.Request) (any, error) {
	var in struct {
		Name           string
		WithDecryption bool
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	p, err := s.find(r.Caller, in.Name)
	if err != nil {
		return nil, err
	}
	return struct{ Parameter view }{p.view(r.Caller, in.WithDecryption)}, nil
}

func (s *Service) getParameters(r *cloud.Request) (any, error) {
	var in struct {
		Names          []string
		WithDecryption bool
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	if len(in.Names) < 1 || len(in.Names) > 10 {
		return nil, cloud.Errorf(
			"ValidationException",
			"1 validation error detected: Value '[%s]' at 'names' failed to satisfy constraint: Member must have length less than or equal to 10, Member must have length greater than or equal to 1",
			strings.Join(in.Names, ", "),
		)
	}
	found, missing := []view{}, []string{}
	for _, name := range in.Names {
		if p := s.at(r.Caller)[name]; p != nil {
			found = append(found, p.view(r.Caller, in.WithDecryption))
		} else {
			missing = append(missing, name)
		}
	}
	return struct {
		Parameters        []view
		InvalidParameters []string
	}{found, missing}, nil
}

func (s *Service) getParametersByPath(r *cloud.Request) (any, error) {
	var in struct {
		Path, NextToken           string
		Recursive, WithDecryption bool
		MaxResults                int
	}
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(in.Path, "/") {
		return nil, cloud.Errorf(
			"ValidationException",
			`The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash "/". It can't be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.`,
		)
	}
	if in.MaxResults < 0 || in.MaxResults > pageSize {
		return nil, cloud.Errorf(
			"ValidationException",
			"1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 10",
			in.MaxResults,
		)
	}
	if in.MaxResults == 0 {
		in.MaxResults = pageSize
	}
	prefix := strings.TrimSuffix(in.Path, "/") + "/"
	var names []string
	for name := range s.at(r.Caller) {
		rest, below := strings.CutPrefix(name, prefix)
		if below && name > in.NextToken && (in.Recursive || !strings.Contains(rest, "/")) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	next := ""
	if len(names) > in.MaxResults {
		names = names[:in.MaxResults]
		next = names[in.MaxResults-1]
	}
	found := []view{}
	for _, name := range names {
		found = append(found, s.at(r.Caller)[name].view(r.Caller, in.WithDecryption))
	}
	return struct {
		Parameters []view
		NextToken  string `json:",omitempty"`
	}{found, next}, nil
}

func (s *Service) deleteParameter(r *cloud.Request) (any, error) {
	var in struct{ Name string }
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	p, err := s.find(r.Caller, in.Name)
	if err != nil {
		return nil, err
	}
	delete(s.at(r.Caller), p.name)
	return nil, nil
}

func (s *Service) listTags(r *cloud.Request) (any, error) {
	var in struct{ ResourceType, ResourceId string }
	if err := protocol.DecodeStrict(r, &in); err != nil {
		return nil, err
	}
	if in.ResourceType != "Parameter" {
		return nil, cloud.NotModelled("SSM tags of %s", in.ResourceType)
	}
	p := s.at(r.Caller)[in.ResourceId]
	if p == nil {
		return nil, cloud.Errorf("InvalidResourceId", "")
	}
	tags := []tag{}
	for key, value := range p.tags {
		tags = append(tags, tag{key, value})
	}
	slices.SortFunc(tags, func(a, b tag) int { return strings.Compare(a.Key, b.Key) })
	return struct{ TagList []tag }{tags}, nil
}
