// The benchmarks of channels that Go has for its own, done without its package for tests.
package main

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"time"
)

const (
	// batch is the messages that a goroutine takes upon itself at a time.
	batch = 1000
	// burst is the messages that a goroutine sends before it receives as many.
	burst = 100
	// crowd is the goroutines that wait for a popular channel.
	crowd = 1000
)

func init() {
	goBenchmark("ChanSync", 1, func(times uint64) (uint64, uint64) { return chanSync(times, 0) })
	goBenchmark("ChanSyncWork", 1, func(times uint64) (uint64, uint64) { return chanSync(times, 1000) })
	for _, capacity := range []int{0, 10, 100} {
		goBenchmark(fmt.Sprintf("ChanProdCons%d", capacity), 1, func(times uint64) (uint64, uint64) {
			return chanProdCons(times, capacity, 0)
		})
		goBenchmark(fmt.Sprintf("ChanProdConsWork%d", capacity), 1, func(times uint64) (uint64, uint64) {
			return chanProdCons(times, capacity, 100)
		})
	}
	goBenchmark("ChanCreation", 1, chanCreation)
	goBenchmark("ChanSem", 1, chanSem)
	goBenchmark("ChanPopular", crowd, chanPopular)
	goBenchmark("ChanNonblocking", 1, chanNonblocking)
	goBenchmark("ChanUncontended", burst, chanUncontended)
	goBenchmark("ChanContended", burst, chanContended)
	goBenchmark("SelectUncontended", 1, selectUncontended)
	goBenchmark("SelectSyncContended", 1, selectSyncContended)
	goBenchmark("SelectAsyncContended", 1, selectAsyncContended)
	goBenchmark("SelectNonblock", 1, selectNonblock)
	goBenchmark("SelectProdCons", 1, selectProdCons)
	workloads["go/ReceiveDataFromClosedChan"] = func(times int) []float64 {
		receiveFromClosed(uint64(max(times/10, 1)))
		return []float64{receiveFromClosed(uint64(times))}
	}
}

// goBenchmark registers a benchmark whose work gives what it counted and what it should have: so many for each time.
func goBenchmark(name string, each float64, work func(times uint64) (uint64, uint64)) {
	workloads["go/"+name] = func(times int) []float64 {
		run := func(times uint64) float64 {
			started := time.Now()
			counted, expected := work(times)
			took := time.Since(started)
			if counted != expected {
				fail(counted, expected)
			}
			return float64(took.Nanoseconds()) / float64(expected) * each
		}
		run(uint64(max(times/10, 1)))
		return []float64{run(uint64(times))}
	}
}

// parallel splits the times over as many goroutines as there are workers, and gives the sum of what they counted.
func parallel(times uint64, run func(share uint64) uint64) uint64 {
	return split(workers(), times, run)
}

func workers() uint64 {
	return uint64(runtime.GOMAXPROCS(0))
}

// batches are taken until there are none left.
type batches struct {
	left atomic.Int64
}

// take takes a batch, and gives how many are left.
func (b *batches) take() (int64, bool) {
	left := b.left.Add(-1)
	return left, left >= 0
}

// batchesOf gives batches for at least that many times, in multiples of a number of batches, and the times that they make.
func batchesOf(times, multiple uint64) (*batches, uint64) {
	number := (times + batch*multiple - 1) / (batch * multiple) * multiple
	made := new(batches)
	made.left.Store(int64(number))
	return made, number * batch
}

// sink keeps the outcome of work alive.
var sink atomic.Uint64

// localWork takes some cycles a step, in any language.
func localWork(steps uint64) {
	if steps == 0 {
		return
	}
	state := uint64(88172645463325252)
	for range steps {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
	}
	if state == 0 {
		sink.Store(state)
	}
}

func chanSync(times, work uint64) (uint64, uint64) {
	// An even number of batches: while one goroutine has an odd one, the other has an even one.
	batches, times := batchesOf(times, 2)
	channel := make(chan int)
	counted := split(2, times, func(uint64) uint64 {
		var counted uint64
		for {
			number, found := batches.take()
			if !found {
				return counted
			}
			for range batch {
				if number%2 == 0 {
					<-channel
					counted++
					localWork(work)
					channel <- 0
					localWork(work)
				} else {
					channel <- 0
					localWork(work)
					<-channel
					counted++
					localWork(work)
				}
			}
		}
	})
	return counted, times
}

func chanProdCons(times uint64, capacity int, work uint64) (uint64, uint64) {
	batches, times := batchesOf(times, 1)
	channel := make(chan int, capacity)
	consumed := make(chan uint64, workers())
	for range workers() {
		go func() {
			for _, found := batches.take(); found; _, found = batches.take() {
				for range batch {
					localWork(work)
					channel <- 1
				}
			}
			channel <- 0
		}()
		go func() {
			var counted uint64
			for <-channel != 0 {
				localWork(work)
				counted++
			}
			consumed <- counted
		}()
	}
	return sum(consumed), times
}

// sum waits for a count of each worker.
func sum(counts <-chan uint64) uint64 {
	var sum uint64
	for range workers() {
		sum += <-counts
	}
	return sum
}

func chanCreation(times uint64) (uint64, uint64) {
	return parallel(times, func(share uint64) uint64 {
		var counted uint64
		for range share {
			channel := make(chan int, 1)
			channel <- 0
			<-channel
			counted++
		}
		return counted
	}), times
}

func chanSem(times uint64) (uint64, uint64) {
	channel := make(chan struct{}, workers())
	return parallel(times, func(share uint64) uint64 {
		var counted uint64
		for range share {
			channel <- struct{}{}
			<-channel
			counted++
		}
		return counted
	}), times
}

func chanPopular(times uint64) (uint64, uint64) {
	shared := make(chan bool)
	senders := make([]chan<- bool, crowd)
	counts := make(chan uint64, crowd)
	for i := range senders {
		own := make(chan bool)
		senders[i] = own
		go func() {
			var counted uint64
			for range times {
				var message bool
				select {
				case message = <-shared:
				case message = <-own:
				}
				if message {
					counted++
				}
			}
			counts <- counted
		}()
	}
	for range times {
		for _, sender := range senders {
			sender <- true
		}
	}
	var counted uint64
	for range crowd {
		counted += <-counts
	}
	return counted, times * crowd
}

func chanNonblocking(times uint64) (uint64, uint64) {
	channel := make(chan int)
	return parallel(times, func(share uint64) uint64 {
		var counted uint64
		for range share {
			select {
			case <-channel:
			default:
				counted++
			}
		}
		return counted
	}), times
}

func chanUncontended(times uint64) (uint64, uint64) {
	return parallel(times, func(share uint64) uint64 {
		return bursts(make(chan int, burst), share)
	}), times * burst
}

func chanContended(times uint64) (uint64, uint64) {
	channel := make(chan int, burst*workers())
	return parallel(times, func(share uint64) uint64 { return bursts(channel, share) }), times * burst
}

func bursts(channel chan int, times uint64) uint64 {
	var counted uint64
	for range times {
		for range burst {
			channel <- 0
		}
		for range burst {
			<-channel
			counted++
		}
	}
	return counted
}

func receiveFromClosed(times uint64) float64 {
	channel := make(chan struct{}, times)
	for range times {
		channel <- struct{}{}
	}
	close(channel)
	var counted uint64
	started := time.Now()
	for range channel {
		counted++
	}
	took := time.Since(started)
	if counted != times {
		fail(counted, times)
	}
	return float64(took.Nanoseconds()) / float64(times)
}

func selectUncontended(times uint64) (uint64, uint64) {
	return parallel(times, func(share uint64) uint64 {
		return throw(make(chan int, 1), make(chan int, 1), share)
	}), times
}

func selectAsyncContended(times uint64) (uint64, uint64) {
	left, right := make(chan int, workers()), make(chan int, workers())
	return parallel(times, func(share uint64) uint64 { return throw(left, right, share) }), times
}

// throw throws ones from whichever channel has one to the other, after a first one. Gives their sum.
func throw(left, right chan int, times uint64) uint64 {
	left <- 1
	var counted int
	for range times {
		select {
		case message := <-left:
			right <- 1
			counted += message
		case message := <-right:
			left <- 1
			counted += message
		}
	}
	return uint64(counted)
}

func selectSyncContended(times uint64) (uint64, uint64) {
	first, second, third := make(chan int), make(chan int), make(chan int)
	stop := make(chan struct{})
	sent := make(chan uint64, workers())
	for range workers() {
		go func() {
			var counted uint64
			for {
				select {
				case first <- 0:
				case second <- 0:
				case third <- 0:
				case <-stop:
					sent <- counted
					return
				}
				counted++
			}
		}()
	}
	parallel(times, func(share uint64) uint64 {
		for range share {
			select {
			case <-first:
			case <-second:
			case <-third:
			}
		}
		return share
	})
	close(stop)
	return sum(sent), times
}

func selectNonblock(times uint64) (uint64, uint64) {
	silent, unread := make(chan int), make(chan int)
	empty, full := make(chan int, 1), make(chan int, 1)
	full <- 0
	return parallel(times, func(share uint64) uint64 {
		var counted uint64
		for range share {
			went := false
			select {
			case <-silent:
				went = true
			default:
			}
			select {
			case unread <- 0:
				went = true
			default:
			}
			select {
			case <-empty:
				went = true
			default:
			}
			select {
			case full <- 0:
				went = true
			default:
			}
			if !went {
				counted++
			}
		}
		return counted
	}), times
}

func selectProdCons(times uint64) (uint64, uint64) {
	batches, times := batchesOf(times, 1)
	channel, stop := make(chan int, 128), make(chan struct{})
	consumed := make(chan uint64, workers())
	for range workers() {
		go func() {
			for _, found := batches.take(); found; _, found = batches.take() {
				for range batch {
					localWork(100)
					select {
					case channel <- 1:
					case <-stop:
					}
				}
			}
			channel <- 0
		}()
		go func() {
			var counted uint64
			for running := true; running; {
				select {
				case message := <-channel:
					running = message != 0
				case <-stop:
					running = false
				}
				if running {
					localWork(100)
					counted++
				}
			}
			consumed <- counted
		}()
	}
	return sum(consumed), times
}
