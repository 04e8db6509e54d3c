import io.socket.client.Ack;
import io.socket.client.IO;
import io.socket.client.Socket;
import io.socket.emitter.Emitter;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.json.JSONArray;
import org.json.JSONObject;

/** The official client for Java, which Android uses: see ../../../../javascript.mjs for what a program prints. */
public final class Client {
  private static final int PATIENCE_SECONDS = 15;
  private static final BufferedReader INPUT = new BufferedReader(new InputStreamReader(System.in));
  private static String url;
  private static String transports;

  public static void main(String[] args) throws Exception {
    url = args[0];
    transports = args[1];
    Socket socket = connect(url, null);
    BlockingQueue<Object[]> connects = listen(socket, Socket.EVENT_CONNECT);
    BlockingQueue<Object[]> gone = listen(socket, Socket.EVENT_DISCONNECT);
    socket.open();
    check("connect", () -> next(connects, "the connection"));
    check("refuse", Client::refuse);
    check("allow", Client::allow);
    check("acks", () -> acks(socket));
    check("binary", () -> binary(socket));
    check("burst", () -> burst(socket));
    check("kick", Client::kick);
    for (String want : new String[] {"crash", "shutdown"}) {
      check(want.equals("crash") ? "restart" : want, () -> {
        print(new JSONObject().put("want", want));
        INPUT.readLine();
        next(gone, "the disconnect");
        next(connects, "the connection");
        sum(socket, 20, 3);
      });
    }
    System.exit(0);
  }

  private static Socket connect(String address, Map<String, String> auth) throws Exception {
    IO.Options options = new IO.Options();
    options.forceNew = true;
    options.reconnectionDelay = 100;
    options.reconnectionDelayMax = 500;
    options.auth = auth;
    if (!transports.equals("both")) options.transports = new String[] {transports};
    return IO.socket(address, options);
  }

  private static void refuse() throws Exception {
    Socket refused = connect(url + "/private", Map.of("token", "wrong"));
    BlockingQueue<Object[]> errors = listen(refused, Socket.EVENT_CONNECT_ERROR);
    refused.open();
    Object reason = next(errors, "the refusal")[0];
    refused.close();
    same(((JSONObject) reason).getString("message"), "not allowed");
  }

  private static void allow() throws Exception {
    Socket allowed = connect(url + "/private", Map.of("token", "secret"));
    BlockingQueue<Object[]> connects = listen(allowed, Socket.EVENT_CONNECT);
    allowed.open();
    next(connects, "the connection");
    sum(allowed, 1, 2);
    allowed.close();
  }

  private static void acks(Socket socket) throws Exception {
    socket.on("question", args -> ((Ack) args[1]).call((Integer) args[0] + 22));
    sum(socket, 40, 2);
    same(ask(socket, "ask"), 42);
  }

  private static void binary(Socket socket) throws Exception {
    same(readable(ask(socket, "echo", value(3))), readable(value(3)));
    BlockingQueue<Object[]> repeated = listen(socket, "repeated");
    // Long enough for base64 in more lines than one.
    socket.emit("repeat", value(200));
    same(readable(next(repeated, "the event")[0]), readable(value(200)));
  }

  private static JSONObject value(int size) throws Exception {
    byte[] bytes = new byte[size];
    for (int i = 0; i < size; i++) bytes[i] = (byte) (i * 37);
    JSONArray list = new JSONArray().put(bytes).put(new JSONObject().put("deep", new byte[] {0}));
    return new JSONObject().put("list", list).put("text", "ü€😀");
  }

  private static void burst(Socket socket) throws Exception {
    BlockingQueue<Object[]> ticks = listen(socket, "tick");
    for (int i = 0; i < 1_000; i++) socket.emit("count", i);
    same(ask(socket, "total"), 1_000);
    socket.emit("ticks", 1_000);
    for (int i = 0; i < 1_000; i++) same(next(ticks, "an event")[0], i);
  }

  private static void kick() throws Exception {
    Socket kicked = connect(url, null);
    BlockingQueue<Object[]> connects = listen(kicked, Socket.EVENT_CONNECT);
    BlockingQueue<Object[]> gone = listen(kicked, Socket.EVENT_DISCONNECT);
    kicked.open();
    next(connects, "the connection");
    kicked.emit("kick");
    same(next(gone, "the disconnect")[0], "io server disconnect");
    Thread.sleep(700);
    same(kicked.connected(), false);
  }

  private static void sum(Socket socket, int a, int b) throws Exception {
    same(ask(socket, "sum", a, b), a + b);
  }

  private static Object ask(Socket socket, String event, Object... args) throws Exception {
    BlockingQueue<Object[]> answers = new LinkedBlockingQueue<>();
    socket.emit(event, args, (Ack) answers::add);
    return next(answers, "the ack of " + event)[0];
  }

  private static BlockingQueue<Object[]> listen(Emitter emitter, String event) {
    BlockingQueue<Object[]> events = new LinkedBlockingQueue<>();
    emitter.on(event, events::add);
    return events;
  }

  private static Object[] next(BlockingQueue<Object[]> events, String what) throws Exception {
    Object[] args = events.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
    if (args == null) throw new Exception("waited for " + what);
    return args;
  }

  private static String readable(Object value) throws Exception {
    if (value instanceof byte[] bytes) return "bytes " + Arrays.toString(bytes);
    StringBuilder text = new StringBuilder();
    if (value instanceof JSONArray list) {
      for (int i = 0; i < list.length(); i++) text.append(readable(list.get(i))).append(", ");
      return "[" + text + "]";
    }
    if (!(value instanceof JSONObject object)) return String.valueOf(value);
    for (String key : new String[] {"list", "text", "deep"}) {
      if (object.has(key)) text.append(key).append(": ").append(readable(object.get(key))).append(", ");
    }
    return "{" + text + "}";
  }

  private static void same(Object actual, Object expected) throws Exception {
    if (!expected.equals(actual)) throw new Exception(actual + " instead of " + expected);
  }

  private interface Step {
    void run() throws Exception;
  }

  private static void check(String name, Step step) throws Exception {
    long started = System.nanoTime();
    JSONObject line = new JSONObject().put("check", name);
    try {
      step.run();
      print(line.put("ok", true).put("ms", (System.nanoTime() - started) / 1_000_000));
    } catch (Exception error) {
      print(line.put("ok", false).put("detail", String.valueOf(error.getMessage())));
    }
  }

  private static synchronized void print(JSONObject line) {
    System.out.println(line);
  }
}
