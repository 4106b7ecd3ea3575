// The echo server: a goroutine a connection. It prints "listening on ADDRESS", answers each line "usage" of its input with
// "usage USER SYSTEM", what it has used of the processor so far in nanoseconds, and each line "block TIMES" with "blocked TIMES" when
// so many goroutines have blocked their thread; and it serves until its input ends.
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"syscall"
)

const echoBuffer = 16 * 1024

func serveEcho() {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		giveUpEcho(err)
	}
	fmt.Println("listening on", listener.Addr())
	go answerEcho()
	for {
		connection, err := listener.Accept()
		if err != nil {
			giveUpEcho(err)
		}
		go echo(connection.(*net.TCPConn))
	}
}

func echo(connection *net.TCPConn) {
	defer connection.Close()
	if connection.SetNoDelay(true) != nil {
		return
	}
	buffer := make([]byte, echoBuffer)
	for {
		read, err := connection.Read(buffer)
		if err != nil {
			return
		}
		if _, err := connection.Write(buffer[:read]); err != nil {
			return
		}
	}
}

func answerEcho() {
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
			giveUpEcho(err)
		}
		fmt.Println("usage", usage.Utime.Nano(), usage.Stime.Nano())
	}
	os.Exit(0)
}

func giveUpEcho(err error) {
	fmt.Fprintln(os.Stderr, "the echo server:", err)
	os.Exit(1)
}
