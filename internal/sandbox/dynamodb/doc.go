// Package dynamodb simulates Amazon DynamoDB (API version 2012-08-10) as one service of the
// sandbox: tables by account and region, items, the expression language, pages, batches and
// transactions, with the wire format AWS JSON 1.0.
//
// # Guarantees
//
//   - Writes are serial: the world's lock makes each request atomic, so exactly one of several
//     conflicting conditional writes succeeds.
//   - Limits are AWS's: 400 KB an item, 1 MB a page, 100 keys and 16 MB a batch read, 25 writes a
//     batch, 100 actions and 4 MB a transaction, 38 digits a number. Sizes follow the developer
//     guide's page "DynamoDB item sizes and formats"; see size.go.
//   - Expressions are parsed and evaluated in full: lexer.go, parser.go, condition.go, update.go.
//     Every placeholder must be defined and used, reserved words are refused.
//   - Unmodelled features are refused: secondary indexes, streams, global tables, backups, tags,
//     PartiQL and the legacy parameters (Expected, KeyConditions, AttributesToGet ...).
//
// # Eventually consistent reads
//
// A read without ConsistentRead normally sees the last write. When the front door marks a request
// as stale (cloud.Request.Stale), it sees each table as it was before the last request that wrote
// to it. Consistent reads and transactions never do.
//
// # Time to live
//
// AWS deletes an expired item within a few days and no sooner (developer guide, page "Using time to
// live (TTL) in DynamoDB"), so an expired item stays visible to all reads until a test calls
// Service.SweepExpired.
//
// # Unproven
//
// These are not recorded from AWS (unproven: dynamodb-details): the text of the error for a
// transaction of over 4 MB; size() of a string counts UTF-16 units; the page's last item may exceed
// the 1 MB limit; the order of several errors of one request; the hash that orders a Scan.
package dynamodb
