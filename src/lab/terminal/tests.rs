//! Tests of sessions, over a pipe instead of SSH.

use std::sync::Arc;

use tokio::io::{DuplexStream, duplex};

use super::super::clock::Clock;
use super::super::scenarios::scenario;
use super::*;

/// What a node says while these keys are typed, until it hangs up.
async fn said(name: &str, manners: Vec<Manner>, keys: &[u8]) -> String {
    let clock = Clock::start(10_000.0);
    let world = scenario(name).expect("a scenario").world(clock.now());
    let hub = Arc::new(Hub::new(world, clock, vec![manners]));
    let (mut near, far): (DuplexStream, DuplexStream) = duplex(64 * 1024);
    let served = tokio::spawn(async move { Terminal::new(far, &hub, 0, true).serve().await });
    near.write_all(keys).await.expect("typed");
    near.shutdown().await.expect("an end");
    let mut text = Vec::new();
    near.read_to_end(&mut text).await.expect("an answer");
    served.await.expect("no panic").expect("a good end");
    String::from_utf8(text).expect("text")
}

#[tokio::test]
async fn keys_are_echoed_and_taken_back() {
    let text = said("cms-node-error", vec![], b"versiom\x7fn\r\nbye\r").await;
    assert!(
        text.contains("cms1> versiom\x08 \x08n\r\n2.9.5\r\ncms1> bye\r\n"),
        "{text}"
    );
}

#[tokio::test]
async fn ctrl_c_ends_a_line_and_a_command_that_goes_on() {
    let text = said("cms-node-error", vec![], b"nonsense\x03pcap a\r\x03bye\r").await;
    assert!(
        text.contains("nonsense^C\r\ncms1> pcap a\r\n^C\r\nCapture stopped"),
        "{text}"
    );
}

#[tokio::test]
async fn only_a_capital_letter_says_yes() {
    let line = b"database cluster remove\ry\rdatabase cluster status\rbye\r";
    let text = said("cms-node-error", vec![], line).await;
    assert!(text.contains("(Y/n) y\r\nCancelled\r\n"), "{text}");
    assert!(text.contains("Connected Primary"), "{text}");
}

#[tokio::test]
async fn long_answers_come_in_pages() {
    let text = said("imp-router-restart", vec![], b"utils service list\r exit\r").await;
    assert!(text.contains(&format!("{MORE}\r")), "{text}");
    assert!(
        text.contains("Primary Node =true\r\n\r\nadmin:exit"),
        "{text}"
    );
    let text = said("imp-router-restart", vec![], b"utils service list\rqexit\r").await;
    assert!(!text.contains("Primary Node"), "{text}");
}

#[tokio::test]
async fn misbehaviour_is_as_ordered() {
    let command = || "version".to_owned();
    let keys = b"version\rversion\r";
    let close = Manner::Close { command: command() };
    let text = said("cms-node-error", vec![close], keys).await;
    assert!(text.ends_with("cms1> version\r\n2.9"), "{text}");
    let flood = Manner::Flood {
        command: command(),
        bytes: 5000,
    };
    let text = said("cms-node-error", vec![flood], b"version\rbye\r").await;
    assert!(
        text.len() > 5000 && text.contains("x\r\n"),
        "{}",
        text.len()
    );
    let hang = Manner::Hang { command: command() };
    let text = said("cms-node-error", vec![hang], keys).await;
    assert!(text.ends_with("cms1> version\r\n"), "{text}");
    let asks = Manner::Question {
        command: command(),
        text: "Why? ".to_owned(),
    };
    let text = said("cms-node-error", vec![asks], b"version\rso\rbye\r").await;
    assert!(text.contains("Why? so\r\n2.9.5\r\n"), "{text}");
    let text = said("cms-node-error", vec![Manner::NoPrompt], keys).await;
    assert!(!text.contains("cms1>"), "{text}");
}
