package model

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// SFTP is a user's access by SFTP.
type SFTP struct {
	// PublicKeys are the user's public SSH keys in authorized_keys format: type, key, and an
	// optional comment.
	PublicKeys []string `json:"ssh_public_keys"`
}

// Limits of AWS Transfer Family (user guide, CreateUser and service quotas): length of a key, keys
// per user.
const (
	maxPublicKey  = 2048
	maxPublicKeys = 10
)

// minRSA is the minimum number of bits of an RSA key.
const minRSA = 2048

// keyTypes are the types that AWS Transfer Family accepts (user guide, key-management).
var keyTypes = []string{"ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"}

const publicKeysField = "sftp.ssh_public_keys"

func (s *SFTP) problems() []Problem {
	var problems []Problem
	add := func(format string, args ...any) {
		problems = append(problems, Problem{publicKeysField, fmt.Sprintf(format, args...)})
	}
	switch n := len(s.PublicKeys); {
	case n == 0:
		add("must hold at least one key: SFTP knows no passwords here")
	case n > maxPublicKeys:
		add("holds %d keys; a user has at most %d", n, maxPublicKeys)
	}
	seen := map[string]int{}
	for i, key := range s.PublicKeys {
		// The text is not shown, because it may be a private key.
		if reason := publicKeyProblem(key); reason != "" {
			add("key %d %s", i+1, reason)
			continue
		}
		body := strings.Join(strings.Fields(key)[:2], " ")
		if first, twice := seen[body]; twice {
			add("key %d is key %d again", i+1, first)
		}
		seen[body] = i + 1
	}
	return problems
}

// publicKeyProblem returns a public key's problem (RFC 4253 section 6.6, RFC 5656, RFC 8709), or
// "".
func publicKeyProblem(key string) string {
	if strings.Contains(key, "PRIVATE KEY") {
		return "is a private key: it belongs to the partner alone, and has to be replaced now that it was disclosed here. Give the public one (the file that ends with .pub)"
	}
	if HoldsReference(key) {
		return referenceReason
	}
	if len(key) > maxPublicKey {
		return fmt.Sprintf("is %d characters long; AWS Transfer takes %d", len(key), maxPublicKey)
	}
	fields := strings.Fields(key)
	if strings.ContainsAny(strings.TrimSpace(key), "\r\n") || len(fields) < 2 {
		return "must be one line as in an authorized_keys file: the type, the key in base64, and perhaps a comment"
	}
	if !slices.Contains(keyTypes, fields[0]) {
		return fmt.Sprintf("has a type that is none of %s", strings.Join(keyTypes, ", "))
	}
	blob, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil {
		return "is not valid base64: was it cut?"
	}
	var parts [][]byte
	for len(blob) > 0 {
		if len(blob) < 4 || uint64(binary.BigEndian.Uint32(blob)) > uint64(len(blob)-4) {
			return "was cut or changed: its parts don't add up"
		}
		end := 4 + int(binary.BigEndian.Uint32(blob))
		parts, blob = append(parts, blob[4:end]), blob[end:]
	}
	want := 2 // the type and the key
	if strings.HasPrefix(fields[0], "ssh-rsa") || strings.HasPrefix(fields[0], "ecdsa-") {
		want = 3 // the exponent and the modulus, or the curve and the point
	}
	if len(parts) != want || string(parts[0]) != fields[0] {
		return "was cut or changed: it isn't a key of the type that it names"
	}
	if bits := new(big.Int).SetBytes(parts[want-1]).BitLen(); fields[0] == "ssh-rsa" && bits < minRSA {
		return fmt.Sprintf("is an RSA key of %d bits; %d is the least that is safe", bits, minRSA)
	}
	if fields[0] == "ssh-ed25519" && len(parts[1]) != 32 {
		return "was cut or changed: an Ed25519 key has 32 bytes"
	}
	return ""
}
