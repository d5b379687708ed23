package projects

import (
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// lookupPause is how long a reading of the directory answers notifications about projects that it
// does not list. A project that is created meanwhile is found by its next notification after that,
// or by the sweep.
const lookupPause = 5 * time.Second

// lookup is the last reading of the directory that did not list a project. Every account whose
// topic the relay subscribes to can send notifications about stacks of projects that do not exist.
// Without lookup each would cost calls to CloudFormation in the hub.
type lookup struct {
	at     time.Time
	listed map[string]bool
}

// missed stores a reading of the directory that does not list a project.
func (dir *directory) missed(entries []model.DirectoryEntry) {
	listed := make(map[string]bool, len(entries))
	for _, entry := range entries {
		listed[entry.Name] = true
	}
	dir.mu.Lock()
	defer dir.mu.Unlock()
	dir.lookup = lookup{time.Now(), listed}
}

// unlisted reports whether a project was recently missing from the directory.
func (dir *directory) unlisted(name string) bool {
	dir.mu.Lock()
	defer dir.mu.Unlock()
	return dir.lookup.listed != nil && !dir.lookup.listed[name] && time.Since(dir.lookup.at) < lookupPause
}
