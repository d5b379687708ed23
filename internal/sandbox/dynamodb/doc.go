// Package dynamodb simulates Amazon DynamoDB (API version 2012-08-10) as one service of the sandbox: tables by account and
// region, items, the expression language, pages, batches and transactions, at the wire (AWS JSON 1.0).
//
// # What it promises
//
//   - Writes are serial: the world's lock makes each request atomic, so of many conditional writes that exclude each
//     other exactly one wins.
//   - Limits are AWS's: 400 KB an item, 1 MB a page, 100 keys and 16 MB a batch read, 25 writes a batch, 100 actions and
//     4 MB a transaction, 38 digits a number. Sizes are computed by the rules of the developer guide's page "DynamoDB
//     item sizes and formats"; see size.go.
//   - Expressions are parsed and evaluated as written: lexer.go, parser.go, condition.go, update.go. Every
//     placeholder must be defined and used, reserved words are refused.
//   - What isn't modelled is refused: secondary indexes, streams, global tables, backups, tags, PartiQL and the legacy
//     parameters (Expected, KeyConditions, AttributesToGet ...).
//
// # Eventually consistent reads
//
// A read without ConsistentRead normally sees the last write. When the front door marks a request as stale
// (cloud.Request.Stale), it sees each table as it was before the last request that wrote to it. Consistent reads and
// transactions never do.
//
// # Time to live
//
// AWS promises to delete an expired item within a few days and no sooner (developer guide, page "Using time to live
// (TTL) in DynamoDB"), so an expired item stays visible to all reads until a test calls Service.SweepExpired.
//
// # Unproven
//
// These are not recorded from AWS (unproven: dynamodb-details): the text of the error for a transaction of over 4 MB; size() of
// a string that counts UTF-16 units; the page's last item may cross the 1 MB line; the order in which several
// mistakes of one request are reported; the hash that orders a Scan.
package dynamodb
