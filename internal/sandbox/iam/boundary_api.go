package iam

func (c *call) putBoundary(k *kind) (any, error) {
	e, err := c.entityOf(k)
	if err != nil {
		return nil, err
	}
	boundary := c.form.Get("PermissionsBoundary")
	if err := c.a.attachable(boundary); err != nil {
		return nil, err
	}
	e.boundary = boundary
	return nil, nil
}

func (c *call) deleteBoundary(k *kind) (any, error) {
	e, err := c.entityOf(k)
	if err != nil {
		return nil, err
	}
	e.boundary = ""
	return nil, nil
}
