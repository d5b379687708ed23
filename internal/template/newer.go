package template

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// newerFormat returns the error for a resource in a format of a newer provider.
func newerFormat(logicalID string, format int) error {
	return &model.NewerFormatError{What: "the resource " + logicalID, Format: strconv.Itoa(format), Known: FormatVersion}
}

// newerSettings returns the error for owner metadata with an unknown field in a known format:
// compiling the resource again would lose what a newer provider has written. Deletions are not
// refused.
func newerSettings(logicalID, field string) error {
	return &model.NewerFormatError{What: "the resource " + logicalID, Field: field}
}

// keepNewer refuses the changes that would lose fields of a newer provider.
func (e *editor) keepNewer(refused map[int]error, errs []error) {
	blame := func(id string, changes []int) {
		before, after := e.before.template.resources[id], e.next.resources[id]
		if before == nil || after == nil || bytes.Equal(before, after) {
			return
		}
		field := unknownField(before)
		if field == "" {
			return
		}
		for _, i := range changes {
			if errs[i] == nil && refused[i] == nil {
				refused[i] = newerSettings(id, field)
			}
		}
	}
	for id, changes := range e.touched {
		blame(id, changes)
	}
	for user, changes := range e.policies.regrant {
		for n := 1; n <= MaxUserPolicies; n++ {
			blame(policyID(user, n), changes)
		}
	}
	for id := range e.metadata {
		if id != RevisionMarkerID {
			blame(id, e.reshaped)
		}
	}
}

// unknownField returns an unknown field of a resource's owner metadata, or "".
func unknownField(resource json.RawMessage) string {
	var meta OwnerMetadata
	if field := unknownIn(member(member(resource, "Metadata"), "Stowage"), &meta); field != "" || meta.Settings == nil {
		return field
	}
	switch meta.Of.Kind {
	case model.KindProject:
		return unknownIn(meta.Settings, &model.Project{})
	case model.KindBucket:
		return unknownIn(meta.Settings, &model.Bucket{})
	case model.KindUser:
		return unknownIn(meta.Settings, &model.User{})
	case model.KindDirectoryEntry:
		return unknownIn(meta.Settings, &model.DirectoryEntry{})
	case model.KindPermission:
	}
	return ""
}

func unknownIn(raw json.RawMessage, into any) string {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil {
		return ""
	}
	// The error has no type; its text ends in the quoted name.
	if _, name, ok := strings.Cut(err.Error(), "unknown field "); ok {
		return strings.Trim(name, `"`)
	}
	return ""
}
