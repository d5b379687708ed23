// Package model says what a project is made of: its buckets, its users, their permissions, and the rules that each of
// them obeys on its own. It knows names, identities and limits, and nothing of AWS APIs, templates or Terraform.
//
// An entity is one of the types Project, Bucket, User, Permission and Listing. Each is a plain value, comparable field by
// field, with JSON tags that are the stored format: the metadata of templates and the mirror hold exactly this JSON.
// Fields are only ever added, with a zero value that means what was meant before the field existed.
//
// Every entity has an ID that is unique in its project, and Problems, which lists what is wrong with the entity as it
// stands, field by field, without looking at any other entity. Rules over several entities (a permission needs its
// bucket, names must not collide) are judged where all of them are known, in package template.
package model
