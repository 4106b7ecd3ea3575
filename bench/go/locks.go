// Go's locks in the rows of locks.
package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const (
	permits = 2
	seldom  = 100
)

func init() {
	lockRow("lock/mutex", func(times uint64) uint64 { return mutex(1, false, times) })
	lockRow("lock/mutex/8", func(times uint64) uint64 { return mutex(8, false, times) })
	lockRow("lock/mutex/8-yield", func(times uint64) uint64 { return mutex(8, true, times) })
	lockRow("lock/mutex/1000", func(times uint64) uint64 { return mutex(1000, false, times) })
	lockRow("lock/read", func(times uint64) uint64 { return rwLock(1, false, times, times+1) })
	lockRow("lock/write", func(times uint64) uint64 { return rwLock(1, false, times, 1) })
	lockRow("lock/rwlock/8", func(times uint64) uint64 { return rwLock(8, false, times, seldom) })
	lockRow("lock/rwlock/8-yield", func(times uint64) uint64 { return rwLock(8, true, times, seldom) })
	lockRow("sync/semaphore", func(times uint64) uint64 { return semaphore(1, false, times) })
	lockRow("sync/semaphore/8-yield", func(times uint64) uint64 { return semaphore(8, true, times) })
	lockRow("sync/wait-group/1", func(times uint64) uint64 { return group(1, times) })
	lockRow("sync/wait-group/100", func(times uint64) uint64 { return group(100, times) })
	lockRow("sync/wait-group/100000", func(times uint64) uint64 { return group(100_000, times) })
	lockRow("sync/once-cell", once)
	lockRow("sync/event", event)
}

// lockRow registers a row. Its work is given a number of operations, and gives how many took effect.
func lockRow(name string, work func(operations uint64) uint64) {
	workloads[name] = func(times int) []float64 {
		run := func(operations uint64) float64 {
			started := time.Now()
			counted := work(operations)
			took := time.Since(started)
			if counted != operations {
				fail(counted, operations)
			}
			return float64(took.Nanoseconds()) / float64(operations)
		}
		run(uint64(max(times/10, 1)))
		return []float64{run(uint64(times))}
	}
}

// split splits the operations over the tasks, and gives the sum of what they counted.
func split(tasks, operations uint64, run func(share uint64) uint64) uint64 {
	var running sync.WaitGroup
	var counted atomic.Uint64
	for i := range tasks {
		share := operations*(i+1)/tasks - operations*i/tasks
		running.Add(1)
		go func() {
			defer running.Done()
			counted.Add(run(share))
		}()
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

func rwLock(tasks uint64, yields bool, operations, writesEvery uint64) uint64 {
	var lock sync.RWMutex
	var counter uint64
	reads := split(tasks, operations, func(share uint64) uint64 {
		var reads uint64
		untilWrite := writesEvery
		for range share {
			untilWrite--
			if untilWrite == 0 {
				untilWrite = writesEvery
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

// event is a channel that keeps one notification. The last of an odd number is told, and nobody answers.
func event(operations uint64) uint64 {
	ping, pong := make(chan struct{}, 1), make(chan struct{}, 1)
	tell := func(event chan<- struct{}) {
		select {
		case event <- struct{}{}:
		default:
		}
	}
	told := make(chan uint64, 2)
	go func() {
		var counted uint64
		for range operations - operations/2 {
			<-ping
			tell(pong)
			counted++
		}
		told <- counted
	}()
	go func() {
		var counted uint64
		for range operations / 2 {
			tell(ping)
			<-pong
			counted++
		}
		if operations%2 == 1 {
			tell(ping)
		}
		told <- counted
	}()
	return <-told + <-told
}
