package dynamodb

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

type pitrSpecification struct {
	PointInTimeRecoveryEnabled bool
	RecoveryPeriodInDays       *int
}

// setPITR turns point-in-time recovery on or off: API reference "UpdateContinuousBackups".
// Restoring is not modelled.
func (t *table) setPITR(spec pitrSpecification, now time.Time) *cloud.Error {
	days := 35
	if spec.RecoveryPeriodInDays != nil {
		days = *spec.RecoveryPeriodInDays
	}
	if days < 1 || days > 35 {
		return constraint(
			strconv.Itoa(days), "pointInTimeRecoverySpecification.recoveryPeriodInDays",
			"Member must have value between 1 and 35",
		)
	}
	if spec.PointInTimeRecoveryEnabled && !t.pitr {
		t.pitrSince = now
	}
	t.pitr, t.pitrDays = spec.PointInTimeRecoveryEnabled, days
	return nil
}

func (s *Service) updateContinuousBackups(r *cloud.Request) (any, *cloud.Error) {
	var in struct {
		TableName                        string
		PointInTimeRecoverySpecification *pitrSpecification
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if in.PointInTimeRecoverySpecification == nil {
		return nil, constraint("null", "pointInTimeRecoverySpecification", "Member must not be null")
	}
	t, err := s.backupTable(r, in.TableName)
	if err != nil {
		return nil, err
	}
	if err := t.setPITR(*in.PointInTimeRecoverySpecification, s.world.Now()); err != nil {
		return nil, err
	}
	return t.backups(s.world.Now()), nil
}

// backupTable is named with the exception of the backup operations.
func (s *Service) backupTable(r *cloud.Request, name string) (*table, *cloud.Error) {
	t, err := s.named(r.Caller, name)
	if err != nil && err.Code == "ResourceNotFoundException" {
		return nil, cloud.Errorf("TableNotFoundException", "Table not found: %s", name)
	}
	return t, err
}

func (s *Service) describeContinuousBackups(r *cloud.Request) (any, *cloud.Error) {
	var in struct{ TableName string }
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	t, err := s.backupTable(r, in.TableName)
	if err != nil {
		return nil, err
	}
	return t.backups(s.world.Now()), nil
}

func (t *table) backups(now time.Time) map[string]any {
	pitr := map[string]any{"PointInTimeRecoveryStatus": "DISABLED"}
	if t.pitr {
		earliest := now.AddDate(0, 0, -t.pitrDays)
		if earliest.Before(t.pitrSince) {
			earliest = t.pitrSince
		}
		pitr = map[string]any{
			"PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": t.pitrDays,
			"EarliestRestorableDateTime": json.Number(strconv.FormatInt(earliest.Unix(), 10)),
			"LatestRestorableDateTime":   json.Number(strconv.FormatInt(now.Unix(), 10)),
		}
	}
	return map[string]any{"ContinuousBackupsDescription": map[string]any{
		"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": pitr,
	}}
}
