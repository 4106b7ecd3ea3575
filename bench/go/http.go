// The HTTP server of Go's own library, which answers each request with its path.
package main

import (
	"io"
	"net"
	"net/http"
	"time"
)

const headLimit = 30 * time.Second

func serveHTTP(listener net.Listener) error {
	server := http.Server{Handler: http.HandlerFunc(answerPath), ReadHeaderTimeout: headLimit}
	return server.Serve(listener)
}

func answerPath(writer http.ResponseWriter, request *http.Request) {
	writer.Header().Set("Content-Type", "text/plain")
	io.WriteString(writer, request.URL.Path)
}
