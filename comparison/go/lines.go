package main

import (
	"encoding/json"
	"os"
)

// The format of the results is the harness's: see lines.rs there.

type line struct {
	Facts *facts `json:"facts,omitempty"`
	Row   *row   `json:"row,omitempty"`
}

type facts struct {
	Version       string   `json:"version"`
	Off           string   `json:"off"`
	Configuration string   `json:"configuration"`
	Output        string   `json:"output"`
	Bound         string   `json:"bound"`
	Lacks         []string `json:"lacks"`
}

type row struct {
	Mode   any       `json:"mode"`
	Row    string    `json:"row"`
	Unit   string    `json:"unit"`
	Values []float64 `json:"values"`
}

func (l line) print() {
	if err := json.NewEncoder(os.Stdout).Encode(l); err != nil {
		panic(err)
	}
}
