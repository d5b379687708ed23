//go:build relayembed

package relaypackage

import _ "embed"

// embedded is the package that is built before a release, and by make build.
//
//go:embed relay.zip
var embedded []byte
