package cloud

// Metric is a measurement that a service reports to CloudWatch, with one dimension.
type Metric struct {
	Account, Region  string
	Namespace, Name  string
	Dimension, Value string
	Amount           float64
	// Gauge means that the amount holds until the next measurement. Otherwise it counts once.
	Gauge bool
}

// Metrics receives measurements. CloudWatch registers itself as one.
type Metrics interface{ Measure(m Metric) }

// SetMetrics registers CloudWatch.
func (w *World) SetMetrics(m Metrics) { w.metrics = m }

// Measure reports a measurement, if there is CloudWatch.
func (w *World) Measure(m Metric) {
	if w.metrics != nil {
		w.metrics.Measure(m)
	}
}
