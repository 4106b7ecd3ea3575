// The echo server: a goroutine a connection.
package main

import "net"

const echoBuffer = 16 * 1024

func serveEcho(listener net.Listener) error {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
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
