// Go's part of versus. `versus-go WORKLOAD TIMES` does a workload that often, and prints its figures as a line of JSON. The workers
// are in GOMAXPROCS. `versus-go serve-echo` is the server of the echo rows, and `versus-go serve-http` that of the
// HTTP rows.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// workloads gives the figures of each workload, in the order in which its rows are shown. It warms itself up before it measures,
// as the other contenders do.
var workloads = map[string]func(times int) []float64{}

// series gives the figures of each series at a point, with a workload's name before it.
var series = map[string]func(times, point int) []float64{}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "serve-echo" {
		serve(serveEcho)
	}
	if len(os.Args) == 2 && os.Args[1] == "serve-http" {
		serve(serveHTTP)
	}
	if len(os.Args) != 3 {
		refuse("usage: versus-go WORKLOAD TIMES")
	}
	workload := find(os.Args[1])
	if workload == nil {
		refuse("there is no workload " + os.Args[1])
	}
	times, err := strconv.Atoi(os.Args[2])
	if err != nil {
		refuse(err.Error())
	}
	answer(map[string][]float64{"ok": workload(times)})
}

// find gives the workload of this name, or a series at the point that the name ends with.
func find(name string) func(times int) []float64 {
	if workload, found := workloads[name]; found {
		return workload
	}
	cut := max(strings.LastIndex(name, "/"), 0)
	measure, found := series[name[:cut]]
	point, err := strconv.Atoi(strings.TrimPrefix(name[cut:], "/"))
	if !found || err != nil || point < 1 {
		return nil
	}
	return func(times int) []float64 { return measure(times, point) }
}

// lack ends the program: what it needs is not there.
func lack(what string) {
	answer(map[string]map[string]string{"err": {"unavailable": what}})
	os.Exit(0)
}

// fail ends the program: less or more was counted than should have been.
func fail(counted, expected uint64) {
	type miscounted struct {
		Counted  uint64 `json:"counted"`
		Expected uint64 `json:"expected"`
	}
	failure := map[string]miscounted{"miscounted": {counted, expected}}
	answer(map[string]map[string]miscounted{"err": failure})
	os.Exit(0)
}

// answer prints a line of JSON.
func answer(what any) {
	line, err := json.Marshal(what)
	if err != nil {
		refuse(err.Error())
	}
	fmt.Println(string(line))
}

func refuse(why string) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(2)
}
