package s3

// checksum is an object's additional checksum: its algorithm (CRC32 ...) and its value in base64.
type checksum struct{ algorithm, value string }
