package event

import "embed"

// Schemas holds the JSON Schemas (2020-12) of all messages in the folder schema: one per type.
// snapshot-request.json describes the client's request, part.json a message in parts, and
// types.json the common types.
//
//go:embed schema/*.json
var Schemas embed.FS
