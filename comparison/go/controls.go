package main

import "math/bits"

// The rows that are no tracer's: see controls.rs of the harness.

func floor(count uint64) {
	for range count {
		sink = twoReadings()
	}
}

//go:noinline
func plain(x uint64) uint64 {
	return x
}

func arithmetic(steps uint64) {
	a, b, c, d := uint64(1), uint64(2), uint64(3), uint64(4)
	for range steps {
		a, b, c, d = step(a), step(b), step(c), step(d)
	}
	sink = a + b + c + d
}

func step(x uint64) uint64 {
	return bits.RotateLeft64(x*6_364_136_223_846_793_005, 17) ^ 0x9e37
}

const cells = 1 << 16

// memory fits into the second cache of a core; every cell names the next one to read.
type memory []uint32

func newMemory() memory {
	m := make(memory, cells)
	for cell := range uint32(cells) {
		m[cell] = (cell*1_664_525 + 1_013_904_223) % cells
	}
	return m
}

func (m memory) walk(steps uint64) {
	cell := uint32(0)
	for range steps {
		cell = m[cell]
	}
	sink = uint64(cell)
}
