package main

import (
	"fmt"
	"strings"
)

// perProject is the most entities that a bench puts into one project: a stack takes 450 resources, and a bucket and a user
// are two each.
const perProject = 350

// configuration is a number of entities as a person writes them, in two versions: as what they are, and each as a terraform_data
// of the same values and references.
type configuration struct {
	projects, buckets, users, permissions int

	stowage, data strings.Builder
}

// newConfiguration is a mix: of each project's entities a fifth are buckets and a fifth users, the rest are the project itself and
// permissions. Every project has an account of its own; the first one's number is given.
func newConfiguration(entities, account int) *configuration {
	c := &configuration{}
	c.stowage.WriteString(providerBlock)
	projects := (entities + perProject - 1) / perProject
	for n := range projects {
		size := entities / projects
		if n < entities%projects {
			size++
		}
		c.addProject(fmt.Sprintf("bench-%d-%d", entities, n), account+n, size)
	}
	return c
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

func (c *configuration) addProject(project string, account, size int) {
	c.projects++
	c.add("project", project, literal("name", project), literal("account_id", fmt.Sprintf("%012d", account)))
	in := reference("project", "project", project)
	bucket := func(n int) string { return fmt.Sprintf("%s-bucket-%d", project, n) }
	user := func(n int) string { return fmt.Sprintf("%s-user-%d", project, n) }
	fifth := size / 5
	for n := range fifth {
		c.buckets++
		c.add("project_bucket", bucket(n), in, literal("name", fmt.Sprintf("bucket-%d", n)))
	}
	for n := range fifth {
		c.users++
		c.add("project_user", user(n), in, literal("name", fmt.Sprintf("user-%d", n)))
	}
	for n := range size - 1 - 2*fifth {
		c.permissions++
		// Each user has one on the bucket of its own number, then on the next, and so on.
		u, b := n%fifth, (n%fifth+n/fifth)%fifth
		c.add("user_permission", fmt.Sprintf("%s-permission-%d", project, n), in,
			reference("user", "project_user", user(u)), reference("bucket", "project_bucket", bucket(b)), literal("access", "read_write"))
	}
}

// argument is an argument of a block: a literal, or the name of another block's entity.
type argument struct{ name, stowage, data string }

func literal(name, value string) argument {
	return argument{name, fmt.Sprintf("%q", value), fmt.Sprintf("%q", value)}
}

func reference(name, kind, label string) argument {
	return argument{name, fmt.Sprintf("stowage_%s.%s.name", kind, label), fmt.Sprintf("terraform_data.%s.input.name", label)}
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

// String is the mix for people.
func (c *configuration) String() string {
	return fmt.Sprintf("%d projects, %d buckets, %d users, %d permissions", c.projects, c.buckets, c.users, c.permissions)
}
