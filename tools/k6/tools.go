//go:build tools

// Package k6 pins the k6 that `hotshard k6 install` builds where its release archive cannot be had.
package k6

import _ "go.k6.io/k6/v2"
