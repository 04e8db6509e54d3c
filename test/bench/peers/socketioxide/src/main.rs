//! The application of the benchmark on socketioxide: one worker, as a Node process has one.
//! Argument: the ping interval in milliseconds. Prints its port, ends with its standard input.
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use serde_json::Value;
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, Extension, SocketRef};
use std::sync::Arc;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

const ROOM: &str = "room-000";

/// How many events arrived since they were counted last.
type Count = Arc<AtomicU64>;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let interval = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(25_000);
    let (layer, io) = SocketIo::builder()
        .ping_interval(Duration::from_millis(interval))
        .ping_timeout(Duration::from_millis(interval.max(20_000)))
        .build_layer();
    io.ns("/", on_connect);

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    tokio::spawn(async { axum::serve(listener, Router::new().layer(layer)).await });
    let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
}

async fn on_connect(socket: SocketRef) {
    socket.extensions.insert(Count::default());
    socket.on("echo", async |Data::<Value>(payload), ack: AckSender| {
        ack.send(&payload).ok();
    });
    socket.on("binary", async |Data::<Bytes>(payload), ack: AckSender| {
        ack.send(&payload).ok();
    });
    socket.on("event", async |Extension::<Count>(count)| {
        count.fetch_add(1, Ordering::Relaxed);
    });
    socket.on("count", async |Extension::<Count>(count), ack: AckSender| {
        ack.send(&count.swap(0, Ordering::Relaxed)).ok();
    });
    socket.on("broadcast", async |io: SocketIo, Data::<Value>(payload)| {
        io.emit("news", &payload).await.ok();
    });
    socket.on("enter", async |socket: SocketRef, Data::<String>(room), ack: AckSender| {
        socket.join(room);
        ack.send(&true).ok();
    });
    socket.on("leave", async |socket: SocketRef, Data::<String>(room), ack: AckSender| {
        socket.leave(room);
        ack.send(&true).ok();
    });
    socket.on("tell", async |io: SocketIo, Data::<Value>(payload)| {
        io.to(ROOM).emit("news", &payload).await.ok();
    });
}
