//go:build tools

// Package prometheus pins the Prometheus and promtool of the Docker stack, for machines that cannot pull its image.
package prometheus

import (
	_ "github.com/prometheus/prometheus/cmd/prometheus"
	_ "github.com/prometheus/prometheus/cmd/promtool"
)
