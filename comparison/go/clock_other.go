//go:build !amd64

package main

import "time"

// twoReadings reads the system's clock twice, where the processor's counter is not at hand.
func twoReadings() uint64 {
	first := time.Now()
	return uint64(time.Since(first))
}
