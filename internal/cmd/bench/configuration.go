package main

import (
	"fmt"
	"strings"
)

// perProject is the maximum number of entities in one project: a fifth of them are users, each of
// which has a group, and an account has 300 groups (IAM user guide, reference_iam-quotas).
const perProject = 1250

// configuration is a configuration of entities in two versions: as Stowage resources, and each as a
// terraform_data with the same values and references.
type configuration struct {
	name string // of its directory, and the prefix of its projects' names

	projects, buckets, users, permissions int

	stowage, data strings.Builder

	parts []*configuration // one per project, without the provider block
}

// newConfiguration returns a mix in as few projects as the quota of groups allows.
func newConfiguration(name string, entities, account int) *configuration {
	return newMix(name, (entities+perProject-1)/perProject, entities, account)
}

// newMix returns a mix: of each project's entities a fifth are buckets and a fifth users; the rest
// are the project and permissions. Every project has an account of its own, starting with the given
// number.
func newMix(name string, projects, entities, account int) *configuration {
	c := &configuration{name: name}
	c.stowage.WriteString(providerBlock)
	for n := range projects {
		size := entities / projects
		if n < entities%projects {
			size++
		}
		c.addPart(fmt.Sprintf("%s-%d", name, n), size, account+n)
	}
	return c
}

// addPart adds a project with its entities.
func (c *configuration) addPart(project string, entities, account int) {
	part := &configuration{name: project}
	part.addProject(project, account)
	fifth := entities / 5
	part.addBuckets(project, fifth)
	part.addUsers(project, fifth, entities-1-2*fifth)

	c.parts = append(c.parts, part)
	c.projects += part.projects
	c.buckets += part.buckets
	c.users += part.users
	c.permissions += part.permissions
	c.stowage.WriteString(part.stowage.String())
	c.data.WriteString(part.data.String())
}

const providerBlock = `terraform {
  required_providers {
    stowage = {
      source = "stowage/stowage"
    }
  }
}

provider "stowage" {}
`

func (c *configuration) addProject(project string, account int) {
	c.projects++
	c.add("project", project, literal("name", project), literal("account_id", fmt.Sprintf("%012d", account)))
}

func (c *configuration) addBuckets(project string, buckets int) {
	c.buckets += buckets
	for n := range buckets {
		c.add(
			"project_bucket", label(project, "bucket", n), reference("project", "project", project),
			literal("name", label("bucket", n)),
		)
	}
}

// addUsers adds users with permissions to a project with as many buckets as users.
func (c *configuration) addUsers(project string, users, permissions int) {
	c.users += users
	c.permissions += permissions
	for n := range users {
		c.add(
			"project_user", label(project, "user", n), reference("project", "project", project),
			literal("name", label("user", n)),
		)
	}
	for n := range permissions {
		// Each user has one on the bucket of its own number, then on the next, and so on.
		user, bucket := n%users, (n%users+n/users)%users
		c.add(
			"user_permission", label(project, "permission", n), reference("project", "project", project),
			reference("user", "project_user", label(project, "user", user)),
			reference("bucket", "project_bucket", label(project, "bucket", bucket)), literal("access", "read_write"),
		)
	}
}

func label(parts ...any) string {
	return strings.Join(strings.Fields(fmt.Sprintln(parts...)), "-")
}

// argument is an argument of a block: a literal, or the name of another block's entity.
type argument struct{ name, stowage, data string }

func literal(name, value string) argument {
	return argument{name, fmt.Sprintf("%q", value), fmt.Sprintf("%q", value)}
}

func reference(name, kind, label string) argument {
	return argument{
		name, fmt.Sprintf("stowage_%s.%s.name", kind, label), fmt.Sprintf("terraform_data.%s.input.name", label),
	}
}

func (c *configuration) add(kind, label string, arguments ...argument) {
	fmt.Fprintf(&c.stowage, "\nresource \"stowage_%s\" %q {\n", kind, label)
	fmt.Fprintf(&c.data, "\nresource \"terraform_data\" %q {\n  input = {\n", label)
	for _, a := range arguments {
		fmt.Fprintf(&c.stowage, "  %s = %s\n", a.name, a.stowage)
		fmt.Fprintf(&c.data, "    %s = %s\n", a.name, a.data)
	}
	c.stowage.WriteString("}\n")
	c.data.WriteString("  }\n}\n")
}

// dataDir returns the directory of the terraform_data version.
func (c *configuration) dataDir() string { return c.name + "-data" }

// tinyDir returns the directory of the version for the stub with a tiny schema.
func (c *configuration) tinyDir() string { return c.name + "-tiny" }

func (c *configuration) size() int { return c.projects + c.buckets + c.users + c.permissions }

// String describes the mix.
func (c *configuration) String() string {
	return fmt.Sprintf("%d projects, %d buckets, %d users, %d permissions", c.projects, c.buckets, c.users, c.permissions)
}
