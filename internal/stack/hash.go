package stack

import (
	"crypto/sha256"
	"encoding/hex"
)

func hash(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
