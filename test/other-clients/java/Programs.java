import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AuthenticationFailureException;
import com.rabbitmq.client.CancelCallback;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.MessageProperties;
import com.rabbitmq.client.ShutdownSignalException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Delays, retries and mistakes with RabbitMQ's Java client. */
public class Programs {
    private static final int PATIENCE_SECONDS = 20;
    private static boolean failed = false;

    private interface Operation {
        void on(Channel channel) throws Exception;
    }

    private record Delivery(Envelope envelope, AMQP.BasicProperties properties, byte[] body) {}

    private static void check(String what, Object seen, Object expected) {
        if (Objects.equals(seen, expected)) {
            System.out.println("ok   " + what);
            return;
        }
        failed = true;
        System.out.println("FAIL " + what + "\n     expected " + expected + "\n     saw      " + seen);
    }

    private static Map<String, Object> to(String queue, Object... more) {
        Map<String, Object> arguments = new HashMap<>();
        arguments.put("x-dead-letter-exchange", "");
        arguments.put("x-dead-letter-routing-key", queue);
        for (int i = 0; i < more.length; i += 2) arguments.put((String) more[i], more[i + 1]);
        return arguments;
    }

    /** The death history without its moments, newest first. */
    private static List<String> deaths(AMQP.BasicProperties properties) {
        List<String> history = new ArrayList<>();
        for (Object entry : (List<?>) properties.getHeaders().getOrDefault("x-death", List.of())) {
            Map<?, ?> death = (Map<?, ?>) entry;
            if (!(death.get("time") instanceof Date)) history.add("a death without a time");
            history.add(death.get("queue") + " " + death.get("reason") + " " + death.get("count") + " " + death.get("original-expiration"));
        }
        return history;
    }

    private static BlockingQueue<Delivery> consume(Channel channel, String queue) throws IOException {
        BlockingQueue<Delivery> deliveries = new ArrayBlockingQueue<>(16);
        channel.basicConsume(queue, false, new DefaultConsumer(channel) {
            @Override
            public void handleDelivery(String tag, Envelope envelope, AMQP.BasicProperties properties, byte[] body) {
                deliveries.add(new Delivery(envelope, properties, body));
            }
        });
        return deliveries;
    }

    private static Delivery next(BlockingQueue<Delivery> deliveries) throws InterruptedException {
        Delivery delivery = deliveries.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        if (delivery == null) throw new IllegalStateException("no delivery");
        return delivery;
    }

    private static void publish(Channel channel, String queue, String body, String expiration) throws Exception {
        AMQP.BasicProperties properties = MessageProperties.PERSISTENT_TEXT_PLAIN.builder().expiration(expiration).build();
        channel.basicPublish("", queue, properties, body.getBytes());
        channel.waitForConfirmsOrDie(PATIENCE_SECONDS * 1000L);
    }

    private static void delayQueue(Connection connection) throws Exception {
        Channel channel = connection.createChannel();
        channel.confirmSelect();
        channel.queueDeclare("java.work", true, false, false, null);
        channel.queueDeclare("java.wait", true, false, false, to("java.work", "x-message-ttl", 200));
        BlockingQueue<Delivery> deliveries = consume(channel, "java.work");
        long started = System.nanoTime();
        publish(channel, "java.wait", "later", null);
        Delivery delivery = next(deliveries);
        check("a delay queue delivers late", System.nanoTime() - started >= 200_000_000L, true);
        check("and says where it died", deaths(delivery.properties()), List.of("java.wait expired 1 null"));
        channel.basicAck(delivery.envelope().getDeliveryTag(), false);
        publish(channel, "java.wait", "sooner", "50");
        delivery = next(deliveries);
        check("an expiration is taken away", delivery.properties().getExpiration(), null);
        check("and kept in the history", deaths(delivery.properties()), List.of("java.wait expired 1 50"));
        channel.basicAck(delivery.envelope().getDeliveryTag(), false);
        channel.queueDelete("java.work");
        channel.queueDelete("java.wait");
        channel.close();
    }

    /** Rejected work waits and comes back; after the third time it is parked. */
    private static void retries(Connection connection) throws Exception {
        Channel channel = connection.createChannel();
        channel.confirmSelect();
        channel.basicQos(1);
        channel.exchangeDeclare("java.retry", "fanout", true);
        channel.queueDeclare("java.jobs", true, false, false, Map.of("x-dead-letter-exchange", "java.retry"));
        channel.queueDeclare("java.again", true, false, false, to("java.jobs", "x-message-ttl", 50));
        channel.queueBind("java.again", "java.retry", "");
        channel.queueDeclare("java.parking", true, false, false, null);
        BlockingQueue<Delivery> deliveries = consume(channel, "java.jobs");
        publish(channel, "java.jobs", "broken", null);
        List<Boolean> redelivered = new ArrayList<>();
        for (int attempt = 0; attempt < 3; attempt++) {
            Delivery delivery = next(deliveries);
            redelivered.add(delivery.envelope().isRedeliver());
            channel.basicReject(delivery.envelope().getDeliveryTag(), false);
        }
        Delivery last = next(deliveries);
        channel.basicPublish("", "java.parking", last.properties(), last.body());
        channel.waitForConfirmsOrDie(PATIENCE_SECONDS * 1000L);
        channel.basicAck(last.envelope().getDeliveryTag(), false);
        GetResponse parked = channel.basicGet("java.parking", true);
        check("a retried message is not redelivered", redelivered, List.of(false, false, false));
        check("what was parked tells its history", deaths(parked.getProps()), List.of("java.again expired 3 null", "java.jobs rejected 3 null"));
        for (String queue : List.of("java.jobs", "java.again", "java.parking")) channel.queueDelete(queue);
        channel.exchangeDelete("java.retry");
        channel.close();
    }

    private static void answers(Connection connection) throws Exception {
        Channel channel = connection.createChannel();
        channel.confirmSelect();
        CompletableFuture<String> returned = new CompletableFuture<>();
        channel.addReturnListener((code, text, exchange, key, properties, body) -> returned.complete(code + " " + text + " " + new String(body)));
        channel.basicPublish("", "java.nowhere", true, null, "lost".getBytes());
        check("a message without a queue comes back", returned.get(PATIENCE_SECONDS, TimeUnit.SECONDS), "312 NO_ROUTE lost");
        channel.queueDeclare("java.full", true, false, false, Map.of("x-max-length", 0, "x-overflow", "reject-publish"));
        channel.basicPublish("", "java.full", null, new byte[0]);
        check("a full queue says no", channel.waitForConfirms(PATIENCE_SECONDS * 1000L), false);
        CompletableFuture<String> cancelled = new CompletableFuture<>();
        CancelCallback hear = cancelled::complete;
        channel.basicConsume("java.full", true, "doomed", (tag, delivery) -> {}, hear);
        channel.queueDelete("java.full");
        check("a consumer hears that its queue is deleted", cancelled.get(PATIENCE_SECONDS, TimeUnit.SECONDS), "doomed");
        channel.close();
    }

    /** What closes a channel on which this is done. */
    private static String refusal(Connection connection, Operation operation) throws Exception {
        Channel channel = connection.createChannel();
        CompletableFuture<String> refused = new CompletableFuture<>();
        channel.addShutdownListener(signal -> refused.complete(describe(signal)));
        try {
            operation.on(channel);
        } catch (IOException expected) {
            // the listener has it
        }
        return refused.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    private static String describe(ShutdownSignalException signal) {
        AMQP.Channel.Close close = (AMQP.Channel.Close) signal.getReason();
        return close.getReplyCode() + " " + close.getReplyText();
    }

    private static void mistakes(Connection connection, String url) throws Exception {
        Channel channel = connection.createChannel();
        channel.queueDeclare("java.fixed", true, false, false, Map.of("x-message-ttl", 1000));
        check("a missing queue", refusal(connection, one -> one.queueDeclarePassive("java.missing")), "404 NOT_FOUND - no queue 'java.missing' in vhost '/'");
        check(
            "an argument that differs",
            refusal(connection, one -> one.queueDeclare("java.fixed", true, false, false, Map.of("x-message-ttl", 2000))),
            "406 PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'java.fixed' in vhost '/': received '2000' but current is '1000'");
        AMQP.BasicProperties soon = new AMQP.BasicProperties.Builder().expiration("soon").build();
        String text = refusal(connection, one -> one.basicPublish("", "java.fixed", soon, new byte[0]));
        check("an expiration that is no number", text.startsWith("406 PRECONDITION_FAILED - invalid expiration 'soon': "), true);
        channel.queueDelete("java.fixed");
        ConnectionFactory factory = new ConnectionFactory();
        factory.setUri(url.replace("guest:guest@", "guest:wrong@"));
        try {
            factory.newConnection().close();
            check("a wrong password", "accepted", "refused");
        } catch (AuthenticationFailureException error) {
            check("a wrong password", error.getMessage(),
                "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile.");
        }
    }

    public static void main(String[] args) throws Exception {
        String url = System.getenv("AMQP_URL");
        ConnectionFactory factory = new ConnectionFactory();
        factory.setUri(url);
        try (Connection connection = factory.newConnection()) {
            delayQueue(connection);
            retries(connection);
            answers(connection);
            mistakes(connection, url);
        }
        System.exit(failed ? 1 : 0);
    }
}
