package account

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// keyWindow is the number of days in which the deletion of a key can be canceled, the maximum of
// KMS.
const keyWindow = 30

// ScheduleKeyDeletion schedules the deletion of a key in 30 days, during which it can be canceled.
// It succeeds if the key is gone or its deletion is already scheduled.
func ScheduleKeyDeletion(ctx context.Context, client *kms.Client, arn string) error {
	_, err := client.ScheduleKeyDeletion(
		ctx, &kms.ScheduleKeyDeletionInput{KeyId: aws.String(arn), PendingWindowInDays: aws.Int32(keyWindow)},
	)
	switch code(err) {
	case "NotFoundException", "KMSInvalidStateException":
		return nil
	}
	if err != nil {
		return fmt.Errorf("scheduling the deletion of the key %s: %w", arn, err)
	}
	return nil
}
