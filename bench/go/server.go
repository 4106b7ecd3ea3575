// A server's process. It prints "listening on ADDRESS", answers each line "usage" of its input with "usage USER SYSTEM", what it has
// used of the processor so far in nanoseconds, and each line "block TIMES" with "blocked TIMES" when so many goroutines have blocked
// their thread; and it serves until its input ends.
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"syscall"
)

// serve serves on a listener of its own, and does not come back.
func serve(accept func(listener net.Listener) error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		giveUp(err)
	}
	fmt.Println("listening on", listener.Addr())
	go answerQuestions()
	giveUp(accept(listener))
}

func answerQuestions() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var times int
		if _, err := fmt.Sscanf(lines.Text(), "block %d", &times); err == nil {
			fmt.Println("blocked", blockAll(times))
			continue
		}
		if lines.Text() != "usage" {
			break
		}
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			giveUp(err)
		}
		fmt.Println("usage", usage.Utime.Nano(), usage.Stime.Nano())
	}
	os.Exit(0)
}

func giveUp(err error) {
	fmt.Fprintln(os.Stderr, "the server:", err)
	os.Exit(1)
}
