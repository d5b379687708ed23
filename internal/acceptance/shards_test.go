package acceptance_test

import (
	"maps"
	"testing"
)

// A thousand entities: 250 buckets, 50 users with 14 permissions each. That is 650 resources, and a
// stack takes 450. The permissions have a configuration of their own: a thousand nodes that depend
// on each other occupy the CLI for most of a minute.
const (
	parents = acmeProject + `
resource "stowage_project_bucket" "b" {
  count   = 250
  project = stowage_project.acme.name
  name    = "bucket${count.index}"
}

resource "stowage_project_user" "u" {
  count   = 50
  project = stowage_project.acme.name
  name    = "user${count.index}"
}
`
	grants = `
resource "stowage_user_permission" "p" {
  count   = 700
  project = "acme"
  user    = "user${floor(count.index / 14)}"
  bucket  = "bucket${(count.index * 3) % 250}"
  access  = "read"
}
`
	stacks = `
data "stowage_project" "acme" {
  name = "acme"
}

output "stacks" {
  value = [for stack in data.stowage_project.acme.stacks : stack.name]
}
`
)

// TestThousandEntities applies, plans and destroys more than a stack has room for.
func TestThousandEntities(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.workspace(parents)
	p.apply("-parallelism=100").says("301 added", "Stack Added to Project")
	g := w.workspace(grants)
	g.apply("-parallelism=100").says("700 added")
	w.workspace(stacks).apply().says(`"stowage-acme-0"`, `"stowage-acme-1"`)
	budget := maps.Clone(budgets["verified"])
	budget["cloudformation.DescribeStacks"] = 2 // one per stack
	w.wantCalls(w.counted(func() { g.planIsEmpty("-parallelism=100") }), budget)
	w.wantCalls(w.counted(func() { p.planIsEmpty("-parallelism=100") }), budget)
	g.destroy("-parallelism=100")
	p.destroy("-parallelism=100")
	w.clients().wantNothingLeft()
}
