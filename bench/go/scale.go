// How cost grows: the same work at growing numbers of workers, goroutines, channels and timers.
package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const (
	bouncingPairs = 64
	pairCapacity  = 16
	// More than a goroutine takes that waits.
	goroutineBytes = 4096
)

func init() {
	series["scale/yield"] = byWorkers(takeTurns)
	series["scale/spawn"] = byWorkers(spawnJoin)
	series["scale/ping-pong"] = byWorkers(bouncePairs)
	series["scale/tasks"] = waitingTasks
	series["scale/channels"] = spreadOverChannels
	series["scale/timers-cancel"] = cancelAmongTimers
	series["scale/timers-fire"] = fireTogether
}

// byWorkers does the work with a number of workers of its own.
func byWorkers(work func(times int)) func(times, workers int) []float64 {
	return func(times, workers int) []float64 {
		runtime.GOMAXPROCS(workers)
		return inGoroutine(work)(times)
	}
}

// needGoroutines ends the program where there is no memory for so many.
func needGoroutines(count int) {
	needed, available := int64(count)*goroutineBytes, bytesIn("/proc/meminfo", "MemAvailable")
	if needed > available {
		lack(fmt.Sprintf("%d MiB of memory needed, %d there", needed>>20, available>>20))
	}
}

// bouncePairs has pairs of goroutines bounce so many messages in all.
func bouncePairs(times int) {
	var inTurn atomic.Uint64
	var running sync.WaitGroup
	running.Add(2 * bouncingPairs)
	for index := range bouncingPairs {
		start, end := share(times/2, index, bouncingPairs)
		trips := uint64(end - start)
		ping, pong := make(chan uint64, 1), make(chan uint64, 1)
		go func() {
			var arrived uint64
			for message := range ping {
				if message == arrived {
					arrived++
				}
				pong <- message
			}
			inTurn.Add(arrived)
			running.Done()
		}()
		go func() {
			var arrived uint64
			for trip := range trips {
				ping <- trip
				if <-pong == trip {
					arrived++
				}
			}
			close(ping)
			inTurn.Add(arrived)
			running.Done()
		}()
	}
	running.Wait()
	expectCount(inTurn.Load(), 2*uint64(times/2))
}

// gates gives so many places where goroutines wait, each of them alone.
func gates(count int) []chan struct{} {
	gates := make([]chan struct{}, count)
	for index := range gates {
		gates[index] = make(chan struct{})
	}
	return gates
}

func open(gates []chan struct{}) {
	for _, gate := range gates {
		close(gate)
	}
}

func waitingTasks(_, tasks int) []float64 {
	needGoroutines(tasks)
	startAndWake(1000)
	return startAndWake(tasks)
}

// startAndWake gives the nanoseconds to start a goroutine that waits, and to wake it until it ends.
func startAndWake(tasks int) []float64 {
	gates := gates(tasks)
	var waiting, running sync.WaitGroup
	waiting.Add(tasks)
	running.Add(tasks)
	started := time.Now()
	for _, gate := range gates {
		go func() {
			waiting.Done()
			<-gate
			running.Done()
		}()
	}
	waiting.Wait()
	start := time.Since(started)

	started = time.Now()
	open(gates)
	running.Wait()
	return []float64{nanosEach(start, tasks), nanosEach(time.Since(started), tasks)}
}

func spreadOverChannels(times, channels int) []float64 {
	share := (times + channels - 1) / channels
	exchange(channels, (share+9)/10)
	return []float64{nanosEach(exchange(channels, share), channels*share)}
}

// exchange sends so many messages over each channel, and gives the time that it takes once all goroutines wait.
func exchange(channels, share int) time.Duration {
	gates := gates(channels)
	var received atomic.Uint64
	var waiting, running sync.WaitGroup
	waiting.Add(channels)
	running.Add(channels)
	for _, gate := range gates {
		messages := make(chan int, pairCapacity)
		go func() {
			waiting.Done()
			<-gate
			for message := range share {
				messages <- message
			}
			close(messages)
		}()
		go func() {
			var inTurn int
			for message := range messages {
				if message == inTurn {
					inTurn++
				}
			}
			received.Add(uint64(inTurn))
			running.Done()
		}()
	}
	waiting.Wait()
	started := time.Now()
	open(gates)
	running.Wait()
	took := time.Since(started)
	expectCount(received.Load(), uint64(channels*share))
	return took
}

func cancelAmongTimers(times, timers int) []float64 {
	others := make([]*time.Timer, timers)
	for index := range others {
		others[index] = time.NewTimer(never + time.Duration(index)*time.Millisecond)
	}
	figures := inGoroutine(startCancel)(times)
	var stopped uint64
	for _, other := range others {
		if other.Stop() {
			stopped++
		}
	}
	expectCount(stopped, uint64(timers))
	return figures
}

func fireTogether(_, timers int) []float64 {
	needGoroutines(timers)
	// What is due in no time has to be started all the same: this is how long that takes.
	warmUp := time.Now()
	fire(timers, warmUp)
	due := time.Now().Add(3*time.Since(warmUp) + 10*time.Millisecond)
	if fire(timers, due).After(due) {
		lack("a moment that is late enough to start all timers before it")
	}
	return []float64{nanosEach(time.Since(due), timers)}
}

// fire starts so many timers that are due then, a goroutine each, and waits for them all. It gives when all were started.
func fire(timers int, due time.Time) time.Time {
	var starting, running sync.WaitGroup
	starting.Add(timers)
	running.Add(timers)
	for range timers {
		go func() {
			timer := time.NewTimer(time.Until(due))
			starting.Done()
			<-timer.C
			running.Done()
		}()
	}
	starting.Wait()
	started := time.Now()
	running.Wait()
	return started
}
