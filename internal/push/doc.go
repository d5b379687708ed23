// Package push sends messages to web clients over their connections, by API Gateway's management API @connections.
//
//	pusher := push.New(account.Connections(endpoint))
//	err := pusher.Send(ctx, connection, message)              // one client: an answer
//	result := pusher.Publish(ctx, connections, events)        // many clients: what has happened
//
// # One client
//
// A message is encoded as package event says, in parts of one frame (32 KB) where it is large; the parts go one after the other. A
// connection that has ended gives ErrGone (GoneException, 410). A client that doesn't read what it is sent, or an account that sends too much,
// gives ErrBusy (LimitExceededException, 429) once three attempts within half a second have been answered so; nothing else that AWS
// publishes about the two tells them apart. Whatever else takes longer than ClientBound in all is ErrBusy, too.
//
// # Many clients
//
// Publish encodes once, sends to AtOnce clients at a time, and to each of them in order. What one client does has no effect on what
// the others get: a slow one keeps one of AtOnce places for at most ClientBound. It says who has gone and who has fallen behind, for
// the caller to note; both are no failures. A client that has fallen behind has lost something in the middle, so it must be sent nothing more
// before it has been told of the numbers that it lacks.
//
// When the context ends, the clients that had not had their turn are a failure. Doing it all again is harmless: clients pass over what they
// have seen.
//
// Nothing is logged here, and no error holds a message.
package push
