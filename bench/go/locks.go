// Go's locks in the rows of the locks program. Each line of input names a row and a number of operations; the answer is the row
// and the nanoseconds that it took.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	permits    = 2
	writeEvery = 100
)

// work does that many operations, and gives how many took effect.
type work func(operations uint64) uint64

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var row string
		var operations uint64
		if _, err := fmt.Sscan(lines.Text(), &row, &operations); err != nil {
			fail("a row and a number were expected: %v", err)
		}
		run := parse(row)
		started := time.Now()
		counted := run(operations)
		took := time.Since(started)
		if counted != operations {
			fail("%s: counted %d of %d", row, counted, operations)
		}
		fmt.Println(row, took.Nanoseconds())
	}
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

// parse gives the work of a row such as mutex, mutex-8 or mutex-8-yield.
func parse(row string) work {
	name, yields := strings.CutSuffix(row, "-yield")
	kind, number, found := strings.Cut(name, "-")
	tasks := uint64(1)
	if found {
		parsed, err := strconv.ParseUint(number, 10, 64)
		if err != nil {
			fail("no number of tasks in %q: %v", row, err)
		}
		tasks = parsed
	}
	switch kind {
	case "mutex":
		return func(operations uint64) uint64 { return mutex(tasks, yields, operations) }
	case "read":
		return func(operations uint64) uint64 { return rwLock(1, yields, operations, operations+1) }
	case "write":
		return func(operations uint64) uint64 { return rwLock(1, yields, operations, 1) }
	case "rwlock":
		return func(operations uint64) uint64 { return rwLock(tasks, yields, operations, writeEvery) }
	case "semaphore":
		return func(operations uint64) uint64 { return semaphore(tasks, yields, operations) }
	case "group":
		return func(operations uint64) uint64 { return group(tasks, operations) }
	case "once":
		return once
	case "event":
		return event
	}
	fail("an unknown row %q", row)
	return nil
}

// split splits the operations over the tasks, and gives the sum of what they counted.
func split(tasks, operations uint64, run work) uint64 {
	var running sync.WaitGroup
	var counted atomic.Uint64
	for i := range tasks {
		share := operations*(i+1)/tasks - operations*i/tasks
		running.Go(func() { counted.Add(run(share)) })
	}
	running.Wait()
	return counted.Load()
}

func mutex(tasks uint64, yields bool, operations uint64) uint64 {
	var lock sync.Mutex
	var counter uint64
	split(tasks, operations, func(share uint64) uint64 {
		for range share {
			lock.Lock()
			before := counter
			if yields {
				runtime.Gosched()
			}
			counter = before + 1
			lock.Unlock()
		}
		return share
	})
	return counter
}

func rwLock(tasks uint64, yields bool, operations, every uint64) uint64 {
	var lock sync.RWMutex
	var counter uint64
	reads := split(tasks, operations, func(share uint64) uint64 {
		var reads uint64
		for i := range share {
			if (i+1)%every == 0 {
				lock.Lock()
				before := counter
				if yields {
					runtime.Gosched()
				}
				counter = before + 1
				lock.Unlock()
			} else {
				lock.RLock()
				before := counter
				if yields {
					runtime.Gosched()
				}
				if before == counter {
					reads++
				}
				lock.RUnlock()
			}
		}
		return reads
	})
	return reads + counter
}

// semaphore is a channel with a place for each permit.
func semaphore(tasks uint64, yields bool, operations uint64) uint64 {
	semaphore := make(chan struct{}, permits)
	var taken atomic.Int64
	return split(tasks, operations, func(share uint64) uint64 {
		var counted uint64
		for range share {
			semaphore <- struct{}{}
			if !yields {
				counted++
			} else {
				if taken.Add(1) <= permits {
					counted++
				}
				runtime.Gosched()
				taken.Add(-1)
			}
			<-semaphore
		}
		return counted
	})
}

func group(tasks, operations uint64) uint64 {
	var counted uint64
	for left := operations; left > 0; {
		wave := min(tasks, left)
		var counter atomic.Uint64
		var running sync.WaitGroup
		running.Add(int(wave))
		for range wave {
			go func() {
				counter.Add(1)
				running.Done()
			}()
		}
		running.Wait()
		counted += counter.Load()
		left -= wave
	}
	return counted
}

func once(operations uint64) uint64 {
	value := sync.OnceValue(func() uint64 { return 1 })
	return split(1, operations, func(share uint64) uint64 {
		var counted uint64
		for range share {
			counted += value()
		}
		return counted
	})
}

// event is a channel that keeps one notification.
func event(operations uint64) uint64 {
	ping, pong := make(chan struct{}, 1), make(chan struct{}, 1)
	tell := func(event chan<- struct{}) {
		select {
		case event <- struct{}{}:
		default:
		}
	}
	var running sync.WaitGroup
	var counted atomic.Uint64
	running.Go(func() {
		for range operations / 2 {
			<-ping
			tell(pong)
			counted.Add(1)
		}
	})
	running.Go(func() {
		for range operations / 2 {
			tell(ping)
			<-pong
			counted.Add(1)
		}
	})
	running.Wait()
	return counted.Load()
}
