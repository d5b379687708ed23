//go:build !relayembed

package relaypackage

// embedded is empty without the tag relayembed.
var embedded []byte
