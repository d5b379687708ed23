package mirror

import (
	"fmt"

	"github.com/stowage/terraform-provider-stowage/internal/model"
)

// Explain implements model.Explainer.
func (e *TableMissingError) Explain() model.Explanation {
	return model.Explanation{
		Cause:  fmt.Sprintf("The mirror's table %s does not exist.", e.Table),
		Remedy: "Check the settings of the hub: its SSM parameter names the table. The table can be created again empty: it is filled from the templates.",
	}
}

// Explain implements model.Explainer.
func (e *NewerItemError) Explain() model.Explanation {
	return model.Explanation{
		Cause:  "A newer version of Stowage wrote the mirror: " + model.Sentences(e.Error()),
		Remedy: "Upgrade the provider.",
	}
}
