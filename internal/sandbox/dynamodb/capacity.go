package dynamodb

import "github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"

// Capacity rules: developer guide "DynamoDB provisioned capacity mode" and API reference
// "ConsumedCapacity". A read unit is 4 KB of consistent or 8 KB of eventually consistent reads, a
// write unit is 1 KB; transactions cost twice.

type consumed struct {
	TableName          string
	CapacityUnits      float64
	ReadCapacityUnits  *float64    `json:",omitempty"`
	WriteCapacityUnits *float64    `json:",omitempty"`
	Table              *tableUnits `json:",omitempty"`
}

type tableUnits struct {
	CapacityUnits      float64
	ReadCapacityUnits  *float64 `json:",omitempty"`
	WriteCapacityUnits *float64 `json:",omitempty"`
}

// readUnits returns the cost of one read of so many bytes.
func readUnits(bytes int, consistent bool) float64 {
	units := float64(max(1, (bytes+4095)/4096))
	if !consistent {
		units /= 2
	}
	return units
}

func writeUnits(before, after item) float64 {
	return float64(max(1, (max(before.size(), after.size())+1023)/1024))
}

func checkReturnCapacity(want *string) *cloud.Error {
	return oneOf(want, "returnConsumedCapacity", "INDEXES", "TOTAL", "NONE")
}

// report returns the ConsumedCapacity of an answer, nil if not requested.
func report(want *string, name string, units float64) *consumed {
	if want == nil || *want == "NONE" {
		return nil
	}
	c := &consumed{TableName: name, CapacityUnits: units}
	if *want == "INDEXES" {
		c.Table = &tableUnits{CapacityUnits: units}
	}
	return c
}

// reportTransaction is report for a transaction, which separates reads from writes.
func reportTransaction(want *string, name string, units float64, write bool) *consumed {
	c := report(want, name, units)
	if c == nil {
		return nil
	}
	if write {
		c.WriteCapacityUnits = &units
	} else {
		c.ReadCapacityUnits = &units
	}
	if c.Table != nil {
		c.Table.ReadCapacityUnits, c.Table.WriteCapacityUnits = c.ReadCapacityUnits, c.WriteCapacityUnits
	}
	return c
}
