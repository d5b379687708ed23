// Package relay is what runs in the hub's Lambda functions.
package relay
