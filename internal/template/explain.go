package template

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Statement is one statement of a policy, for display.
type Statement struct {
	Effect    string
	Actions   []string
	Resources []string
	Condition string // as JSON; "" for none
}

// PolicyOf returns a user's permissions as one policy: its JSON and its statements. In the account
// they are packed into as many policies as needed. The document is empty when the permissions grant
// nothing.
func PolicyOf(c *Contents, user string) (document string, statements []Statement) {
	buckets := map[string]model.Bucket{}
	for _, b := range c.Buckets {
		buckets[b.Name] = b
	}
	var grants []Grant
	of := model.User{Name: user}
	if e, ok := c.Of(of.ID()); ok {
		of, _ = e.(model.User)
	}
	for _, p := range permissionsOf(c, user) {
		grants = append(grants, Grant{Permission: p})
	}
	d := newDraft(newSizer(c.Env, buckets), of, grants)
	if len(d.items) == 0 {
		return "", nil
	}
	policy := d.document()
	all, _ := policy["Statement"].(list)
	for _, s := range all {
		raw, _ := s.(object)
		statement := Statement{
			Effect: fmt.Sprint(raw["Effect"]), Actions: stringsOf(raw["Action"]),
			Resources: stringsOf(raw["Resource"]),
		}
		if condition, there := raw["Condition"]; there {
			statement.Condition = string(encodeJSON(condition))
		}
		statements = append(statements, statement)
	}
	return string(encodeJSON(policy)), statements
}

// stringsOf returns the strings of a member that is one string or a list.
func stringsOf(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []string:
		return v
	}
	return nil
}

func permissionsOf(c *Contents, user string) []model.Permission {
	var result []model.Permission
	for _, p := range c.Permissions {
		if p.User == user {
			result = append(result, p)
		}
	}
	return result
}

// TableOf returns what a user may do as a Markdown table, a row per permission. Permissions are
// additive: overlapping rows both apply.
func TableOf(c *Contents, user string) string {
	rows := [][]string{{"Bucket", "Below", "List", "Read", "Write", "Delete"}}
	yes := func(b bool) string {
		if b {
			return "yes"
		}
		return "no"
	}
	for _, p := range permissionsOf(c, user) {
		below := p.Prefix
		if below == "" {
			below = "(all)"
		}
		bucket := p.Bucket
		if slices.Contains(c.Dangling, p.ID()) {
			bucket += " (gone)"
		}
		rows = append(
			rows,
			[]string{
				bucket, strings.ReplaceAll(below, "|", `\|`), yes(reads(p)), yes(reads(p)), yes(writes(p)),
				yes(p.AllowDelete),
			},
		)
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	var b strings.Builder
	for n, row := range rows {
		for i, cell := range row {
			b.WriteString("| " + cell + strings.Repeat(" ", widths[i]-len([]rune(cell))+1))
		}
		b.WriteString("|\n")
		if n == 0 {
			for _, width := range widths {
				b.WriteString("|" + strings.Repeat("-", width+2))
			}
			b.WriteString("|\n")
		}
	}
	return b.String()
}
