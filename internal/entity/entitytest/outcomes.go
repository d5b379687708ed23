package entitytest

import (
	"sync"

	"github.com/stowage/terraform-provider-stowage/internal/unchanged/comparison"
)

// outcomes records the comparisons of package unchanged with the framework.
type outcomes struct {
	mu  sync.Mutex // protects all
	all []comparison.Outcome
}

func (o *outcomes) add(outcome comparison.Outcome) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = append(o.all, outcome)
}

// Outcomes returns which calls were answered without the framework since the last Outcomes.
func (tf *Terraform) Outcomes() []comparison.Outcome {
	tf.outcomes.mu.Lock()
	defer tf.outcomes.mu.Unlock()
	all := tf.outcomes.all
	tf.outcomes.all = nil
	return all
}
