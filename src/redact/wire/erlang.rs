//! Erlang's distribution and port mapper: the handshake with other names of nodes; no cookie's
//! proof, and nothing of what nodes say to each other.

use super::talk::Said;
use crate::redact::text::Redactor;

fn be16(bytes: &[u8], at: usize) -> Option<usize> {
    let pair = *bytes.get(at..)?.first_chunk::<2>()?;
    Some(usize::from(u16::from_be_bytes(pair)))
}

/// One side of a connection between nodes.
pub(super) fn distribution(said: &Said, redactor: &mut Redactor) -> Vec<u8> {
    let mut out = Vec::new();
    let run = said.run(0);
    while let Some(length) = run.get(out.len()..).and_then(|rest| be16(rest, 0)) {
        let message = run.get(out.len()..).unwrap_or_default();
        let message = message.get(..length + 2).unwrap_or(message);
        let kind = message.get(2).copied().unwrap_or(0);
        let kept = match kind {
            b's' => message.len(),
            b'n' if length >= 7 => 5,
            b'N' if length >= 15 => 3,
            b'r' | b'a' | b'c' => 3,
            _ => break,
        };
        let mut made = message.get(..kept).unwrap_or(message).to_vec();
        match kind {
            b'n' => tail(message, 9, &mut made, redactor),
            b'N' => new_name(message, &mut made, redactor),
            b's' => made = redactor.same_length(message),
            _ => {}
        }
        made.resize(message.len(), 0);
        let done = kind == b'a';
        out.extend_from_slice(&made);
        if done || message.len() < length + 2 {
            break;
        }
    }
    out
}

/// A name at the end of a message of version 5, with a challenge in front of it or not.
fn tail(message: &[u8], at: usize, made: &mut Vec<u8>, redactor: &mut Redactor) {
    let rest = message.get(at..).unwrap_or_default();
    let graphic = |text: &[u8]| text.iter().all(u8::is_ascii_graphic);
    // a challenge is a random number of four bytes
    let name = match rest.split_at_checked(4) {
        Some((_, name)) if !graphic(rest) && graphic(name) => name,
        _ => rest,
    };
    if name.len() == rest.len() && !name.contains(&b'@') && rest.len() > 4 {
        // nobody can tell
        return;
    }
    // flags are those of the release
    let flags = message.get(made.len()..at).unwrap_or_default().to_vec();
    made.extend_from_slice(&flags);
    let split = at + rest.len() - name.len();
    // a challenge that is all letters would join the name
    made.resize(split, 1);
    made.extend_from_slice(&node(name, redactor));
}

/// A name with its length (version 6), with a challenge in front of the number of the node or not.
fn new_name(message: &[u8], made: &mut Vec<u8>, redactor: &mut Redactor) {
    for at in [15, 19] {
        let length = be16(message, at).unwrap_or(usize::MAX);
        let name = message.get(at + 2..);
        let Some(name) = name.filter(|name| name.len() == length) else {
            continue;
        };
        made.extend_from_slice(message.get(made.len()..11).unwrap_or_default());
        made.resize(at, 0);
        made.extend_from_slice(message.get(at..at + 2).unwrap_or_default());
        made.extend_from_slice(&node(name, redactor));
        return;
    }
}

/// `clusterdb@host`
fn node(name: &[u8], redactor: &mut Redactor) -> Vec<u8> {
    match name.iter().position(|byte| *byte == b'@') {
        Some(at) => {
            let (user, host) = name.split_at(at + 1);
            let mut out = redactor.words(user);
            out.extend(redactor.words(host));
            out
        }
        None => redactor.words(name),
    }
}

/// One side of a question to the port mapper.
pub(super) fn port_mapper(said: &Said, redactor: &mut Redactor) -> Vec<u8> {
    let run = said.run(0);
    let asks = be16(run, 0).is_some_and(|length| length + 2 == run.len());
    let mut out = match run.get(2) {
        Some(122) if asks => run.get(..3).unwrap_or(run).to_vec(),
        Some(120) if asks => run.get(..13).unwrap_or(run).to_vec(),
        _ if asks => return run.get(..3).unwrap_or(run).to_vec(),
        // result and port
        _ => return run.get(..4).unwrap_or(run).to_vec(),
    };
    let rest = match run.get(2) {
        Some(120) => {
            let length = be16(run, 11).unwrap_or(0);
            run.get(13..13 + length).unwrap_or_default()
        }
        _ => run.get(3..).unwrap_or_default(),
    };
    out.extend(redactor.words(rest));
    out
}
