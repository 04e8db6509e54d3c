// zishang520's client for Go: see ../javascript.mjs for what a program prints.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"time"

	"github.com/zishang520/socket.io/clients/socket/v3"
	server "github.com/zishang520/socket.io/servers/socket/v3"
	"github.com/zishang520/socket.io/v3/pkg/types"
)

const patience = 15 * time.Second

var (
	url        = os.Args[1]
	transports = os.Args[2]
	input      = bufio.NewReader(os.Stdin)
)

func main() {
	client, err := connect(url, nil)
	if err != nil {
		panic(err)
	}
	connects, gone := listen(client, "connect"), listen(client, "disconnect")
	check("connect", func() error {
		if _, err := wait(connects, "the connection"); err != nil || transports != "both" {
			return err
		}
		return until("the upgrade", func() bool { return client.Io().Engine().Transport().Name() == "websocket" })
	})
	check("refuse", refuse)
	check("allow", allow)
	check("acks", func() error { return acks(client) })
	check("binary", func() error { return binary(client) })
	check("burst", func() error { return burst(client) })
	check("kick", kick)
	comesBack := func(want string) error {
		printLine(map[string]any{"want": want})
		_, _ = input.ReadString('\n')
		if _, err := wait(gone, "the disconnect"); err != nil {
			return err
		}
		if _, err := wait(connects, "the connection"); err != nil {
			return err
		}
		return sum(client, 20, 3)
	}
	check("restart", func() error { return comesBack("crash") })
	check("shutdown", func() error { return comesBack("shutdown") })
}

func connect(address string, auth map[string]any) (*socket.Socket, error) {
	options := socket.DefaultOptions()
	options.SetForceNew(true)
	options.SetReconnectionDelay(100)
	options.SetReconnectionDelayMax(500)
	options.SetAuth(auth)
	switch transports {
	case "polling":
		options.SetTransports(types.NewSet(socket.Polling))
	case "websocket":
		options.SetTransports(types.NewSet(socket.WebSocket))
	}
	return socket.Connect(address, options)
}

func refuse() error {
	client, err := connect(url+"/private", map[string]any{"token": "wrong"})
	if err != nil {
		return err
	}
	defer client.Close()
	reason, err := wait(listen(client, "connect_error"), "the refusal")
	if err != nil {
		return err
	}
	return same(fmt.Sprint(reason[0]), "not allowed")
}

func allow() error {
	client, err := connect(url+"/private", map[string]any{"token": "secret"})
	if err != nil {
		return err
	}
	defer client.Close()
	if _, err := wait(listen(client, "connect"), "the connection"); err != nil {
		return err
	}
	return sum(client, 1, 2)
}

func acks(client *socket.Socket) error {
	_ = client.On("question", func(args ...any) {
		args[1].(server.Ack)([]any{args[0].(float64) + 22}, nil)
	})
	if err := sum(client, 40, 2); err != nil {
		return err
	}
	answer, err := ask(client, "ask")
	if err != nil {
		return err
	}
	return same(answer, float64(42))
}

func binary(client *socket.Socket) error {
	value := func() map[string]any {
		return map[string]any{
			"list": []any{[]byte{1, 2, 255}, map[string]any{"deep": []byte{0}}}, "text": "ü€😀", "none": nil,
		}
	}
	answer, err := ask(client, "echo", value())
	if err != nil {
		return err
	}
	if err := same(readable(answer), readable(value())); err != nil {
		return err
	}
	repeated := listen(client, "repeated")
	_ = client.Emit("repeat", value())
	args, err := wait(repeated, "the event")
	if err != nil {
		return err
	}
	return same(readable(args[0]), readable(value()))
}

func burst(client *socket.Socket) error {
	ticks := make(chan []any, 2_000)
	_ = client.On("tick", func(args ...any) { ticks <- args })
	for i := 0; i < 1_000; i++ {
		_ = client.Emit("count", i)
	}
	total, err := ask(client, "total")
	if err != nil {
		return err
	}
	if err := same(total, float64(1_000)); err != nil {
		return err
	}
	_ = client.Emit("ticks", 1_000)
	for i := 0; i < 1_000; i++ {
		args, err := wait(ticks, "an event")
		if err != nil {
			return err
		}
		if err := same(args[0], float64(i)); err != nil {
			return err
		}
	}
	return nil
}

func kick() error {
	client, err := connect(url, nil)
	if err != nil {
		return err
	}
	defer client.Close()
	gone := listen(client, "disconnect")
	if _, err := wait(listen(client, "connect"), "the connection"); err != nil {
		return err
	}
	_ = client.Emit("kick")
	reason, err := wait(gone, "the disconnect")
	if err != nil {
		return err
	}
	if err := same(reason[0], "io server disconnect"); err != nil {
		return err
	}
	time.Sleep(700 * time.Millisecond)
	return same(client.Connected(), false)
}

func sum(client *socket.Socket, a, b int) error {
	answer, err := ask(client, "sum", a, b)
	if err != nil {
		return err
	}
	return same(answer, float64(a+b))
}

func ask(client *socket.Socket, event string, args ...any) (any, error) {
	answers := make(chan []any, 1)
	ack := server.Ack(func(values []any, err error) { answers <- values })
	_ = client.Emit(event, append(args, ack)...)
	values, err := wait(answers, "the ack of "+event)
	if err != nil || len(values) == 0 {
		return nil, err
	}
	return values[0], nil
}

func listen(client *socket.Socket, event string) chan []any {
	events := make(chan []any, 100)
	_ = client.On(types.EventName(event), func(args ...any) { events <- args })
	return events
}

func wait(events chan []any, what string) ([]any, error) {
	select {
	case args := <-events:
		return args, nil
	case <-time.After(patience):
		return nil, fmt.Errorf("waited for %s", what)
	}
}

func until(what string, condition func() bool) error {
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("waited for %s", what)
		}
	}
	return nil
}

// readable turns bytes, which arrive as buffers, into text.
func readable(value any) any {
	switch value := value.(type) {
	case []byte:
		return fmt.Sprintf("bytes %v", value)
	case types.BufferInterface:
		return fmt.Sprintf("bytes %v", value.Bytes())
	case []any:
		list := []any{}
		for _, each := range value {
			list = append(list, readable(each))
		}
		return list
	case map[string]any:
		object := map[string]any{}
		for key, each := range value {
			object[key] = readable(each)
		}
		return object
	}
	return value
}

func same(actual, expected any) error {
	if reflect.DeepEqual(actual, expected) {
		return nil
	}
	return fmt.Errorf("%v instead of %v", actual, expected)
}

func check(name string, run func() error) {
	started := time.Now()
	if err := run(); err != nil {
		printLine(map[string]any{"check": name, "ok": false, "detail": err.Error()})
		return
	}
	printLine(map[string]any{"check": name, "ok": true, "ms": time.Since(started).Milliseconds()})
}

func printLine(line map[string]any) {
	text, _ := json.Marshal(line)
	fmt.Println(string(text))
}
