//! rust_socketio's client for tokio. It has one attachment per packet.

use ecosystem::{ask_driver, options, report, same, wait, Outcome, PATIENCE};
use futures_util::FutureExt;
use rust_socketio::asynchronous::{Client, ClientBuilder};
use rust_socketio::{Event, Payload, TransportType};
use serde_json::{json, Value};
use std::sync::mpsc::{channel, Receiver, Sender};
use std::time::{Duration, Instant};
use tokio::task::block_in_place;

struct Peer {
    client: Client,
    connects: Receiver<Payload>,
    closes: Receiver<Payload>,
    errors: Receiver<Payload>,
    ticks: Receiver<Payload>,
    repeated: Receiver<Payload>,
}

fn listen(builder: ClientBuilder, event: impl Into<Event>) -> (ClientBuilder, Receiver<Payload>) {
    let (sender, receiver): (Sender<Payload>, _) = channel();
    let builder = builder.on(event, move |payload, _: Client| {
        let sender = sender.clone();
        async move { sender.send(payload).ok(); }.boxed()
    });
    (builder, receiver)
}

async fn connect(url: &str, transports: &str, namespace: &str, auth: Value) -> Result<Peer, String> {
    let builder = ClientBuilder::new(url)
        .namespace(namespace)
        .auth(auth)
        .transport_type(match transports {
            "polling" => TransportType::Polling,
            "websocket" => TransportType::Websocket,
            _ => TransportType::WebsocketUpgrade,
        })
        .reconnect_delay(100, 500);
    let (builder, connects) = listen(builder, Event::Connect);
    let (builder, closes) = listen(builder, Event::Close);
    let (builder, errors) = listen(builder, Event::Error);
    let (builder, ticks) = listen(builder, "tick");
    let (builder, repeated) = listen(builder, "repeated");
    let client = builder.connect().await.map_err(|error| error.to_string())?;
    Ok(Peer { client, connects, closes, errors, ticks, repeated })
}

fn next(receiver: &Receiver<Payload>, what: &str) -> Result<Value, String> {
    block_in_place(|| wait(receiver, what)).map(readable)
}

fn readable(payload: Payload) -> Value {
    match payload {
        Payload::Text(values) => json!(values),
        Payload::Binary(bytes) => json!(bytes.to_vec()),
        other => json!(format!("{other:?}")),
    }
}

async fn ask(client: &Client, event: &str, payload: impl Into<Payload>) -> Result<Value, String> {
    let (answer, answers) = channel();
    let on_ack = move |payload: Payload, _: Client| {
        let answer = answer.clone();
        async move { answer.send(payload).ok(); }.boxed()
    };
    let asked = client.emit_with_ack(event, payload, PATIENCE, on_ack).await;
    asked.map_err(|error| error.to_string())?;
    next(&answers, &format!("the ack of {event}"))
}

async fn emit(client: &Client, event: &str, payload: impl Into<Payload>) -> Outcome {
    client.emit(event, payload).await.map_err(|error| error.to_string())
}

async fn sum(client: &Client, a: i64, b: i64) -> Outcome {
    // What is acked arrives as the list of arguments in a list.
    same(ask(client, "sum", vec![json!(a), json!(b)]).await?, json!([[a + b]]))
}

async fn refuse(url: &str, transports: &str) -> Outcome {
    let refused = connect(url, transports, "/private", json!({ "token": "wrong" })).await?;
    let error = next(&refused.errors, "the refusal")?;
    same(json!(error.to_string().contains("not allowed")), json!(true))
}

async fn allow(url: &str, transports: &str) -> Outcome {
    let allowed = connect(url, transports, "/private", json!({ "token": "secret" })).await?;
    next(&allowed.connects, "the connection")?;
    sum(&allowed.client, 1, 2).await
}

async fn binary(peer: &Peer) -> Outcome {
    let bytes = vec![1, 2, 255, 0];
    emit(&peer.client, "repeat", bytes.clone()).await?;
    same(next(&peer.repeated, "the event")?, json!(bytes))
}

async fn burst(peer: &Peer) -> Outcome {
    for i in 0..1_000 {
        emit(&peer.client, "count", json!(i)).await?;
    }
    same(ask(&peer.client, "total", Vec::<Value>::new()).await?, json!([[1_000]]))?;
    emit(&peer.client, "ticks", json!(1_000)).await?;
    // Handlers run as tasks of their own, so their order is not that of arrival.
    for _ in 0..1_000 {
        next(&peer.ticks, "an event")?;
    }
    Ok(())
}

async fn kick(url: &str, transports: &str) -> Outcome {
    let peer = connect(url, transports, "/", json!({})).await?;
    next(&peer.connects, "the connection")?;
    emit(&peer.client, "kick", Vec::<Value>::new()).await?;
    next(&peer.closes, "the disconnect")?;
    tokio::time::sleep(Duration::from_millis(700)).await;
    match peer.connects.try_recv() {
        Ok(_) => Err("came back".into()),
        Err(_) => Ok(()),
    }
}

async fn comes_back(peer: &Peer, want: &str) -> Outcome {
    while peer.connects.try_recv().is_ok() {}
    block_in_place(|| ask_driver(want));
    next(&peer.connects, "the connection")?;
    sum(&peer.client, 20, 3).await
}

#[tokio::main]
async fn main() {
    let (url, transports) = options();
    let started = Instant::now();
    let peer = match connect(&url, &transports, "/", json!({})).await {
        Ok(peer) => peer,
        Err(detail) => return report("connect", started, Err(detail)),
    };
    report("connect", started, next(&peer.connects, "the connection").map(drop));
    let started = Instant::now();
    report("refuse", started, refuse(&url, &transports).await);
    report("allow", started, allow(&url, &transports).await);
    report("acks", started, sum(&peer.client, 40, 2).await);
    report("binary", started, binary(&peer).await);
    report("burst", started, burst(&peer).await);
    report("kick", started, kick(&url, &transports).await);
    report("restart", started, comes_back(&peer, "crash").await);
    report("shutdown", started, comes_back(&peer, "shutdown").await);
    std::process::exit(0);
}
