package s3

import "time"

// upload is a multipart upload in progress.
type upload struct {
	id        string
	key       string
	initiated time.Time
	draft     version // what CreateMultipartUpload said of the object to be
	parts     map[int]*part
}

type part struct {
	body     []byte
	etag     string
	modified time.Time
	checksum checksum
}
