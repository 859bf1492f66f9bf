package main

import "time"

const (
	operations = 1_000_000
	rounds     = 7
	share      = 800 * time.Millisecond
)

// timed is a row that is timed in rounds, as the harness does: see rounds.rs there.
type timed struct {
	name   string
	work   func(count uint64)
	spent  time.Duration
	values []float64
}

func timeRows(mode string, rows []*timed) {
	memory := newMemory()
	controls := []*timed{
		{name: "floor", work: floor},
		{name: "plain", work: func(count uint64) { each(plain, count) }},
		{name: "arithmetic", work: arithmetic},
		{name: "memory", work: memory.walk},
	}
	for range rounds {
		for _, control := range controls {
			control.once()
		}
		for _, row := range rows {
			if row.spent < share {
				row.once()
			}
		}
	}
	for _, t := range append(controls, rows...) {
		line{Row: &row{mode, t.name, "nanoseconds", t.values}}.print()
	}
}

func (t *timed) once() {
	begin := time.Now()
	t.work(operations)
	took := time.Since(begin)
	t.spent += took
	t.values = append(t.values, float64(took.Nanoseconds())/operations)
}

// each calls an operation through a call that is not inlined.
func each(operation func(uint64) uint64, count uint64) {
	for x := range count {
		sink = operation(x)
	}
}

// sink keeps results from being optimised away.
var sink uint64
