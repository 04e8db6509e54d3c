//! rust_socketio's client with threads. It has no acks of its own for events of the server, and one attachment per packet.

use ecosystem::{ask_driver, options, report, same, wait, Outcome, PATIENCE};
use rust_socketio::client::Client;
use rust_socketio::{ClientBuilder, Event, Payload, RawClient, TransportType};
use serde_json::{json, Value};
use std::sync::mpsc::{channel, Receiver};
use std::time::{Duration, Instant};

struct Peer {
    client: Client,
    connects: Receiver<()>,
    closes: Receiver<()>,
    errors: Receiver<String>,
    ticks: Receiver<i64>,
    repeated: Receiver<Vec<u8>>,
}

fn connect(url: &str, transports: &str, namespace: &str, auth: Value) -> Result<Peer, String> {
    let (connect, connects) = channel();
    let (close, closes) = channel();
    let (error, errors) = channel();
    let (tick, ticks) = channel();
    let (repeat, repeated) = channel();
    let client = ClientBuilder::new(url)
        .namespace(namespace)
        .auth(auth)
        .transport_type(match transports {
            "polling" => TransportType::Polling,
            "websocket" => TransportType::Websocket,
            _ => TransportType::WebsocketUpgrade,
        })
        .reconnect_delay(100, 500)
        .on(Event::Connect, move |_, _| { connect.send(()).ok(); })
        .on(Event::Close, move |_, _| { close.send(()).ok(); })
        .on(Event::Error, move |payload, _| { error.send(format!("{payload:?}")).ok(); })
        .on("tick", move |payload, _| {
            if let Payload::Text(values) = payload {
                let _ = tick.send(values[0].as_i64().unwrap_or(-1));
            }
        })
        .on("repeated", move |payload, _| {
            if let Payload::Binary(bytes) = payload {
                let _ = repeat.send(bytes.to_vec());
            }
        })
        .connect()
        .map_err(|error| error.to_string())?;
    Ok(Peer { client, connects, closes, errors, ticks, repeated })
}

fn ask(client: &Client, event: &str, payload: impl Into<Payload>) -> Result<Value, String> {
    let (answer, answers) = channel();
    let on_ack = move |payload: Payload, _: RawClient| {
        let _ = answer.send(match payload {
            Payload::Text(values) => json!(values),
            Payload::Binary(bytes) => json!(bytes.to_vec()),
            other => json!(format!("{other:?}")),
        });
    };
    client.emit_with_ack(event, payload, PATIENCE, on_ack).map_err(|error| error.to_string())?;
    wait(&answers, &format!("the ack of {event}"))
}

fn sum(client: &Client, a: i64, b: i64) -> Outcome {
    // What is acked arrives as the list of arguments in a list.
    same(ask(client, "sum", vec![json!(a), json!(b)])?, json!([[a + b]]))
}

fn binary(peer: &Peer) -> Outcome {
    let bytes = vec![1, 2, 255, 0];
    peer.client.emit("repeat", bytes.clone()).map_err(|error| error.to_string())?;
    same(json!(wait(&peer.repeated, "the event")?), json!(bytes))
}

fn burst(peer: &Peer) -> Outcome {
    for i in 0..1_000 {
        peer.client.emit("count", json!(i)).map_err(|error| error.to_string())?;
    }
    same(ask(&peer.client, "total", Vec::<Value>::new())?, json!([[1_000]]))?;
    peer.client.emit("ticks", json!(1_000)).map_err(|error| error.to_string())?;
    for i in 0..1_000 {
        same(json!(wait(&peer.ticks, "an event")?), json!(i))?;
    }
    Ok(())
}

fn kick(url: &str, transports: &str) -> Outcome {
    let peer = connect(url, transports, "/", json!({}))?;
    wait(&peer.connects, "the connection")?;
    peer.client.emit("kick", Vec::<Value>::new()).map_err(|error| error.to_string())?;
    wait(&peer.closes, "the disconnect")?;
    match peer.connects.recv_timeout(Duration::from_millis(700)) {
        Ok(()) => Err("came back".into()),
        Err(_) => Ok(()),
    }
}

fn comes_back(peer: &Peer, want: &str) -> Outcome {
    while peer.connects.try_recv().is_ok() {}
    ask_driver(want);
    wait(&peer.connects, "the connection")?;
    sum(&peer.client, 20, 3)
}

fn main() {
    let (url, transports) = options();
    let check = |name: &str, run: &dyn Fn() -> Outcome| {
        let started = Instant::now();
        report(name, started, run());
    };
    let started = Instant::now();
    let connected = connect(&url, &transports, "/", json!({}));
    let peer = match connected {
        Ok(peer) => peer,
        Err(detail) => return report("connect", started, Err(detail)),
    };
    report("connect", started, wait(&peer.connects, "the connection").map(drop));
    check("refuse", &|| {
        let refused = connect(&url, &transports, "/private", json!({ "token": "wrong" }))?;
        let error = wait(&refused.errors, "the refusal")?;
        same(json!(error.contains("not allowed")), json!(true))
    });
    check("allow", &|| {
        let allowed = connect(&url, &transports, "/private", json!({ "token": "secret" }))?;
        wait(&allowed.connects, "the connection")?;
        sum(&allowed.client, 1, 2)
    });
    check("acks", &|| sum(&peer.client, 40, 2));
    check("binary", &|| binary(&peer));
    check("burst", &|| burst(&peer));
    check("kick", &|| kick(&url, &transports));
    check("restart", &|| comes_back(&peer, "crash"));
    check("shutdown", &|| comes_back(&peer, "shutdown"));
    std::process::exit(0);
}
