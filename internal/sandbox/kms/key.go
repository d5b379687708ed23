package kms

import (
	"github.com/stowage/terraform-provider-stowage/internal/sandbox/protocol"
)

func (k *key) metadata() metadata {
	m := metadata{
		AWSAccountId:          k.account,
		Arn:                   k.arn,
		KeyId:                 k.id,
		CreationDate:          protocol.Seconds(k.created),
		Description:           k.description,
		Enabled:               k.enabled,
		KeyState:              k.state(),
		KeyManager:            "CUSTOMER",
		Origin:                "AWS_KMS",
		KeySpec:               "SYMMETRIC_DEFAULT",
		CustomerMasterKeySpec: "SYMMETRIC_DEFAULT",
		KeyUsage:              "ENCRYPT_DECRYPT",
		EncryptionAlgorithms:  []string{"SYMMETRIC_DEFAULT"},
	}
	if !k.deletion.IsZero() {
		m.DeletionDate, m.Enabled = protocol.Seconds(k.deletion), false
	}
	return m
}

func (k *key) state() string {
	switch {
	case !k.deletion.IsZero():
		return "PendingDeletion"
	case k.enabled:
		return "Enabled"
	default:
		return "Disabled"
	}
}
