package projects

import "github.com/stowage/terraform-provider-stowage/internal/commit"

// Warning is what a person who changes a project should hear of although nothing failed: a SaturatedWarning or an UnhealedWarning.
type Warning interface{ warning() }

// SaturatedWarning says that the commits to a stack hold exactly as many changes as the caller makes at once, again and again:
// with more at once there would be fewer commits. There is one per process.
type SaturatedWarning struct {
	Project, Stack string
	Size           int // changes in each commit
}

// UnhealedWarning says that the rollback of a failed commit left resources out, and that they could not be brought back to
// what the template says.
type UnhealedWarning struct {
	Project, Stack string
	LogicalIDs     []string
	Reasons        []string // AWS's, resource by resource
}

func (SaturatedWarning) warning() {}
func (UnhealedWarning) warning()  {}

// Warnings returns what has come up since it was called last. Each warning is returned once, to one caller.
func (s *Service) Warnings() []Warning {
	s.mu.Lock()
	defer s.mu.Unlock()
	warnings := s.warnings
	s.warnings = nil
	return warnings
}

func (s *Service) saturated(d *shard, e commit.Saturated) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.saturatedSaid {
		return
	}
	s.saturatedSaid = true
	s.warnings = append(s.warnings, SaturatedWarning{d.partition, d.stack.Name(), e.Size})
}

func (s *Service) unhealed(d *shard, e commit.Unhealed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.warnings = append(s.warnings, UnhealedWarning{d.partition, d.stack.Name(), e.LogicalIDs, e.Reasons})
}
