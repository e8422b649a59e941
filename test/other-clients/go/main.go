// Delays, retries and mistakes with Go's client; .ci/other-clients also builds it with the older one that has the same interface.
package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const patience = 20 * time.Second

var failed = false

func check(what string, seen, expected any) {
	if reflect.DeepEqual(seen, expected) {
		fmt.Println("ok  ", what)
		return
	}
	failed = true
	fmt.Printf("FAIL %s\n     expected %#v\n     saw      %#v\n", what, expected, seen)
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func next(deliveries <-chan amqp.Delivery) amqp.Delivery {
	select {
	case delivery := <-deliveries:
		return delivery
	case <-time.After(patience):
		panic("no delivery")
	}
}

func to(queue string, more amqp.Table) amqp.Table {
	args := amqp.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": queue}
	for name, value := range more {
		args[name] = value
	}
	return args
}

// The death history without its moments, newest first.
func deaths(headers amqp.Table) []string {
	var history []string
	entries, _ := headers["x-death"].([]interface{})
	for _, entry := range entries {
		death := entry.(amqp.Table)
		if _, dated := death["time"].(time.Time); !dated {
			history = append(history, "a death without a time")
		}
		history = append(history, fmt.Sprintf("%v %v %T(%v) %v", death["queue"], death["reason"], death["count"], death["count"], death["original-expiration"]))
	}
	return history
}

// A channel that waits for the confirm of what it publishes.
type publisher struct {
	*amqp.Channel
	confirms chan amqp.Confirmation
}

func open(connection *amqp.Connection) publisher {
	channel := must(connection.Channel())
	must("", channel.Confirm(false))
	return publisher{channel, channel.NotifyPublish(make(chan amqp.Confirmation, 1))}
}

// Whether it was confirmed.
func (channel publisher) publish(queue, body, expiration string) bool {
	message := amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte(body), Expiration: expiration}
	must("", channel.Publish("", queue, true, false, message))
	return (<-channel.confirms).Ack
}

func delayQueue(connection *amqp.Connection) {
	channel := open(connection)
	defer channel.Close()
	must(channel.QueueDeclare("go.work", true, false, false, false, nil))
	must(channel.QueueDeclare("go.wait", true, false, false, false, to("go.work", amqp.Table{"x-message-ttl": int32(200)})))
	deliveries := must(channel.Consume("go.work", "", false, false, false, false, nil))
	started := time.Now()
	channel.publish("go.wait", "later", "")
	delivery := next(deliveries)
	check("a delay queue delivers late", time.Since(started) >= 200*time.Millisecond, true)
	check("and says where it died", deaths(delivery.Headers), []string{"go.wait expired int64(1) <nil>"})
	must("", delivery.Ack(false))
	channel.publish("go.wait", "sooner", "50")
	delivery = next(deliveries)
	check("an expiration is taken away", delivery.Expiration, "")
	check("and kept in the history", deaths(delivery.Headers), []string{"go.wait expired int64(1) 50"})
	must("", delivery.Ack(false))
	must(channel.QueueDelete("go.work", false, false, false))
	must(channel.QueueDelete("go.wait", false, false, false))
}

// Every attempt is rejected into a wait of its own, then parked.
func retryLadder(connection *amqp.Connection) {
	channel := open(connection)
	defer channel.Close()
	must("", channel.Qos(1, 0, false))
	must(channel.QueueDeclare("go.parking", true, false, false, false, nil))
	queues := []string{"go.parking"}
	for rung, wait := range []int32{50, 100} {
		jobs, waiting, then := fmt.Sprintf("go.jobs.%d", rung), fmt.Sprintf("go.wait.%d", rung), fmt.Sprintf("go.jobs.%d", rung+1)
		must(channel.QueueDeclare(jobs, true, false, false, false, to(waiting, nil)))
		must(channel.QueueDeclare(waiting, true, false, false, false, to(then, amqp.Table{"x-message-ttl": wait})))
		queues = append(queues, jobs, waiting)
	}
	must(channel.QueueDeclare("go.jobs.2", true, false, false, false, to("go.parking", nil)))
	queues = append(queues, "go.jobs.2")
	channel.publish("go.jobs.0", "broken", "")
	for rung := 0; rung < 3; rung++ {
		deliveries := must(channel.Consume(fmt.Sprintf("go.jobs.%d", rung), "", false, false, false, false, nil))
		delivery := next(deliveries)
		must("", delivery.Nack(false, false))
	}
	parked := next(must(channel.Consume("go.parking", "", true, false, false, false, nil)))
	check("a ladder of retries ends in the parking lot", deaths(parked.Headers), []string{
		"go.jobs.2 rejected int64(1) <nil>",
		"go.wait.1 expired int64(1) <nil>",
		"go.jobs.1 rejected int64(1) <nil>",
		"go.wait.0 expired int64(1) <nil>",
		"go.jobs.0 rejected int64(1) <nil>",
	})
	check("and says what came first and last", fmt.Sprint(parked.Headers["x-first-death-queue"], parked.Headers["x-last-death-queue"]), "go.jobs.0go.jobs.2")
	for _, queue := range queues {
		must(channel.QueueDelete(queue, false, false, false))
	}
}

func answers(connection *amqp.Connection) {
	channel := open(connection)
	defer channel.Close()
	returns := channel.NotifyReturn(make(chan amqp.Return, 1))
	channel.publish("go.nowhere", "lost", "")
	returned := <-returns
	check("a message without a queue comes back", fmt.Sprint(returned.ReplyCode, returned.ReplyText, string(returned.Body)), "312NO_ROUTElost")
	must(channel.QueueDeclare("go.full", true, false, false, false, amqp.Table{"x-max-length": 0, "x-overflow": "reject-publish"}))
	check("a full queue says no", channel.publish("go.full", "", ""), false)
	cancelled := channel.NotifyCancel(make(chan string, 1))
	must(channel.Consume("go.full", "doomed", false, false, false, false, nil))
	must(channel.QueueDelete("go.full", false, false, false))
	check("a consumer hears that its queue is deleted", <-cancelled, "doomed")
}

// What closes a channel on which this is done.
func refusal(connection *amqp.Connection, operation func(*amqp.Channel) error) string {
	channel := must(connection.Channel())
	closed := channel.NotifyClose(make(chan *amqp.Error, 1))
	if err := operation(channel); err != nil {
		return err.Error()
	}
	select {
	case err := <-closed:
		return err.Error()
	case <-time.After(patience):
		return "accepted"
	}
}

func mistakes(connection *amqp.Connection, url string) {
	channel := must(connection.Channel())
	must(channel.QueueDeclare("go.fixed", true, false, false, false, amqp.Table{"x-message-ttl": int32(1000)}))
	check("a missing queue", refusal(connection, func(channel *amqp.Channel) error {
		_, err := channel.QueueDeclarePassive("go.missing", true, false, false, false, nil)
		return err
	}), `Exception (404) Reason: "NOT_FOUND - no queue 'go.missing' in vhost '/'"`)
	check("an argument that differs", refusal(connection, func(channel *amqp.Channel) error {
		_, err := channel.QueueDeclare("go.fixed", true, false, false, false, amqp.Table{"x-message-ttl": int32(2000)})
		return err
	}), `Exception (406) Reason: "PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'go.fixed' in vhost '/': received '2000' but current is '1000'"`)
	text := refusal(connection, func(channel *amqp.Channel) error {
		return channel.Publish("", "go.fixed", false, false, amqp.Publishing{Expiration: "soon"})
	})
	check("an expiration that is no number", strings.HasPrefix(text, `Exception (406) Reason: "PRECONDITION_FAILED - invalid expiration 'soon': `), true)
	must(channel.QueueDelete("go.fixed", false, false, false))
	_, err := amqp.Dial(strings.Replace(url, "guest:guest@", "guest:wrong@", 1))
	check("a wrong password", errors.Is(err, amqp.ErrCredentials), true)
	_, err = amqp.Dial(url + "/no-such-vhost")
	check("a missing vhost", errors.Is(err, amqp.ErrVhost), true)
}

func main() {
	url := os.Getenv("AMQP_URL")
	connection := must(amqp.Dial(url))
	delayQueue(connection)
	retryLadder(connection)
	answers(connection)
	mistakes(connection, url)
	must("", connection.Close())
	if failed {
		os.Exit(1)
	}
}
