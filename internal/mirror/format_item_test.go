package mirror

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
)

// Every kind of item that the first version wrote, read and written again, is the same item.
func TestFirstFormat_RoundTrip(t *testing.T) {
	body, err := os.ReadFile(filepath.Join("testdata", "format1.json"))
	if err != nil {
		t.Fatal(err)
	}
	var encoded []json.RawMessage
	if err := json.Unmarshal(body, &encoded); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, raw := range encoded {
		first, err := attributevalue.UnmarshalMapJSON(raw)
		if err != nil {
			t.Fatal(err)
		}
		sk := keyPart(first, SortKey)
		var value any
		switch {
		case isHead(sk):
			value = &Head{}
		case isBody(sk):
			value = &Body{}
		case sk == counterKey:
			value = &counter{}
		default:
			value = &storedEvent{}
		}
		seen[sk] = true
		if err := unmarshal(first, value); err != nil {
			t.Fatal(err)
		}
		again, err := marshal(keyPart(first, PartitionKey), sk, value)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(first, again) {
			t.Errorf("%s\nwas  %v\nis   %v", sk, first, again)
		}
	}
	if len(seen) != 4 {
		t.Errorf("the fixture has only the items %v", seen)
	}
}
