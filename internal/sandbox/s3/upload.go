package s3

import "time"

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
