//! What both programs of rust_socketio have in common: see ../../javascript.mjs for what a program prints.

use serde_json::{json, Value};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

pub const PATIENCE: Duration = Duration::from_secs(15);

pub type Outcome = Result<(), String>;

/// The address and the transports of this run.
pub fn options() -> (String, String) {
    let mut args = std::env::args().skip(1);
    (args.next().expect("an address"), args.next().expect("transports"))
}

pub fn ask_driver(want: &str) {
    println!("{}", json!({ "want": want }));
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("an answer");
}

pub fn report(name: &str, started: Instant, outcome: Outcome) {
    let line = match outcome {
        Ok(()) => json!({ "check": name, "ok": true, "ms": started.elapsed().as_millis() as u64 }),
        Err(detail) => json!({ "check": name, "ok": false, "detail": detail }),
    };
    println!("{line}");
}

pub fn same(actual: Value, expected: Value) -> Outcome {
    if actual == expected {
        Ok(())
    } else {
        Err(format!("{actual} instead of {expected}"))
    }
}

pub fn wait<T>(receiver: &Receiver<T>, what: &str) -> Result<T, String> {
    receiver.recv_timeout(PATIENCE).map_err(|_| format!("waited for {what}"))
}
