// Go's channels in the rows of channels: the numbers below the number of messages are sent once each, and must arrive once each.
package main

import (
	"fmt"
	"sync"
	"time"
)

const (
	selectChannels = 4
	selectCapacity = 16
)

func init() {
	for _, capacity := range []int{0, 1} {
		channelRow(fmt.Sprintf("channel/ping-pong/%d", capacity), func(messages uint64) tally {
			return pingPong(capacity, messages)
		})
	}
	for _, ends := range [][2]int{{1, 1}, {4, 1}, {4, 4}} {
		for _, capacity := range []int{0, 1, 128} {
			channelRow(fmt.Sprintf("channel/%d:%d/%d", ends[0], ends[1], capacity), func(messages uint64) tally {
				return stream(capacity, ends[0], ends[1], messages)
			})
		}
	}
	channelRow(fmt.Sprintf("channel/receive/%d", selectCapacity), func(messages uint64) tally {
		return stream(selectCapacity, selectChannels, 1, messages)
	})
	channelRow(fmt.Sprintf("channel/select/%d", selectCapacity), selectAny)
}

// channelRow registers a row that gives the time for a message.
func channelRow(name string, work func(messages uint64) tally) {
	workloads[name] = func(times int) []float64 {
		run := func(messages uint64) float64 {
			started := time.Now()
			received := work(messages)
			took := time.Since(started)
			received.check(messages)
			return float64(took.Nanoseconds()) / float64(messages)
		}
		run(uint64(max(times/10, 1)))
		return []float64{run(uint64(times))}
	}
}

// tally is what arrived.
type tally struct {
	messages, sum uint64
}

func (t *tally) add(message uint64) {
	t.messages++
	t.sum += message
}

func (t *tally) merge(other tally) {
	t.messages += other.messages
	t.sum += other.sum
}

func (t *tally) check(expected uint64) {
	if *t != (tally{expected, expected * (expected - 1) / 2}) {
		fail(t.messages, expected)
	}
}

func stream(capacity, senders, receivers int, messages uint64) tally {
	channel := make(chan uint64, capacity)
	ends := make([]chan<- uint64, senders)
	for i := range ends {
		ends[i] = channel
	}
	tallies := make(chan tally, receivers)
	for range receivers {
		go func() {
			var received tally
			for message := range channel {
				received.add(message)
			}
			tallies <- received
		}()
	}
	sendAll(ends, messages)
	close(channel)
	var received tally
	for range receivers {
		received.merge(<-tallies)
	}
	return received
}

// sendAll splits the messages over the ends, a goroutine each, and waits for all.
func sendAll(ends []chan<- uint64, messages uint64) {
	var producers sync.WaitGroup
	count := uint64(len(ends))
	for i, end := range ends {
		from, to := messages*uint64(i)/count, messages*uint64(i+1)/count
		producers.Add(1)
		go func() {
			defer producers.Done()
			for message := from; message < to; message++ {
				end <- message
			}
		}()
	}
	producers.Wait()
}

func pingPong(capacity int, messages uint64) tally {
	ping, pong := make(chan uint64, capacity), make(chan uint64, capacity)
	tallies := make(chan tally, 2)
	go func() { tallies <- bounce(ping, pong, messages) }()
	go func() {
		ping <- 0
		tallies <- bounce(pong, ping, messages)
	}()
	received := <-tallies
	received.merge(<-tallies)
	return received
}

// bounce answers each number with the next one, until all have been sent.
func bounce(from <-chan uint64, to chan<- uint64, messages uint64) tally {
	defer close(to)
	var received tally
	for message := range from {
		received.add(message)
		if message+1 >= messages {
			break
		}
		to <- message + 1
	}
	return received
}

func selectAny(messages uint64) tally {
	var channels [selectChannels]chan uint64
	ends := make([]chan<- uint64, selectChannels)
	for i := range channels {
		channels[i] = make(chan uint64, selectCapacity)
		ends[i] = channels[i]
	}
	result := make(chan tally, 1)
	go func() {
		first, second, third, fourth := channels[0], channels[1], channels[2], channels[3]
		var received tally
		for received.messages < messages {
			select {
			case message := <-first:
				received.add(message)
			case message := <-second:
				received.add(message)
			case message := <-third:
				received.add(message)
			case message := <-fourth:
				received.add(message)
			}
		}
		result <- received
	}()
	sendAll(ends, messages)
	return <-result
}
