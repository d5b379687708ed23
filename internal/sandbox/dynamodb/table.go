package dynamodb

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

type keyAttribute struct {
	name string
	kind kind
}

// The modelled states of a table.
const (
	statusCreating = "CREATING"
	statusActive   = "ACTIVE"
	statusDeleting = "DELETING"
)

// table is a table with its items. Items and row lists are replaced, never changed, so that keeping
// the versions before the last write is free.
type table struct {
	name, arn, id string
	status        string
	created       time.Time
	hash          keyAttribute
	sort          *keyAttribute // nil: the hash key alone is the primary key
	billing       string
	read, write   int64 // provisioned units; 0 on demand
	class         string
	protected     bool // deletion protection
	encrypted     bool // with a KMS key
	kmsKey        string
	ttlAttribute  string // "" when TTL is off
	pitr          bool
	pitrDays      int
	pitrSince     time.Time
	tags          map[string]string

	partitions map[string]*partition
	sorted     []*partition // by hash; nil when it must be rebuilt
	before     map[string]*partition
	count      int
	bytes      int
}

// partition holds the items of one hash key, by sort key.
type partition struct {
	id   string
	hash uint64
	rows []item
}

// encode returns a key value as a map key: equal values, equal strings.
func encode(v value) string {
	if v.kind == kindNumber {
		return "N" + v.num.String()
	}
	return string(v.kind) + v.text
}

func partitionHash(id string) uint64 {
	sum := sha256.Sum256([]byte(id))
	return binary.BigEndian.Uint64(sum[:8])
}

func (t *table) keys() []keyAttribute {
	if t.sort == nil {
		return []keyAttribute{t.hash}
	}
	return []keyAttribute{t.hash, *t.sort}
}

func (t *table) isKey(name string) bool {
	return slices.ContainsFunc(t.keys(), func(k keyAttribute) bool { return k.name == name })
}

func (t *table) keyOf(i item) item {
	key := make(item, 2)
	for _, k := range t.keys() {
		key[k.name] = i[k.name]
	}
	return key
}

// identity identifies the item with a primary key across tables.
func (t *table) identity(i item) string {
	id := t.arn
	for _, k := range t.keys() {
		id += "\x00" + encode(i[k.name])
	}
	return id
}

func (t *table) checkKey(key item) *cloud.Error {
	if err := key.check(); err != nil {
		return err
	}
	if len(key) != len(t.keys()) {
		return keyMismatch()
	}
	for _, k := range t.keys() {
		if v, ok := key[k.name]; !ok || v.kind != k.kind {
			return keyMismatch()
		}
	}
	return t.checkKeyValues(key)
}

// missingKey begins the error for an item without its key.
const missingKey = "One or more parameter values were invalid: Missing the key "

func (t *table) checkItem(i item) *cloud.Error {
	if err := i.check(); err != nil {
		return err
	}
	for _, k := range t.keys() {
		v, ok := i[k.name]
		if !ok {
			return invalid(missingKey+"%s in the item", k.name)
		}
		if v.kind != k.kind {
			return invalid(
				"One or more parameter values were invalid: Type mismatch for key %s expected: %s actual: %s", k.name,
				k.kind, v.kind,
			)
		}
	}
	if err := t.checkKeyValues(i); err != nil {
		return err
	}
	if i.size() > maxItemSize {
		return invalid("Item size has exceeded the maximum allowed size")
	}
	return nil
}

// checkKeyValues refuses empty and oversized key values: developer guide "Quotas in Amazon
// DynamoDB" and "Supported data types and naming rules in Amazon DynamoDB".
func (t *table) checkKeyValues(i item) *cloud.Error {
	for _, k := range t.keys() {
		if err := checkNotEmpty(k.name, i[k.name]); err != nil {
			return err
		}
	}
	if len(i[t.hash.name].text) > maxHashKey {
		return invalid(
			"One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of%d bytes",
			maxHashKey,
		)
	}
	if t.sort != nil && len(i[t.sort.name].text) > maxRangeKey {
		return invalid(
			"One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of %d bytes",
			maxRangeKey,
		)
	}
	return nil
}

func checkNotEmpty(name string, v value) *cloud.Error {
	what := map[kind]string{kindString: "string", kindBinary: "binary"}[v.kind]
	if what != "" && v.text == "" {
		return invalid(
			"One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s",
			what,
			name,
		)
	}
	return nil
}

// rows returns the items of a hash key, as of now or as of before the last write.
func (t *table) rows(id string, stale bool) []item {
	p := t.partitions[id]
	if stale {
		if old, written := t.before[id]; written {
			p = old
		}
	}
	if p == nil {
		return nil
	}
	return p.rows
}

// find searches rows for a sort key. It returns the position, and whether the key is there.
func (t *table) find(rows []item, key item) (int, bool) {
	if t.sort == nil {
		return 0, len(rows) > 0
	}
	return slices.BinarySearchFunc(
		rows, key[t.sort.name], func(row item, v value) int { return compareOrdered(row[t.sort.name], v) },
	)
}

func (t *table) get(key item, stale bool) item {
	rows := t.rows(encode(key[t.hash.name]), stale)
	if at, ok := t.find(rows, key); ok {
		return rows[at]
	}
	return nil
}

// begin starts a write request: stale reads do not see what is stored until the next begin.
func (t *table) begin() { t.before = make(map[string]*partition) }

// set replaces the item with a key, or removes it when i is nil.
func (t *table) set(key, i item) {
	id := encode(key[t.hash.name])
	old := t.partitions[id]
	if _, noted := t.before[id]; !noted {
		t.before[id] = old
	}
	p := &partition{id: id}
	if old != nil {
		p.hash, p.rows = old.hash, old.rows
	} else {
		p.hash = partitionHash(id)
	}
	at, found := t.find(p.rows, key)
	rows := make([]item, 0, len(p.rows)+1)
	rows = append(rows, p.rows[:at]...)
	if i != nil {
		rows = append(rows, i)
		t.count++
		t.bytes += i.size()
	}
	if found {
		t.count--
		t.bytes -= p.rows[at].size()
		at++
	}
	p.rows = append(rows, p.rows[at:]...)
	t.sorted = nil
	if len(p.rows) == 0 {
		delete(t.partitions, id)
		return
	}
	t.partitions[id] = p
}

// all returns every partition in the order of Scan: by the hash of the hash key.
func (t *table) all(stale bool) []*partition {
	if stale && len(t.before) > 0 {
		merged := maps.Clone(t.partitions)
		for id, p := range t.before {
			if p == nil {
				delete(merged, id)
			} else {
				merged[id] = p
			}
		}
		return inOrder(merged)
	}
	if t.sorted == nil {
		t.sorted = inOrder(t.partitions)
	}
	return t.sorted
}

func inOrder(partitions map[string]*partition) []*partition {
	return slices.SortedFunc(maps.Values(partitions), comparePartitions)
}

func comparePartitions(a, b *partition) int {
	switch {
	case a.hash < b.hash:
		return -1
	case a.hash > b.hash:
		return 1
	default:
		return bytes.Compare([]byte(a.id), []byte(b.id))
	}
}

// seconds returns a TTL attribute's time in seconds since 1970; false when v is no such number.
func seconds(v value) (int64, bool) {
	if v.kind != kindNumber {
		return 0, false
	}
	n, err := json.Number(v.num.String()).Int64()
	return n, err == nil
}
