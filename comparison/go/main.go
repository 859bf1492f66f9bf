// Go's runtime/trace, measured as the harness measures the others: off, on, or N regions as a whole.
//
// The trace has what Go always records besides: what goroutines do, garbage collections.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/trace"
	"strconv"
	"strings"
	"syscall"
)

var background = context.Background()

func main() {
	switch arguments := os.Args[1:]; {
	case len(arguments) == 1 && arguments[0] == "off":
		line{Facts: describe()}.print()
		timeRows("off", annotated())
	case len(arguments) == 1 && arguments[0] == "on":
		on()
	case len(arguments) == 2 && arguments[0] == "whole":
		regions, err := strconv.ParseUint(arguments[1], 10, 64)
		check(err)
		whole(regions)
	default:
		panic(fmt.Sprintf("expected `off`, `on` or `whole N`, found %v", arguments))
	}
}

func describe() *facts {
	return &facts{
		Version:       "runtime/trace of " + runtime.Version(),
		Off:           "`trace.Start` was not called",
		Configuration: "`defer trace.StartRegion(ctx, name).End()`",
		Output:        "binary file, written while recording",
		Bound:         "none: buffers are added while the reader is behind",
		Lacks: []string{
			"no arguments of regions",
			"goroutines, garbage collections and more are recorded besides",
		},
	}
}

func annotated() []*timed {
	return []*timed{
		{name: "region", work: func(count uint64) { each(region, count) }},
		{name: "log", work: func(count uint64) { each(log, count) }},
		{name: "task", work: func(count uint64) { each(task, count) }},
	}
}

//go:noinline
func region(x uint64) uint64 {
	defer trace.StartRegion(background, "region").End()
	return x
}

//go:noinline
func log(x uint64) uint64 {
	trace.Logf(background, "category", "value %d", x)
	return x
}

//go:noinline
func task(x uint64) uint64 {
	_, t := trace.NewTask(background, "task")
	defer t.End()
	return x
}

func on() {
	stop := start()
	timeRows("on", annotated())
	stop()
}

func whole(regions uint64) {
	memory, cpu := peakMemory(), cpuTime()
	stop := start()
	each(region, regions)
	size := stop()
	cpu = cpuTime() - cpu
	memory = peakMemory() - memory
	mode := map[string]uint64{"whole": regions}
	line{Row: &row{mode, "cpu", "nanoseconds", []float64{cpu / float64(regions)}}}.print()
	line{Row: &row{mode, "peak_memory", "bytes", []float64{memory}}}.print()
	line{Row: &row{mode, "output", "bytes_per_region", []float64{float64(size) / float64(regions)}}}.print()
}

// start begins a recording into a temporary file. What it returns ends it, removes the file, and
// returns the file's size.
func start() (stop func() int64) {
	directory, err := os.MkdirTemp("", "peer-go")
	check(err)
	file, err := os.Create(filepath.Join(directory, "trace"))
	check(err)
	check(trace.Start(file))
	return func() int64 {
		trace.Stop()
		status, err := file.Stat()
		check(err)
		check(file.Close())
		check(os.RemoveAll(directory))
		return status.Size()
	}
}

// cpuTime is the CPU time of all threads of this process, in nanoseconds.
func cpuTime() float64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano() + usage.Stime.Nano())
}

// peakMemory is the most memory that this process has had resident, in bytes.
func peakMemory() float64 {
	status, err := os.Open("/proc/self/status")
	check(err)
	defer status.Close()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		if rest, found := strings.CutPrefix(lines.Text(), "VmHWM:"); found {
			kilobytes, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			check(err)
			return kilobytes * 1024
		}
	}
	panic("no peak in /proc/self/status")
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
