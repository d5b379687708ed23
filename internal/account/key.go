package account

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// keyWindow is the number of days in which the deletion of a key can be taken back: the longest that KMS offers.
const keyWindow = 30

// ScheduleKeyDeletion schedules a key to be deleted in 30 days, in which it can be taken back. A key that is gone or
// scheduled already counts as done.
func ScheduleKeyDeletion(ctx context.Context, client *kms.Client, arn string) error {
	_, err := client.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: aws.String(arn), PendingWindowInDays: aws.Int32(keyWindow)})
	switch code(err) {
	case "NotFoundException", "KMSInvalidStateException":
		return nil
	}
	if err != nil {
		return fmt.Errorf("scheduling the deletion of the key %s: %w", arn, err)
	}
	return nil
}
