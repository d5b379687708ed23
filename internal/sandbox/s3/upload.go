package s3

import "time"

// upload is a multipart upload in progress.
type upload struct {
	id        string
	key       string
	initiated time.Time
	draft     version // CreateMultipartUpload's description of the object
	parts     map[int]*part
}

type part struct {
	body     []byte
	etag     string
	modified time.Time
	checksum checksum
}
