// Go's part of versus. `versus-go WORKLOAD TIMES` does a workload that often, and prints its figures as a line of JSON. The workers
// are in GOMAXPROCS. `versus-go serve-echo` is the server of the echo rows.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
)

// workloads gives the figures of each workload, in the order in which its rows are shown. It warms itself up before it measures,
// as the other contenders do.
var workloads = map[string]func(times int) []float64{}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "serve-echo" {
		serveEcho()
		return
	}
	if len(os.Args) != 3 {
		refuse("usage: versus-go WORKLOAD TIMES")
	}
	workload, found := workloads[os.Args[1]]
	if !found {
		refuse("there is no workload " + os.Args[1])
	}
	times, err := strconv.Atoi(os.Args[2])
	if err != nil {
		refuse(err.Error())
	}
	answer(map[string][]float64{"ok": workload(times)})
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
