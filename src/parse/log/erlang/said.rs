//! What a message says of nodes: who writes it, and what happened to whom.

use memchr::memmem::find;

use crate::parse::scan::lines;

/// What a message says of another node.
pub(super) struct Said<'m> {
    /// One of the names in `about`.
    pub(super) event: &'static str,
    pub(super) other: Option<&'m [u8]>,
    /// Context of a partition, or why a connection is gone.
    pub(super) reason: Option<&'m [u8]>,
}

/// How far behind a word the node that it is about may stand.
const REACH: usize = 320;

fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'@') || byte >= 0x80
}

/// A text that is the name of a node and nothing else.
pub(super) fn name(text: &[u8]) -> Option<&[u8]> {
    let at = memchr::memchr(b'@', text)?;
    let fits = at > 0
        && at + 1 < text.len()
        && text.len() <= 255
        && text.iter().all(|b| in_name(*b))
        && memchr::memchr_iter(b'@', text).count() == 1;
    fits.then_some(text)
}

/// The name of a node with which a text begins, quotes and the colon of Elixir left out.
fn leading(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let skipped = text
        .iter()
        .take_while(|b| matches!(b, b'\'' | b':' | b'"'))
        .count();
    let text = text.get(skipped..)?;
    let len = text.iter().take_while(|b| in_name(**b)).count();
    let rest = text.get(len..)?;
    let found = text.get(..len)?;
    // the full stop of a sentence
    let found = found.strip_suffix(b".").unwrap_or(found);
    Some((name(found)?, rest.strip_prefix(b"'").unwrap_or(rest)))
}

/// The first name of a node in a text, and what stands behind it.
fn first(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut from = 0;
    loop {
        let at = from + memchr::memchr(b'@', text.get(from..)?)?;
        let before = text.get(..at)?;
        let len = before.iter().rev().take_while(|b| in_name(**b)).count();
        let start = at - len;
        if let Some(found) = leading(text.get(start..)?) {
            return Some(found);
        }
        from = at + 1;
    }
}

/// The last name of a node in a text.
fn last(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text;
    let mut found = None;
    while let Some((name, behind)) = first(rest) {
        found = Some(name);
        rest = behind;
    }
    found
}

fn behind<'m>(message: &'m [u8], word: &[u8]) -> Option<&'m [u8]> {
    let from = find(message, word)? + word.len();
    let rest = message.get(from..)?;
    Some(rest.get(..REACH).unwrap_or(rest))
}

fn before<'m>(message: &'m [u8], word: &[u8]) -> Option<&'m [u8]> {
    let at = find(message, word)?;
    message.get(at.saturating_sub(REACH)..at)
}

fn word(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii_start();
    let len = text
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
        .count();
    text.get(..len).unwrap_or_default()
}

/// The node that writes a message, where the message says so.
pub(super) fn writer(message: &[u8]) -> Option<&[u8]> {
    let message = message.trim_ascii_start();
    if let Some(rest) = message.strip_prefix(b"Mnesia(") {
        return leading(rest).map(|(name, _)| name);
    }
    for words in [b"is started in the node ".as_slice(), b" on node "] {
        let starts = words != b" on node " || message.starts_with(b"Starting ");
        if let Some(rest) = behind(message, words).filter(|_| starts) {
            return leading(rest).map(|(name, _)| name);
        }
    }
    // ` node           : rabbit@mq1` in the words with which a broker starts
    lines(message).find_map(|(_, line)| {
        let rest = line.trim_ascii_start().strip_prefix(b"node ")?;
        let value = rest.trim_ascii_start().strip_prefix(b": ")?;
        name(value.trim_ascii())
    })
}

/// What a message says of another node. `host` is the node that writes, where it is known: when
/// it stops its own database it tells itself so.
pub(super) fn about<'m>(message: &'m [u8], host: Option<&[u8]>) -> Option<Said<'m>> {
    partition(message)
        .or_else(|| mnesia(message, host))
        .or_else(|| rejected(message))
        .or_else(|| connection(message))
}

fn partition(message: &[u8]) -> Option<Said<'_>> {
    const CONTEXTS: [&[u8]; 2] = [
        b"running_partitioned_network",
        b"starting_partitioned_network",
    ];
    let context = CONTEXTS
        .iter()
        .find(|context| find(message, context).is_some())?;
    let at = find(message, context)?;
    let other = behind(message, context)
        .and_then(first)
        .map(|(name, _)| name);
    let other = other.or_else(|| before(message, context).and_then(last));
    Some(Said {
        event: "inconsistent_database",
        other,
        reason: message.get(at..at + context.len()),
    })
}

fn mnesia<'m>(message: &'m [u8], host: Option<&[u8]>) -> Option<Said<'m>> {
    let event = |word: &[u8], event| {
        let rest = behind(message, word)?.trim_ascii_start();
        let rest = rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start();
        Some((event, leading(rest)?.0))
    };
    let (event, other) =
        event(b"mnesia_down", "mnesia_down").or_else(|| event(b"mnesia_up", "mnesia_up"))?;
    let own = host == Some(other);
    Some(Said {
        event: match event {
            _ if !own => event,
            "mnesia_down" => "mnesia_stopped",
            _ => "mnesia_started",
        },
        other: Some(other),
        reason: None,
    })
}

fn rejected(message: &[u8]) -> Option<Said<'_>> {
    let rest = behind(message, b"Connection attempt ")?;
    let refused = [b"rejected".as_slice(), b"disallowed"];
    refused.iter().find(|word| find(message, word).is_some())?;
    Some(Said {
        event: "connection_rejected",
        other: first(rest).map(|(name, _)| name),
        reason: behind(message, b"rejected. ").map(|rest| {
            let end = memchr::memchr2(b'.', b'\n', rest).unwrap_or(rest.len());
            rest.get(..end).unwrap_or_default()
        }),
    })
}

/// What the kernel and those who watch nodes say of a connection between two of them.
fn connection(message: &[u8]) -> Option<Said<'_>> {
    let why = behind(message, b"nodedown_reason,").map(word);
    for (term, event) in [
        (b"nodedown".as_slice(), "node_down"),
        (b"nodeup", "node_up"),
    ] {
        let rest = behind(message, term).map(<[u8]>::trim_ascii_start);
        let rest = rest.map(|rest| rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start());
        if let Some((other, _)) = rest.and_then(leading) {
            return Some(Said {
                event,
                other: Some(other),
                reason: why,
            });
        }
    }
    let (other, rest) = leading(behind(message, b"ode ")?)?;
    if rest.trim_ascii_start().starts_with(b"not responding") {
        return Some(Said {
            event: "not_responding",
            other: Some(other),
            reason: None,
        });
    }
    let rest = rest.strip_prefix(b" is").unwrap_or(rest);
    let state = rest.strip_prefix(b" ")?;
    let event = match word(state) {
        b"down" => "node_down",
        b"up" => "node_up",
        _ => return None,
    };
    let reason = state.strip_prefix(b"down: ").map(word);
    Some(Said {
        event,
        other: Some(other),
        reason: reason.filter(|reason| !reason.is_empty()),
    })
}

/// True for words that only programs on Erlang write.
pub(super) fn is_telling(line: &[u8]) -> bool {
    const WORDS: [&[u8]; 10] = [
        b"Mnesia",
        b"mnesia",
        b"ejabberd",
        b"emqx",
        b"Ekka(",
        b"Mria(",
        b", mfa: ",
        b"mfa=",
        b"GenServer",
        b"** (",
    ];
    WORDS.iter().any(|word| find(line, word).is_some())
}
