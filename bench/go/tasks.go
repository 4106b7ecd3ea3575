// Goroutines: how they are started and waited for, how they take turns, how they sleep, and what one costs that waits.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	spawnBatch   = 1000
	yielding     = 1000
	fibNumber    = 25
	fibResult    = 75025
	fibTasks     = 121392
	children     = 10
	longestSleep = 1000
	never        = time.Hour
	timerTasks   = 100
	startBatch   = 100
)

func init() {
	workloads["task/spawn-join/outside"] = timed(spawnJoin)
	workloads["task/spawn-join/worker"] = inGoroutine(spawnJoin)
	workloads["task/spawn-wait/worker"] = inGoroutine(spawnWait)
	workloads["task/one-by-one"] = inGoroutine(oneByOne)
	workloads["task/chain"] = inGoroutine(chain)
	workloads["task/yield/1000"] = inGoroutine(takeTurns)
	workloads["task/ping-pong"] = inGoroutine(bounceTurns)
	workloads["task/fork-join/fib25"] = func(times int) []float64 {
		figures := inGoroutine(forkJoin)(times)
		figures[0] /= fibTasks
		return figures
	}
	workloads["task/skynet/join"] = inGoroutine(skynetJoin)
	workloads["task/skynet/channel"] = inGoroutine(skynetChannel)
	workloads["timer/sleep/million"] = sleeps
	workloads["timer/start-cancel"] = inGoroutine(startCancel)
	workloads["timer/timeout-never"] = inGoroutine(timeouts)
	workloads["timer/live-400k"] = inGoroutine(live)
	workloads["memory/parked-task"] = parkedTasks
}

// timed gives the nanoseconds for each time that the work is done, after a tenth of it to warm up.
func timed(work func(times int)) func(times int) []float64 {
	return func(times int) []float64 {
		work((times + 9) / 10)
		started := time.Now()
		work(times)
		return []float64{nanosEach(time.Since(started), times)}
	}
}

// inGoroutine is timed for work in a goroutine other than the main one.
func inGoroutine(work func(times int)) func(times int) []float64 {
	return timed(func(times int) {
		done := make(chan struct{})
		go func() {
			work(times)
			close(done)
		}()
		<-done
	})
}

func nanosEach(took time.Duration, times int) float64 {
	return float64(took.Nanoseconds()) / float64(times)
}

func expectCount(counted, expected uint64) {
	if counted != expected {
		fail(counted, expected)
	}
}

func sumBelow(end int) uint64 {
	return uint64(end) * uint64(end-1) / 2
}

// share gives from where to where the part goes that is number index of nearly equal ones.
func share(whole, index, parts int) (start, end int) {
	return whole * index / parts, whole * (index + 1) / parts
}

func spawnJoin(times int) {
	var sum uint64
	results := make([]uint64, spawnBatch)
	for first := 0; first < times; first += spawnBatch {
		count := min(spawnBatch, times-first)
		var running sync.WaitGroup
		running.Add(count)
		for i := range count {
			go func() {
				results[i] = uint64(first + i)
				running.Done()
			}()
		}
		running.Wait()
		for _, result := range results[:count] {
			sum += result
		}
	}
	expectCount(sum, sumBelow(times))
}

func spawnWait(times int) {
	var ended atomic.Uint64
	for first := 0; first < times; first += spawnBatch {
		var running sync.WaitGroup
		for range min(spawnBatch, times-first) {
			running.Add(1)
			go func() {
				ended.Add(1)
				running.Done()
			}()
		}
		running.Wait()
	}
	expectCount(ended.Load(), uint64(times))
}

func oneByOne(times int) {
	var sum uint64
	result := make(chan uint64)
	for i := range times {
		go func() { result <- uint64(i) }()
		sum += <-result
	}
	expectCount(sum, sumBelow(times))
}

func chain(times int) {
	var links atomic.Uint64
	ended := make(chan struct{})
	var link func(left int)
	link = func(left int) {
		links.Add(1)
		if left == 1 {
			close(ended)
		} else {
			go link(left - 1)
		}
	}
	go link(times)
	<-ended
	expectCount(links.Load(), uint64(times))
}

func takeTurns(times int) {
	var yields atomic.Uint64
	var running sync.WaitGroup
	running.Add(yielding)
	for index := range yielding {
		go func() {
			start, end := share(times, index, yielding)
			for range end - start {
				runtime.Gosched()
			}
			yields.Add(uint64(end - start))
			running.Done()
		}()
	}
	running.Wait()
	expectCount(yields.Load(), uint64(times))
}

func bounceTurns(times int) {
	ping, pong := make(chan struct{}, 1), make(chan struct{}, 1)
	go func() {
		for range times {
			<-ping
			pong <- struct{}{}
		}
	}()
	var back uint64
	for range times {
		ping <- struct{}{}
		<-pong
		back++
	}
	expectCount(back, uint64(times))
}

func forkJoin(times int) {
	for range times {
		expectCount(fib(fibNumber), fibResult)
	}
}

func fib(number int) uint64 {
	if number < 2 {
		return uint64(number)
	}
	one := make(chan uint64, 1)
	go func() { one <- fib(number - 1) }()
	other := fib(number - 2)
	return <-one + other
}

func skynetJoin(times int) {
	expectCount(joining(0, times), sumBelow(times))
}

// joining adds up so many numbers from the first one on.
func joining(first, leaves int) uint64 {
	if leaves == 1 {
		return uint64(first)
	}
	var sums [children]uint64
	var running sync.WaitGroup
	for index := range children {
		if start, end := share(leaves, index, children); start < end {
			running.Add(1)
			go func() {
				sums[index] = joining(first+start, end-start)
				running.Done()
			}()
		}
	}
	running.Wait()
	var sum uint64
	for _, part := range sums {
		sum += part
	}
	return sum
}

func skynetChannel(times int) {
	sum := make(chan uint64)
	go sending(sum, 0, times)
	expectCount(<-sum, sumBelow(times))
}

// sending adds up so many numbers from the first one on, and sends the sum.
func sending(parent chan<- uint64, first, leaves int) {
	if leaves == 1 {
		parent <- uint64(first)
		return
	}
	sums := make(chan uint64)
	running := 0
	for index := range children {
		if start, end := share(leaves, index, children); start < end {
			running++
			go sending(sums, first+start, end-start)
		}
	}
	var sum uint64
	for range running {
		sum += <-sums
	}
	parent <- sum
}

func sleeps(times int) []float64 {
	night((times + 9) / 10)
	return night(times)
}

// night gives the milliseconds until so many goroutines have slept, and by how many they woke too late on average.
func night(times int) []float64 {
	var rested atomic.Uint64
	var late atomic.Int64
	var running sync.WaitGroup
	running.Add(times)
	started := time.Now()
	for number := range times {
		go func() {
			asked := time.Duration(1+number%longestSleep) * time.Millisecond
			asleep := time.Now()
			time.Sleep(asked)
			if by := time.Since(asleep) - asked; by >= 0 {
				rested.Add(1)
				late.Add(by.Nanoseconds())
			}
			running.Done()
		}()
	}
	running.Wait()
	wall := time.Since(started)
	expectCount(rested.Load(), uint64(times))
	return []float64{wall.Seconds() * 1e3, float64(late.Load()) / float64(times) / 1e6}
}

func startCancel(times int) {
	var stopped uint64
	for range times {
		if time.NewTimer(never).Stop() {
			stopped++
		}
	}
	expectCount(stopped, uint64(times))
}

func timeouts(times int) {
	var inTime atomic.Uint64
	var running sync.WaitGroup
	running.Add(timerTasks)
	for index := range timerTasks {
		go func() {
			start, end := share(times, index, timerTasks)
			for range end - start {
				within, cancel := context.WithTimeout(context.Background(), never)
				runtime.Gosched()
				if within.Err() == nil {
					inTime.Add(1)
				}
				cancel()
			}
			running.Done()
		}()
	}
	running.Wait()
	expectCount(inTime.Load(), uint64(times))
}

func live(times int) {
	var alive, stopped atomic.Uint64
	var running sync.WaitGroup
	running.Add(timerTasks)
	for index := range timerTasks {
		go func() {
			var timers []*time.Timer
			start, end := share(times, index, timerTasks)
			for number := start; number < end; number++ {
				// A prime step, so that they come in no order.
				due := time.Duration(60_000+number*7_919%60_000) * time.Millisecond
				timers = append(timers, time.NewTimer(due))
				alive.Add(1)
			}
			for alive.Load() < uint64(times) {
				runtime.Gosched()
			}
			for _, timer := range timers {
				if timer.Stop() {
					stopped.Add(1)
				}
			}
			running.Done()
		}()
	}
	running.Wait()
	expectCount(stopped.Load(), uint64(times))
}

func parkedTasks(times int) []float64 {
	parkAndWake((times + 999) / 1000)
	return parkAndWake(times)
}

// parkAndWake gives the bytes of a goroutine that waits at a gate, and the nanoseconds to start it and to wake it until it ends.
func parkAndWake(tasks int) []float64 {
	gate := make(chan struct{})
	var parked, running sync.WaitGroup
	var ended atomic.Uint64
	parked.Add(tasks)
	running.Add(tasks)
	before := residentBytes()
	started := time.Now()
	for number := range tasks {
		go func() {
			parked.Done()
			<-gate
			ended.Add(1)
			running.Done()
		}()
		if number%startBatch == 0 {
			runtime.Gosched()
		}
	}
	parked.Wait()
	start := time.Since(started)
	bytes := residentBytes() - before

	started = time.Now()
	close(gate)
	running.Wait()
	wake := time.Since(started)
	expectCount(ended.Load(), uint64(tasks))
	return []float64{float64(bytes) / float64(tasks), nanosEach(start, tasks), nanosEach(wake, tasks)}
}

// residentBytes is the memory of this process that is in use, as Linux counts it exactly.
func residentBytes() int64 {
	return bytesIn("/proc/self/smaps_rollup", "Rss")
}

// bytesIn gives the value of a field that a file has in kilobytes.
func bytesIn(file, field string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		var kilobytes int64
		if _, err := fmt.Sscanf(line, field+": %d kB", &kilobytes); err == nil {
			return kilobytes * 1024
		}
	}
	panic("no " + field + " in " + file)
}
