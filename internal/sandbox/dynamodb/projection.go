package dynamodb

import (
	"maps"
	"slices"
)

// selection is a set of paths as a tree. A leaf selects everything below.
type selection struct {
	names   map[string]*selection
	indexes map[int]*selection
}

func newSelection(paths []path) *selection {
	root := &selection{}
	for _, p := range paths {
		at := root
		for _, s := range p {
			if s.indexed {
				if at.indexes == nil {
					at.indexes = make(map[int]*selection)
				}
				if at.indexes[s.index] == nil {
					at.indexes[s.index] = &selection{}
				}
				at = at.indexes[s.index]
				continue
			}
			if at.names == nil {
				at.names = make(map[string]*selection)
			}
			if at.names[s.name] == nil {
				at.names[s.name] = &selection{}
			}
			at = at.names[s.name]
		}
	}
	return root
}

// project returns the part of an item that the paths select. Selected elements of a list keep their
// order but not their indexes: developer guide "Using projection expressions in DynamoDB".
func project(i item, paths []path) item {
	if i == nil {
		return nil
	}
	if len(paths) == 0 {
		return item{}
	}
	v, _ := newSelection(paths).of(value{kind: kindMap, m: i})
	if v.m == nil {
		return item{}
	}
	return v.m
}

func (s *selection) of(v value) (value, bool) {
	switch {
	case s.names == nil && s.indexes == nil:
		return v, true
	case s.names != nil && v.kind == kindMap:
		part := make(item)
		for name, below := range s.names {
			if member, ok := v.m[name]; ok {
				if member, ok = below.of(member); ok {
					part[name] = member
				}
			}
		}
		return value{kind: kindMap, m: part}, len(part) > 0
	case s.indexes != nil && v.kind == kindList:
		var part []value
		for _, index := range slices.Sorted(maps.Keys(s.indexes)) {
			if index < len(v.list) {
				if element, ok := s.indexes[index].of(v.list[index]); ok {
					part = append(part, element)
				}
			}
		}
		return value{kind: kindList, list: part}, len(part) > 0
	default:
		return value{}, false
	}
}
