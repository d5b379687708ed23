// Package model defines what a project consists of: buckets, users, permissions, and the rules for
// each of them. It knows names, identities and limits, and nothing of AWS APIs, templates or
// Terraform.
//
// An entity is a Project, Bucket, User, Permission or DirectoryEntry. Each is a plain value,
// comparable field by field. Its JSON is the stored format: the metadata of templates and the
// mirror hold exactly this JSON. Fields are only ever added; the zero value of a new field keeps
// the previous meaning.
//
// Every entity has an ID, which is unique in its project, and Problems, which lists its invalid
// fields without looking at other entities. Package template checks the rules over several entities
// (a permission needs its bucket, names must not collide).
package model
