package acceptance_test

import "testing"

func TestDelete_ProjectInUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, tenant, c := w.workspace(acmeProject), w.workspace(bucketOf("inbox")+userOf("partner")), w.clients()
	owner.apply()
	tenant.apply()
	revision := c.revision("acme")
	owner.tryDestroy().fails("Unable to Delete Project", "It is still needed by", "bucket inbox", "user partner")
	if now := c.revision("acme"); now != revision {
		t.Errorf("the refusal changed the stack: revision %s, then %s", revision, now)
	}
	owner.planIsEmpty()
	tenant.planIsEmpty()
	tenant.destroy()
	owner.destroy()
}
