package s3

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strconv"
)

// settings are a bucket's settings. Each is a struct with the API's names as xml tags and
// CloudFormation's as json tags.
type settings struct {
	Encryption   encryption
	Versioning   versioning
	PublicAccess *publicAccess
	Ownership    *ownership
	Lifecycle    *lifecycle
	Logging      *logging
	Cors         *cors
	Lock         *objectLock
	EventBridge  bool
	// Notifications are the lists of a notification configuration besides EventBridge, and Others
	// the properties of AWS::S3::Bucket that are stored unchanged. Neither has an effect in the
	// sandbox.
	Notifications map[string]any
	Others        map[string]any
	// CannedACL is the bucket's ACL; "" is the owner's full control alone.
	CannedACL string
	Tags      []tag
}

// newSettings returns those of a new bucket: S3 User Guide, "Default settings for new S3 buckets"
// and, for EventBridge and the rest, nothing.
func newSettings() settings {
	return settings{
		Encryption: defaultEncryption(),
		PublicAccess: &publicAccess{
			BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true,
		},
		Ownership: &ownership{Rules: []ownershipRule{{ObjectOwnership: "BucketOwnerEnforced"}}},
	}
}

func defaultEncryption() encryption {
	return encryption{Rules: []encryptionRule{{Default: &encryptionDefault{Algorithm: "AES256"}}}}
}

type encryption struct {
	XMLName xml.Name         `json:"-" xml:"ServerSideEncryptionConfiguration"`
	Rules   []encryptionRule `json:"ServerSideEncryptionConfiguration" xml:"Rule"`
}

type encryptionRule struct {
	Default   *encryptionDefault `json:"ServerSideEncryptionByDefault" xml:"ApplyServerSideEncryptionByDefault"`
	BucketKey flexBool           `json:"BucketKeyEnabled" xml:"BucketKeyEnabled"`
	Blocked   *blockedTypes      `json:"BlockedEncryptionTypes" xml:"BlockedEncryptionTypes"`
}

type encryptionDefault struct {
	Algorithm string `json:"SSEAlgorithm" xml:"SSEAlgorithm"`
	Key       string `json:"KMSMasterKeyID" xml:"KMSMasterKeyID,omitempty"`
}

type blockedTypes struct {
	Types []string `json:"EncryptionType" xml:"EncryptionType"`
}

type versioning struct {
	XMLName   xml.Name `json:"-" xml:"VersioningConfiguration"`
	Status    string   `json:"Status" xml:"Status,omitempty"`
	MFADelete string   `json:"-" xml:"MfaDelete,omitempty"`
}

type publicAccess struct {
	XMLName               xml.Name `json:"-" xml:"PublicAccessBlockConfiguration"`
	BlockPublicAcls       flexBool `json:"BlockPublicAcls" xml:"BlockPublicAcls"`
	IgnorePublicAcls      flexBool `json:"IgnorePublicAcls" xml:"IgnorePublicAcls"`
	BlockPublicPolicy     flexBool `json:"BlockPublicPolicy" xml:"BlockPublicPolicy"`
	RestrictPublicBuckets flexBool `json:"RestrictPublicBuckets" xml:"RestrictPublicBuckets"`
}

type ownership struct {
	XMLName xml.Name        `json:"-" xml:"OwnershipControls"`
	Rules   []ownershipRule `json:"Rules" xml:"Rule"`
}

type ownershipRule struct {
	ObjectOwnership string `json:"ObjectOwnership" xml:"ObjectOwnership"`
}

type logging struct {
	Bucket string          `json:"DestinationBucketName" xml:"TargetBucket"`
	Prefix string          `json:"LogFilePrefix" xml:"TargetPrefix"`
	Format json.RawMessage `json:"TargetObjectKeyFormat" xml:"-"` // refused: not modelled
}

type cors struct {
	XMLName xml.Name   `json:"-" xml:"CORSConfiguration"`
	Rules   []corsRule `json:"CorsRules" xml:"CORSRule"`
}

type corsRule struct {
	ID             string   `json:"Id" xml:"ID,omitempty"`
	AllowedHeaders []string `json:"AllowedHeaders" xml:"AllowedHeader"`
	AllowedMethods []string `json:"AllowedMethods" xml:"AllowedMethod"`
	AllowedOrigins []string `json:"AllowedOrigins" xml:"AllowedOrigin"`
	ExposeHeaders  []string `json:"ExposedHeaders" xml:"ExposeHeader"`
	MaxAge         *flexInt `json:"MaxAge" xml:"MaxAgeSeconds,omitempty"`
}

type objectLock struct {
	XMLName xml.Name  `json:"-" xml:"ObjectLockConfiguration"`
	Enabled string    `json:"ObjectLockEnabled" xml:"ObjectLockEnabled,omitempty"`
	Rule    *lockRule `json:"Rule" xml:"Rule"`
}

type lockRule struct {
	Default lockRetention `json:"DefaultRetention" xml:"DefaultRetention"`
}

type lockRetention struct {
	Mode  string  `json:"Mode" xml:"Mode"`
	Days  flexInt `json:"Days" xml:"Days,omitempty"`
	Years flexInt `json:"Years" xml:"Years,omitempty"`
}

type tag struct {
	Key   string `json:"Key" xml:"Key"`
	Value string `json:"Value" xml:"Value"`
}

// flexBool is a boolean that CloudFormation also accepts as a string.
type flexBool bool

// UnmarshalJSON reads true, false, "true" and "false".
func (b *flexBool) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case "true", `"true"`:
		*b = true
	case "false", `"false"`:
		*b = false
	default:
		return fmt.Errorf("%s is not a boolean", text)
	}
	return nil
}

// flexInt is an integer that CloudFormation also accepts as a string.
type flexInt int

// UnmarshalJSON reads 7 and "7".
func (i *flexInt) UnmarshalJSON(text []byte) error {
	plain := string(text)
	if unquoted, err := strconv.Unquote(plain); err == nil {
		plain = unquoted
	}
	n, err := strconv.Atoi(plain)
	if err != nil {
		return fmt.Errorf("%s is not an integer", text)
	}
	*i = flexInt(n)
	return nil
}

func (s *settings) rules() []lifecycleRule {
	if s.Lifecycle == nil {
		return nil
	}
	return s.Lifecycle.Rules
}
