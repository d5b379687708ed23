package mirror

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/stowage/terraform-provider-stowage/internal/event"
	"github.com/stowage/terraform-provider-stowage/internal/model"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// difference returns the new and changed entities of after, and the IDs that are only in before, in
// order of their IDs. Entities are compared in their stored form, so an empty list equals no list.
func difference(before, after *template.Contents) (event.Entities, []model.ID, error) {
	var put event.Entities
	old, err := encoded(before)
	if err != nil {
		return put, nil, err
	}
	for entity := range after.Entities() {
		now, err := json.Marshal(entity)
		if err != nil {
			return put, nil, fmt.Errorf("encoding the %s: %w", entity.ID(), err)
		}
		if !bytes.Equal(old[entity.ID()], now) {
			put.Add(entity)
		}
		delete(old, entity.ID())
	}
	var removed []model.ID
	for id := range old {
		removed = append(removed, id)
	}
	slices.SortFunc(removed, model.ID.Compare)
	return put, removed, nil
}

func encoded(contents *template.Contents) (map[model.ID][]byte, error) {
	result := map[model.ID][]byte{}
	for entity := range contents.Entities() {
		text, err := json.Marshal(entity)
		if err != nil {
			return nil, fmt.Errorf("encoding the %s: %w", entity.ID(), err)
		}
		result[entity.ID()] = text
	}
	return result, nil
}
