package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// onCompile is called for each compilation, for tests that count them.
var onCompile = func(model.Entity) {}

// Compile compiles a project, bucket, user or directory entry. CompileGrants compiles permissions,
// user by user.
func Compile(env Env, entity model.Entity, origin string) Resources {
	onCompile(entity)
	meta := OwnerMetadata{Format: formatPlain, Compiler: CompilerVersion, Of: entity.ID(), Origin: origin}
	first := meta
	first.Settings = encodeJSON(entity)
	switch e := entity.(type) {
	case model.Project:
		return compileProject(env, e, first, meta)
	case model.Bucket:
		if e.Adoption != nil {
			first.Format = formatAdopted
		}
		return compileBucket(env, e, first, meta)
	case model.User:
		return compileUser(env, e, first, meta)
	case model.DirectoryEntry:
		return compileDirectoryEntry(e, first)
	default:
		panic(fmt.Sprintf("template: a %T doesn't compile on its own", entity))
	}
}

func decodeSettings(meta OwnerMetadata) (model.Entity, error) {
	switch meta.Of.Kind {
	case model.KindProject:
		return decodeEntity[model.Project](meta.Settings)
	case model.KindBucket:
		return decodeEntity[model.Bucket](meta.Settings)
	case model.KindUser:
		return decodeEntity[model.User](meta.Settings)
	case model.KindDirectoryEntry:
		return decodeEntity[model.DirectoryEntry](meta.Settings)
	case model.KindPermission:
	}
	return nil, fmt.Errorf("no entity of kind %q can have settings", meta.Of.Kind)
}

func decodeEntity[E model.Entity](settings json.RawMessage) (model.Entity, error) {
	var entity E
	if err := json.Unmarshal(settings, &entity); err != nil {
		return nil, fmt.Errorf("the settings of a %T can't be read: %w", entity, err)
	}
	return entity, nil
}

// object and list abbreviate the JSON of properties.
type (
	object = map[string]any
	list   = []any
)

// tags returns a resource's tags in CloudFormation's form: the entity's own and ours, by key.
func tags(own map[string]string, project, kind, name string) list {
	all := maps.Clone(own)
	if all == nil {
		all = map[string]string{}
	}
	all["stowage:project"] = project
	if kind != "" {
		all["stowage:"+kind] = name
	}
	result := make(list, 0, len(all))
	for _, key := range slices.Sorted(maps.Keys(all)) {
		result = append(result, object{"Key": key, "Value": all[key]})
	}
	return result
}

// Seed returns the first template of a stack: the revision marker alone, with the name of its SSM
// parameter.
//
// A stack whose creation fails can only be deleted, so the first template holds nothing that is
// likely to fail.
func Seed(revisionMarkerName, description string) *Template {
	seed := &Template{
		sections: map[string]json.RawMessage{
			"AWSTemplateFormatVersion": encodeJSON("2010-09-09"),
			"Description":              encodeJSON(description),
			"Parameters": encodeJSON(object{RevisionParameter: object{
				"Type": "Number", "Default": 0, "Description": "The number of the stack's commits, raised by each of them",
			}}),
		},
		resources: map[string]json.RawMessage{},
	}
	return seed.with(Resources{RevisionMarkerID: revisionMarker(revisionMarkerName, "", nil)}.raw())
}

// RevisionMarkerName returns the name of the SSM parameter of a stack's revision marker.
func RevisionMarkerName(project string, shard int) string {
	return fmt.Sprintf("/stowage/%s/%d/revision", project, shard)
}

const revisionMarkerKind model.Kind = "carrier"

func revisionMarker(name, commit string, revision *int64) Resource {
	return Resource{
		Type: "AWS::SSM::Parameter",
		Metadata: Metadata{
			OwnerMetadata{
				Format: formatPlain, Compiler: CompilerVersion, Of: model.ID{Kind: revisionMarkerKind, Name: name},
				Commit: commit, Revision: revision,
			},
		},
		Properties: object{
			"Name": name, "Type": "String", "Value": object{"Ref": RevisionParameter},
			"Description": "Raised by each commit to this stack",
		},
	}
}

// compileDirectoryEntry stores the directory entry in an SSM parameter: the cheapest resource without
// effect.
func compileDirectoryEntry(entry model.DirectoryEntry, first OwnerMetadata) Resources {
	return Resources{directoryEntryID(entry.Name): Resource{
		Type: "AWS::SSM::Parameter", Metadata: Metadata{first},
		Properties: object{
			"Name": "/stowage/directory/" + entry.Name, "Type": "String",
			"Description": "Where the project " + entry.Name + " is",
			"Value":       string(encodeJSON(entry)),
		},
	}}
}
