// Schema prints the provider's schemas as "terraform providers schema -json" does, for tools that
// run without Terraform:
//
//	go run ./internal/cmd/schema > schema.json
//	tfplugindocs generate --providers-schema schema.json --provider-name stowage
//
// The format is Terraform's, version 1.0 (Terraform documentation, "terraform providers schema").
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/stowage/terraform-provider-stowage/internal/provider"
)

// address is the provider's address for tfplugindocs, which accepts only short names and addresses
// of HashiCorp's providers.
const address = "stowage"

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "schema:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	schemas, err := schemas(ctx)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(schemas)
}

type object = map[string]any

func schemas(ctx context.Context) (object, error) {
	server, err := providerserver.NewProtocol6WithError(provider.New("docs"))()
	if err != nil {
		return nil, err
	}
	got, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, err
	}
	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return nil, err
	}
	for _, d := range append(got.Diagnostics, identities.Diagnostics...) {
		return nil, fmt.Errorf("%s: %s", d.Summary, d.Detail)
	}
	functions := object{}
	for name, f := range got.Functions {
		functions[name] = function(f)
	}
	identity := object{}
	for name, s := range identities.IdentitySchemas {
		attributes := object{}
		for _, a := range s.IdentityAttributes {
			attributes[a.Name] = without(object{
				"type":                typeOf(a.Type),
				"description":         a.Description,
				"required_for_import": a.RequiredForImport,
				"optional_for_import": a.OptionalForImport,
			})
		}
		identity[name] = object{"version": s.Version, "attributes": attributes}
	}
	return object{"format_version": "1.0", "provider_schemas": object{address: object{
		"provider":                   schema(got.Provider),
		"resource_schemas":           all(got.ResourceSchemas),
		"data_source_schemas":        all(got.DataSourceSchemas),
		"ephemeral_resource_schemas": all(got.EphemeralResourceSchemas),
		"list_resource_schemas":      all(got.ListResourceSchemas),
		"action_schemas":             actions(got.ActionSchemas),
		"functions":                  functions,
		"resource_identity_schemas":  identity,
	}}}, nil
}

func all(schemas map[string]*tfprotov6.Schema) object {
	result := object{}
	for name, s := range schemas {
		result[name] = schema(s)
	}
	return result
}

func actions(schemas map[string]*tfprotov6.ActionSchema) object {
	result := object{}
	for name, s := range schemas {
		result[name] = schema(s.Schema)
	}
	return result
}

func schema(s *tfprotov6.Schema) object { return object{"version": s.Version, "block": block(s.Block)} }

func block(b *tfprotov6.SchemaBlock) object {
	blocks := object{}
	for _, nested := range b.BlockTypes {
		blocks[nested.TypeName] = without(object{
			"nesting_mode": nestedBlockModes[nested.Nesting],
			"block":        block(nested.Block),
			"min_items":    nested.MinItems,
			"max_items":    nested.MaxItems,
		})
	}
	return without(object{
		"attributes":       attributes(b.Attributes),
		"block_types":      blocks,
		"description":      b.Description,
		"description_kind": kind(b.DescriptionKind),
		"deprecated":       b.Deprecated,
	})
}

func attributes(list []*tfprotov6.SchemaAttribute) object {
	result := object{}
	for _, a := range list {
		attribute := object{
			"description":      a.Description,
			"description_kind": kind(a.DescriptionKind),
			"required":         a.Required,
			"optional":         a.Optional,
			"computed":         a.Computed,
			"sensitive":        a.Sensitive,
			"deprecated":       a.Deprecated,
			"write_only":       a.WriteOnly,
		}
		if a.NestedType != nil {
			attribute["nested_type"] = object{
				"attributes": attributes(a.NestedType.Attributes), "nesting_mode": nestedTypeModes[a.NestedType.Nesting],
			}
		} else {
			attribute["type"] = typeOf(a.Type)
		}
		result[a.Name] = without(attribute)
	}
	return result
}

func function(f *tfprotov6.Function) object {
	parameters := []object{}
	for _, p := range f.Parameters {
		parameters = append(parameters, parameter(p))
	}
	result := object{
		"description": f.Description, "summary": f.Summary, "return_type": typeOf(f.Return.Type),
		"parameters": parameters, "deprecation_message": f.DeprecationMessage,
	}
	if f.VariadicParameter != nil {
		result["variadic_parameter"] = parameter(f.VariadicParameter)
	}
	return without(result)
}

func parameter(p *tfprotov6.FunctionParameter) object {
	return without(
		object{"name": p.Name, "description": p.Description, "is_nullable": p.AllowNullValue, "type": typeOf(p.Type)},
	)
}

// typeOf returns a type in Terraform's JSON: "string", ["list", "string"], ["object", {...}].
func typeOf(t tftypes.Type) any {
	switch t := t.(type) {
	case tftypes.List:
		return []any{"list", typeOf(t.ElementType)}
	case tftypes.Set:
		return []any{"set", typeOf(t.ElementType)}
	case tftypes.Map:
		return []any{"map", typeOf(t.ElementType)}
	case tftypes.Object:
		members := object{}
		for name, member := range t.AttributeTypes {
			members[name] = typeOf(member)
		}
		return []any{"object", members}
	case tftypes.Tuple:
		members := []any{}
		for _, member := range t.ElementTypes {
			members = append(members, typeOf(member))
		}
		return []any{"tuple", members}
	}
	for name, primitive := range map[string]tftypes.Type{
		"string": tftypes.String, "number": tftypes.Number, "bool": tftypes.Bool,
	} {
		if t.Equal(primitive) {
			return name
		}
	}
	return "dynamic"
}

var (
	nestedBlockModes = map[tfprotov6.SchemaNestedBlockNestingMode]string{
		tfprotov6.SchemaNestedBlockNestingModeSingle: "single",
		tfprotov6.SchemaNestedBlockNestingModeList:   "list",
		tfprotov6.SchemaNestedBlockNestingModeSet:    "set",
		tfprotov6.SchemaNestedBlockNestingModeMap:    "map",
		tfprotov6.SchemaNestedBlockNestingModeGroup:  "group",
	}
	nestedTypeModes = map[tfprotov6.SchemaObjectNestingMode]string{
		tfprotov6.SchemaObjectNestingModeSingle: "single", tfprotov6.SchemaObjectNestingModeList: "list",
		tfprotov6.SchemaObjectNestingModeSet: "set", tfprotov6.SchemaObjectNestingModeMap: "map",
	}
)

func kind(k tfprotov6.StringKind) string {
	if k == tfprotov6.StringKindMarkdown {
		return "markdown"
	}
	return "plain"
}

// without removes what Terraform omits: "", false, 0, and empty objects.
func without(o object) object {
	for name, value := range o {
		switch value := value.(type) {
		case string:
			if value == "" {
				delete(o, name)
			}
		case bool:
			if !value {
				delete(o, name)
			}
		case int64:
			if value == 0 {
				delete(o, name)
			}
		case object:
			if len(value) == 0 {
				delete(o, name)
			}
		}
	}
	return o
}
