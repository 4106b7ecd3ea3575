// Go's channels in the rows of the channels program. Each line of input names a row and a number of messages; the answer
// is the row and the nanoseconds that it took.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const selectChannels = 4

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

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var row string
		var messages uint64
		if _, err := fmt.Sscan(lines.Text(), &row, &messages); err != nil {
			fail("a row and a number were expected: %v", err)
		}
		work := parse(row)
		started := time.Now()
		received := work(messages)
		took := time.Since(started)
		if received != (tally{messages, messages * (messages - 1) / 2}) {
			fail("%s: received %v of %d messages", row, received, messages)
		}
		fmt.Println(row, took.Nanoseconds())
	}
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

// parse gives the work of a row such as 4:1-128 or ping-pong-0.
func parse(row string) func(messages uint64) tally {
	cut := strings.LastIndexByte(row, '-')
	if cut < 0 {
		fail("no capacity in %q", row)
	}
	capacity, err := strconv.Atoi(row[cut+1:])
	if err != nil {
		fail("no capacity in %q: %v", row, err)
	}
	switch kind := row[:cut]; kind {
	case "ping-pong":
		return func(messages uint64) tally { return pingPong(capacity, messages) }
	case "receive":
		return func(messages uint64) tally { return stream(capacity, selectChannels, 1, messages) }
	case "select":
		return func(messages uint64) tally { return selectAny(capacity, messages) }
	default:
		var senders, receivers int
		if _, err := fmt.Sscanf(kind, "%d:%d", &senders, &receivers); err != nil {
			fail("an unknown row %q: %v", row, err)
		}
		return func(messages uint64) tally { return stream(capacity, senders, receivers, messages) }
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
		producers.Go(func() {
			for message := from; message < to; message++ {
				end <- message
			}
		})
	}
	producers.Wait()
}

func pingPong(capacity int, messages uint64) tally {
	ping, pong := make(chan uint64, capacity), make(chan uint64, capacity)
	tallies := make(chan tally, 2)
	go func() {
		var received tally
		for message := range ping {
			received.add(message)
			pong <- message + 1
		}
		tallies <- received
	}()
	go func() {
		var received tally
		for trip := range messages / 2 {
			ping <- trip * 2
			received.add(<-pong)
		}
		close(ping)
		tallies <- received
	}()
	received := <-tallies
	received.merge(<-tallies)
	return received
}

func selectAny(capacity int, messages uint64) tally {
	var channels [selectChannels]chan uint64
	ends := make([]chan<- uint64, selectChannels)
	for i := range channels {
		channels[i] = make(chan uint64, capacity)
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
