// Package awsclient turns the provider's arguments into AWS clients.
package awsclient
