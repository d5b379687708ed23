package entity

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// name holds the values of an object's identity, in the order of Object.Identity; "" for an
// optional part that is not given.
type name []string

// String returns the ID: the given parts, joined by slashes.
func (n name) String() string {
	given := n
	for len(given) > 1 && given[len(given)-1] == "" {
		given = given[:len(given)-1]
	}
	return strings.Join(given, "/")
}

func (n name) project() string { return n[0] }

// id returns the entity's identity within its project.
func (o *Object[M]) id(n name) model.ID {
	if o.Kind == model.KindProject {
		return model.ID{Kind: model.KindProject, Name: n.project()}
	}
	return model.ID{Kind: o.Kind, Name: n[1:].String()}
}

func (o *Object[M]) idPattern() string {
	var text strings.Builder
	for i, part := range o.Identity {
		piece := "<" + part.Name + ">"
		if i > 0 {
			piece = "/" + piece
		}
		if part.Optional {
			piece = "[" + piece + "]"
		}
		text.WriteString(piece)
	}
	return "`" + text.String() + "`"
}

type attributes interface {
	GetAttribute(ctx context.Context, at path.Path, target any) diag.Diagnostics
}

// nameOf reads the identity's values. They must be known.
func (o *Object[M]) nameOf(ctx context.Context, from attributes) (name, diag.Diagnostics) {
	n, ok, diags := o.knownName(ctx, from)
	if !ok && !diags.HasError() {
		diags.AddError(
			"Unknown Identity",
			fmt.Sprintf(
				"The identity of a %s isn't known. This is a bug in the provider, please report it.",
				strings.ToLower(o.Title),
			),
		)
	}
	return n, diags
}

// knownName reads the identity's values; ok is false while one is unknown or missing.
func (o *Object[M]) knownName(ctx context.Context, from attributes) (n name, ok bool, diags diag.Diagnostics) {
	n, ok = make(name, len(o.Identity)), true
	for i, part := range o.Identity {
		var value types.String
		diags.Append(from.GetAttribute(ctx, path.Root(part.Name), &value)...)
		n[i] = value.ValueString()
		if value.IsUnknown() || (n[i] == "" && !part.Optional) {
			ok = false
		}
	}
	return n, ok && !diags.HasError(), diags
}

// IdentitySchema implements resource.ResourceWithIdentity.
func (r *Resource[M, P]) IdentitySchema(
	_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse,
) {
	resp.IdentitySchema.Attributes = map[string]identityschema.Attribute{}
	for _, part := range r.object.Identity {
		resp.IdentitySchema.Attributes[part.Name] = identityschema.StringAttribute{
			RequiredForImport: !part.Optional, OptionalForImport: part.Optional, Description: part.Description,
		}
	}
	if r.object.Adoption != nil {
		resp.IdentitySchema.Attributes[r.object.Adoption.Physical] = identityschema.StringAttribute{
			OptionalForImport: true,
			Description: fmt.Sprintf(
				"The physical name of a %s that is to be adopted; null for one that is in the model.", r.object.Kind,
			),
		}
	}
}

// setIdentity writes the identity. Terraform before 1.12 has none. physical is the name of an entity
// that is to be adopted; "" for any other.
func (o *Object[M]) setIdentity(
	ctx context.Context, n name, physical string, identity *tfsdk.ResourceIdentity,
) diag.Diagnostics {
	var diags diag.Diagnostics
	if identity == nil {
		return diags
	}
	for attribute, value := range o.identity(n, physical) {
		diags.Append(identity.SetAttribute(ctx, path.Root(attribute), value)...)
	}
	return diags
}

func (o *Object[M]) identity(n name, physical string) map[string]types.String {
	attributes := map[string]types.String{}
	for i, part := range o.Identity {
		attributes[part.Name] = Optional(n[i])
	}
	if o.Adoption != nil {
		attributes[o.Adoption.Physical] = Optional(physical)
	}
	return attributes
}

// ImportState implements resource.ResourceWithImportState. It looks the entity up, so that
// importing a missing object returns a clear error.
func (r *Resource[M, P]) ImportState(
	ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse,
) {
	n, physical, diags := r.object.imported(ctx, req)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	var err error
	if physical == "" {
		_, _, err = r.reader.find(ctx, n)
	} else {
		r.importExisting(ctx, n, physical, resp)
	}
	switch {
	case resp.Diagnostics.HasError():
		return
	case model.IsNotFound(err, model.NotFoundEntity),
		r.object.Kind == model.KindProject && model.IsNotFound(err, model.NotFoundProject, model.NotFoundDirectory):
		resp.Diagnostics.AddError("Cannot Import "+r.object.Title, fmt.Sprintf(
			"There is no %s %q%s\n\n"+
				"Check the id for typing errors, or remove the import block and let Terraform create the object.", strings.ToLower(r.object.Title), n, r.object.existingHint(n)))
		return
	case err != nil:
		resp.Diagnostics.Append(r.object.failure(importing, n).diagnostic(err))
		return
	}
	for i, part := range r.object.Identity {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(part.Name), n[i])...)
	}
	resp.Diagnostics.Append(r.object.setIdentity(ctx, n, physical, resp.Identity)...)
}

// existingHint is how to import an entity that exists and is not in the model.
func (o *Object[M]) existingHint(n name) string {
	switch {
	case o.Adoption != nil:
		return fmt.Sprintf(
			" in the model. To adopt a %s that exists in the account of the project, add its physical name to the id: %s/<%s>.",
			o.Kind, n, o.Adoption.Physical,
		)
	case o.Kind == model.KindUser:
		return ": only what is in the model can be imported. Adopting resources that were made without Stowage comes with a later version."
	}
	return ": only what is in the model can be imported."
}

// imported is the name that an import gives, by id or by identity, and the physical name of what is
// to be adopted; "" for an entity of the model.
func (o *Object[M]) imported(
	ctx context.Context, req resource.ImportStateRequest,
) (n name, physical string, diags diag.Diagnostics) {
	if req.ID == "" && req.Identity != nil && !req.Identity.Raw.IsNull() {
		n, diags = o.nameOf(ctx, req.Identity)
		if o.Adoption == nil || diags.HasError() {
			return n, "", diags
		}
		var existing types.String
		diags.Append(req.Identity.GetAttribute(ctx, path.Root(o.Adoption.Physical), &existing)...)
		return n, existing.ValueString(), diags
	}
	id := req.ID
	if o.Adoption != nil && strings.Count(id, "/") == len(o.Identity) {
		last := strings.LastIndexByte(id, '/')
		id, physical = id[:last], id[last+1:]
		if physical == "" {
			id = "" // it is no id
		}
	}
	required := 0
	for _, part := range o.Identity {
		if !part.Optional {
			required++
		}
	}
	n = make(name, len(o.Identity))
	given := strings.SplitN(id, "/", len(n))
	copy(n, given)
	bad := len(given) < required
	for i := range required {
		bad = bad || n[i] == ""
	}
	if required == len(n) && strings.Contains(n[len(n)-1], "/") {
		bad = true // only an optional part may contain slashes
	}
	if bad {
		detail := fmt.Sprintf("The id %q has not the form %s.", req.ID, o.idPattern())
		switch {
		case o.Adoption != nil:
			detail += fmt.Sprintf("\n\nTo adopt a %s that exists in the account of the project, the form is `%s/<%s>`.",
				o.Kind, strings.Trim(o.idPattern(), "`"), o.Adoption.Physical)
		case o.Kind == model.KindUser:
			detail += "\n\nOnly what is in the model can be imported. Adopting a user that was made without Stowage comes with a later version."
		}
		diags.AddError("Invalid Import ID", detail)
	}
	return n, physical, diags
}
