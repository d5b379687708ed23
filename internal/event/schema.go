package event

import "embed"

// Schemas holds the JSON Schemas (2020-12) of all messages, in the folder schema: one per type, of which snapshot-request.json is that of the
// client's request, part.json that of every message in parts, and types.json what they have in common.
//
//go:embed schema/*.json
var Schemas embed.FS
