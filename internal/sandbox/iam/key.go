package iam

import (
	"slices"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

const (
	statusActive   = "Active"
	statusInactive = "Inactive"
	// statusExpired is a status that only CloudFormation's type is known to accept; such a key is
	// as unusable as an inactive one (unproven: access-key-expired).
	statusExpired = "Expired"
	// maxKeys is the maximum number of access keys per user, not adjustable.
	maxKeys = 2
)

type accessKey struct {
	id, secret, status, account string
	created                     time.Time
	user                        *user
}

func (s *Service) createKey(a *account, u *user, status string) (*accessKey, error) {
	if len(u.keys) >= maxKeys {
		return nil, limitExceeded("Cannot exceed quota for AccessKeysPerUser: %d", maxKeys)
	}
	k := &accessKey{
		id: "AKIA" + s.world.NewToken(16), secret: s.world.NewToken(40), status: status, account: a.id,
		created: s.world.Now(), user: u,
	}
	u.keys = append(u.keys, k)
	s.keys[k.id] = k
	return k, nil
}

func checkStatus(status string) error {
	if status != statusActive && status != statusInactive {
		return cloud.Errorf(
			"ValidationError",
			"1 validation error detected: Value '%s' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive]",
			status,
		)
	}
	return nil
}

func (u *user) key(id string) (*accessKey, error) {
	for _, k := range u.keys {
		if k.id == id {
			return k, nil
		}
	}
	return nil, noSuchEntity("The Access Key with id %s cannot be found.", id)
}

func (s *Service) deleteKey(k *accessKey) {
	i := slices.Index(k.user.keys, k)
	k.user.keys = slices.Delete(k.user.keys, i, i+1)
	delete(s.keys, k.id)
}
