package mutation

import "slices"

// Defects contains all defects, the commit protocol's first.
var Defects = slices.Concat(
	commitDefects, templateDefects, awsDefects, projectsDefects, providerDefects, sandboxDefects, hubDefects,
)
