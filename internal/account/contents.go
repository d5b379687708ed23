package account

import (
	"fmt"
	"strings"
)

// Contents counts what a bucket holds, or what was deleted from it.
type Contents struct {
	Objects       int // current versions, without delete markers
	Versions      int // older versions
	DeleteMarkers int
	Uploads       int  // unfinished multipart uploads
	More          bool // more exist than were counted
}

// Total returns the sum of all kinds.
func (c Contents) Total() int { return c.Objects + c.Versions + c.DeleteMarkers + c.Uploads }

// Empty reports whether nothing was counted.
func (c Contents) Empty() bool { return c.Total() == 0 }

func (c *Contents) add(k kind) {
	switch k {
	case object:
		c.Objects++
	case version:
		c.Versions++
	case marker, hiding:
		c.DeleteMarkers++
	case upload:
		c.Uploads++
	}
}

// String returns the counts: "2 objects, 1 older version and 1 delete marker".
func (c Contents) String() string {
	var parts []string
	for _, part := range []struct {
		n    int
		what string
	}{
		{c.Objects, "object"}, {c.Versions, "older version"}, {c.DeleteMarkers, "delete marker"},
		{c.Uploads, "unfinished upload"},
	} {
		if part.n > 0 {
			parts = append(parts, number(part.n, part.what))
		}
	}
	if c.More {
		parts = append(parts, "more")
	}
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
}

func number(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
