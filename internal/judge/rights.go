package judge

import (
	_ "embed" // for the list
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/iam/policydoc"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// HandlerRight is an action that the handlers of a resource type require (resource type schemas,
// "handlers").
type HandlerRight struct {
	Type, Handler, Action string
}

// handlersOf are the handlers that stack operations call. "list" is for other callers.
var handlersOf = []string{"create", "read", "update", "delete"}

// Types returns the types of all resources of some templates.
func Types(corpus map[string]*template.Template) []string {
	types := map[string]bool{}
	for _, tpl := range corpus {
		for _, id := range tpl.LogicalIDs() {
			types[typeOf(tpl, id)] = true
		}
	}
	return slices.Sorted(maps.Keys(types))
}

// CFNLintData returns the folder of the data of the cfn-lint in the program folder bin: the schemas
// of all resource types, and the resources that each action accepts.
func CFNLintData(bin string) (string, error) {
	found, err := filepath.Glob(filepath.Join(bin, "..", "lib", "python*", "site-packages", "cfnlint", "data"))
	if err != nil {
		return "", err
	}
	if len(found) != 1 {
		return "", fmt.Errorf("%d installations of cfn-lint beside %s", len(found), bin)
	}
	return found[0], nil
}

// HandlerRights returns the rights that the handlers of resource types require. A type without
// handlers requires none: AWS::IAM::AccessKey.
func HandlerRights(data string, types []string) ([]HandlerRight, error) {
	schemas := filepath.Join(data, "schemas")
	var files map[string]string
	if err := readJSON(filepath.Join(schemas, "providers", "us-east-1.json"), &files); err != nil {
		return nil, err
	}
	var rights []HandlerRight
	for _, typeName := range types {
		file, ok := files[typeName]
		if !ok {
			return nil, fmt.Errorf("cfn-lint has no schema of %s", typeName)
		}
		var schema struct {
			TypeName string                                    `json:"typeName"`
			Handlers map[string]struct{ Permissions []string } `json:"handlers"`
		}
		if err := readJSON(filepath.Join(schemas, "resources", file+".json"), &schema); err != nil {
			return nil, err
		}
		if schema.TypeName != typeName {
			return nil, fmt.Errorf("the schema of %s is of %s", typeName, schema.TypeName)
		}
		for _, handler := range handlersOf {
			for _, action := range slices.Sorted(slices.Values(schema.Handlers[handler].Permissions)) {
				rights = append(rights, HandlerRight{typeName, handler, action})
			}
		}
	}
	return rights, nil
}

// Reference is the service authorization reference. It maps an action in lower case to the ARN
// formats of the resources that it accepts. An action without resources has an empty list.
type Reference map[string][]string

// ReadReference reads the reference of cfn-lint for the services of some policies.
func ReadReference(data string) (Reference, error) {
	var services map[string]struct {
		Actions   map[string]struct{ Resources []string }
		Resources map[string]struct{ ARNFormats []string }
	}
	if err := readJSON(filepath.Join(data, "AdditionalSpecs", "Policies.json"), &services); err != nil {
		return nil, err
	}
	reference := Reference{}
	for service, of := range services {
		for action, takes := range of.Actions {
			formats := []string{}
			for _, resource := range takes.Resources {
				formats = append(formats, of.Resources[strings.ToLower(resource)].ARNFormats...)
			}
			reference[strings.ToLower(service+":"+action)] = formats
		}
	}
	return reference, nil
}

func readJSON(file string, into any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// Policy is a managed policy of the template that prepares accounts.
type Policy struct {
	Name     string
	Document *policydoc.Document
}

// UnknownResources returns actions that are allowed only on resources that they do not accept. AWS
// then allows nothing.
func UnknownResources(policies []Policy, reference Reference) []Finding {
	var findings []Finding
	for _, p := range policies {
		for _, s := range p.Document.Statements {
			if s.Effect != "Allow" {
				continue
			}
			for _, action := range s.Actions {
				if text := misplaced(action, s.Resources, reference); text != "" {
					findings = append(findings, Finding{
						Judge:    "rights",
						ID:       action,
						Template: "account",
						Resource: p.Name + "/" + s.Sid,
						Type:     "AWS::IAM::ManagedPolicy",
						Text:     text,
					})
				}
			}
		}
	}
	return findings
}

// misplaced returns why an action is not allowed on resources; "" when it is.
func misplaced(action string, resources []string, reference Reference) string {
	formats, known := reference[strings.ToLower(action)]
	switch {
	case !known:
		return "the service authorization reference has no such action"
	case slices.Contains(resources, "*"):
		return ""
	case len(formats) == 0:
		return "it takes no resource, so that it has to be allowed on *"
	}
	for _, resource := range resources {
		if slices.ContainsFunc(formats, func(format string) bool { return overlaps(resource, format) }) {
			return ""
		}
	}
	return "none of the statement's resources is of a type that it takes: " + strings.Join(formats, ", ")
}

// overlaps reports whether an ARN pattern can match resources of the form
// arn:${Partition}:service:${Region}:${Account}:type/.*.
func overlaps(pattern, format string) bool {
	have, want := strings.SplitN(pattern, ":", 6), strings.SplitN(format, ":", 6)
	if len(have) < 6 || len(want) < 6 || have[2] != want[2] {
		return false
	}
	fixed, _, _ := strings.Cut(have[5], "*")
	literal := strings.TrimSuffix(want[5], ".*")
	return strings.HasPrefix(fixed, literal) || strings.HasPrefix(literal, fixed) && fixed != have[5]
}

// RightException is an action that is required by some handlers of a resource type and not allowed.
type RightException struct {
	Type     string
	Handlers []string
	Action   string // a pattern for path.Match
	Reason   string
}

//go:embed rights.txt
var rightExceptions string

// RightExceptions returns the list of exceptions. Each line has a type, handlers, actions and a
// reason.
func RightExceptions() ([]RightException, error) {
	var result []RightException
	parts := "a type, handlers, actions and a reason"
	err := eachException("rights.txt", rightExceptions, parts, func(words [4]string) error {
		for _, action := range strings.Split(words[2], ",") {
			if _, err := path.Match(action, ""); err != nil {
				return err
			}
			result = append(result, RightException{words[0], strings.Split(words[1], ","), action, words[3]})
		}
		return nil
	})
	return result, err
}

func (e RightException) covers(r HandlerRight) bool {
	match, _ := path.Match(strings.ToLower(e.Action), strings.ToLower(r.Action))
	return match && e.Type == r.Type && slices.Contains(e.Handlers, r.Handler)
}

// MissingRights returns the required rights that neither a policy allows nor an exception covers,
// and the unused exceptions.
func MissingRights(
	rights []HandlerRight, policies []Policy, accepted []RightException,
) (missing []Finding, unused []RightException) {
	allowed := map[string]bool{}
	for _, p := range policies {
		for _, s := range p.Document.Statements {
			if s.Effect != "Allow" {
				continue
			}
			for _, action := range s.Actions {
				allowed[strings.ToLower(action)] = true
			}
		}
	}
	used := make([]bool, len(accepted))
	for _, r := range rights {
		if allowed[strings.ToLower(r.Action)] {
			continue
		}
		covered := false
		for i, e := range accepted {
			if e.covers(r) {
				used[i], covered = true, true
			}
		}
		if !covered {
			missing = append(missing, Finding{
				Judge: "rights", ID: r.Action, Template: "account", Resource: "StowageProvisioner", Type: r.Type,
				Text: "the handler " + r.Handler + " asks for it, and it is not allowed",
			})
		}
	}
	for i, e := range accepted {
		if !used[i] {
			unused = append(unused, e)
		}
	}
	return missing, unused
}
