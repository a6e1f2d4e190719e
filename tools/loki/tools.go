//go:build tools

// Package loki pins the Loki of the Docker stack, for machines that cannot pull its image.
package loki

import _ "github.com/grafana/loki/v3/cmd/loki"
