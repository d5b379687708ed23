package s3

import (
	"bytes"
	"crypto/md5"  //nolint:gosec // Content-MD5 and ETags are MD5
	"crypto/sha1" //nolint:gosec // one of S3's checksums
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"strconv"
	"strings"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// payload returns a request's content and its additional checksum. It decodes the aws-chunked
// encoding and verifies the client's checksums: S3 API Reference, "Signature calculations:
// transferring payload in multiple chunks", and S3 User Guide, "Checking object integrity". Chunk
// signatures are not verified.
func (c *call) payload() ([]byte, checksum, error) {
	body, header := c.r.Body, c.r.HTTP.Header.Clone()
	if strings.HasPrefix(header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		decoded, trailer, err := unchunk(body)
		if err != nil {
			return nil, checksum{}, err
		}
		if want := header.Get("X-Amz-Decoded-Content-Length"); want != strconv.Itoa(len(decoded)) {
			return nil, checksum{}, cloud.Errorf(
				"IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header",
			)
		}
		body = decoded
		for name, values := range trailer {
			header[name] = values
		}
	}
	if given := header.Get("Content-Md5"); given != "" {
		sum := md5.Sum(body) //nolint:gosec // as the header demands
		switch plain, err := base64.StdEncoding.DecodeString(given); {
		case err != nil || len(plain) != len(sum):
			return nil, checksum{}, cloud.Errorf("InvalidDigest", "The Content-MD5 you specified was invalid.")
		case !bytes.Equal(plain, sum[:]):
			return nil, checksum{}, cloud.Errorf("BadDigest", "The Content-MD5 you specified did not match what we received.")
		}
	}
	for _, algorithm := range []string{"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"} {
		given := header.Get("X-Amz-Checksum-" + algorithm)
		if given == "" {
			continue
		}
		if given != checksumOf(algorithm, body) {
			return nil, checksum{}, cloud.Errorf(
				"BadDigest", "The %s you specified did not match the calculated checksum.", algorithm,
			)
		}
		return body, checksum{algorithm, given}, nil
	}
	// S3 computes CRC64NVME for content without a checksum.
	return body, checksum{"CRC64NVME", checksumOf("CRC64NVME", body)}, nil
}

// nvme is the polynomial of CRC-64/NVME, reversed.
var nvme = crc64.MakeTable(0x9a6c9329ac4bc9b5)

func checksumOf(algorithm string, content []byte) string {
	var h hash.Hash
	switch algorithm {
	case "CRC32":
		h = crc32.NewIEEE()
	case "CRC32C":
		h = crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case "CRC64NVME":
		h = crc64.New(nvme)
	case "SHA1":
		h = sha1.New() //nolint:gosec // as S3 has it
	default:
		h = sha256.New()
	}
	h.Write(content)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// unchunk parses an aws-chunked body: chunks of "SIZE-IN-HEX[;chunk-signature=...]", the last one
// empty, then trailers.
func unchunk(body []byte) ([]byte, http.Header, error) {
	incomplete := cloud.Errorf("IncompleteBody", "The request body terminated unexpectedly")
	var content []byte
	for {
		line, rest, ok := bytes.Cut(body, []byte("\r\n"))
		if !ok {
			return nil, nil, incomplete
		}
		size, _, _ := strings.Cut(string(line), ";")
		n, err := strconv.ParseUint(size, 16, 31)
		if err != nil {
			return nil, nil, incomplete
		}
		body = rest
		if n == 0 {
			break
		}
		if uint64(len(body)) < n+2 || string(body[n:n+2]) != "\r\n" {
			return nil, nil, incomplete
		}
		content = append(content, body[:n]...)
		body = body[n+2:]
	}
	trailer := make(http.Header)
	for line := range strings.SplitSeq(string(body), "\r\n") {
		if name, value, ok := strings.Cut(line, ":"); ok {
			trailer.Set(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
	return content, trailer, nil
}

// etagOf returns the ETag of content uploaded in one piece: its MD5 in quotes.
func etagOf(content []byte) string {
	sum := md5.Sum(content) //nolint:gosec // as S3 has it
	return `"` + hex.EncodeToString(sum[:]) + `"`
}
