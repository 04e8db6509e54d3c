// The application of the benchmark on zishang520/socket.io.
// Argument: the ping interval in milliseconds. Prints its port, ends with its standard input.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/zishang520/socket.io/servers/socket/v3"
)

const room = socket.Room("room-000")

func main() {
	interval, err := strconv.Atoi(os.Args[1])
	check(err)
	options := socket.DefaultServerOptions()
	options.SetPingInterval(time.Duration(interval) * time.Millisecond)
	server := socket.NewServer(nil, options)
	server.On("connection", func(clients ...any) { serve(server, clients[0].(*socket.Socket)) })

	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	check(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	mux := http.NewServeMux()
	mux.Handle("/socket.io/", server.ServeHandler(nil))
	go func() { check(http.Serve(listener, mux)) }()
	_, err = io.Copy(io.Discard, os.Stdin)
	check(err)
}

func serve(server *socket.Server, client *socket.Socket) {
	events := 0
	echo := func(args ...any) { ackOf(args)(args[:1], nil) }
	client.On("echo", echo)
	client.On("binary", echo)
	client.On("event", func(...any) { events++ })
	client.On("count", func(args ...any) {
		ackOf(args)([]any{events}, nil)
		events = 0
	})
	client.On("broadcast", func(args ...any) { server.Emit("news", args[0]) })
	client.On("enter", func(args ...any) {
		client.Join(socket.Room(args[0].(string)))
		ackOf(args)([]any{true}, nil)
	})
	client.On("leave", func(args ...any) {
		client.Leave(socket.Room(args[0].(string)))
		ackOf(args)([]any{true}, nil)
	})
	client.On("tell", func(args ...any) { server.To(room).Emit("news", args[0]) })
}

func ackOf(args []any) socket.Ack {
	return args[len(args)-1].(socket.Ack)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
