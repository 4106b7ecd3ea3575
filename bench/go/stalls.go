// Goroutines that block their thread in a system call, of which the scheduler learns by itself.
package main

import (
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const blockedFor = 100 * time.Millisecond

func init() {
	workloads["stalls/blocking/20"] = blocking
	workloads["stalls/blocking/1000"] = blocking
}

// blocking gives the milliseconds until so many goroutines have blocked.
func blocking(times int) []float64 {
	started := time.Now()
	expectCount(blockAll(times), uint64(times))
	return []float64{time.Since(started).Seconds() * 1e3}
}

// blockAll starts so many goroutines that block, waits for them, and gives the number of those that blocked as long as they were to.
func blockAll(times int) uint64 {
	var ended atomic.Uint64
	var running sync.WaitGroup
	running.Add(times)
	for range times {
		go func() {
			block()
			ended.Add(1)
			running.Done()
		}()
	}
	running.Wait()
	return ended.Load()
}

// block keeps the thread in a system call, again if a signal ends it early. time.Sleep would keep none.
func block() {
	left := syscall.NsecToTimespec(blockedFor.Nanoseconds())
	for syscall.Nanosleep(&left, &left) == syscall.EINTR {
	}
}
