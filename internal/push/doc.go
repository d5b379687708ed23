// Package push sends messages to web clients with API Gateway's management API, @connections.
//
//	pusher := push.New(account.Connections(endpoint))
//	err := pusher.Send(ctx, connection, message)         // one client: an answer
//	result := pusher.Publish(ctx, connections, events)   // many clients: events
//
// # One client
//
// Package event encodes a message as texts of at most one frame (32 KB), which are sent in order. A
// closed connection is ErrGone (GoneException, 410). A client that does not read, or an account
// over its limit, is ErrBusy (LimitExceededException, 429) after three attempts within half a
// second; AWS documents no way to tell the two apart. A call that exceeds ClientBound is ErrBusy,
// too.
//
// # Many clients
//
// Publish encodes once and sends to AtOnce clients at a time, in order for each. Clients do not
// affect each other: a slow one occupies one of the AtOnce places for at most ClientBound. Publish
// returns the connections that are closed and the clients that have fallen behind. Neither is a
// failure. A client that has fallen behind has lost events in the middle, so it must be told about
// its missing events before it is sent others.
//
// When the context ends, the clients that were not reached are a failure. Repeating the call is
// harmless, because clients ignore the events they have.
//
// The package logs nothing, and no error contains a message.
package push
