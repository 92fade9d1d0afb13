//! SIP: methods, status, numbers and lengths stay; who calls whom does not.

use super::mask;
use super::talk::Said;
use crate::redact::text::Redactor;

/// Longest head of a message.
const HEAD: usize = 16 << 10;

/// True for the first line of a message.
pub(super) fn is_sip(first: &[u8]) -> bool {
    let line = first
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = line.trim_ascii_end();
    let request = line.ends_with(b" SIP/2.0") && line.first().is_some_and(u8::is_ascii_uppercase);
    line.starts_with(b"SIP/2.0 ") || request
}

/// One message; its body becomes zeros.
pub(super) fn redact(message: &[u8], redactor: &mut Redactor) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len());
    for (number, line) in message.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() && number > 0 {
            out.extend_from_slice(line);
            break;
        }
        match number {
            0 => start(line, redactor, &mut out),
            _ => header(line, redactor, &mut out),
        }
    }
    out.resize(message.len(), 0);
    out
}

fn start(line: &[u8], redactor: &mut Redactor, out: &mut Vec<u8>) {
    let mut made = mask::text(line, redactor);
    let keep = |made: &mut Vec<u8>, from: usize, to: usize| {
        if let (Some(place), Some(text)) = (made.get_mut(from..to), line.get(from..to)) {
            place.copy_from_slice(text);
        }
    };
    match line.starts_with(b"SIP/2.0 ") {
        true => keep(&mut made, 0, 11),
        false => {
            let method = line.iter().position(|byte| *byte == b' ').unwrap_or(0);
            keep(&mut made, 0, method);
            if let Some(at) = memchr::memmem::rfind(line, b" SIP/2.0") {
                keep(&mut made, at, line.len());
            }
        }
    }
    out.extend_from_slice(&made);
}

fn header(line: &[u8], redactor: &mut Redactor, out: &mut Vec<u8>) {
    let colon = line.iter().position(|byte| *byte == b':');
    let Some((name, value)) = colon.and_then(|at| line.split_at_checked(at + 1)) else {
        out.extend(mask::text(line, redactor));
        return;
    };
    out.extend_from_slice(name);
    let is = |full: &[u8]| {
        name.get(..name.len() - 1)
            .is_some_and(|name| name.trim_ascii().eq_ignore_ascii_case(full))
    };
    if is(b"cseq") || is(b"content-length") || is(b"l") {
        out.extend_from_slice(value);
    } else if is(b"call-id") || is(b"i") {
        let text = value.trim_ascii();
        let begin = value.len() - value.trim_ascii_start().len();
        out.extend_from_slice(value.get(..begin).unwrap_or_default());
        out.extend(mask::token(text, redactor));
        out.extend_from_slice(value.get(begin + text.len()..).unwrap_or_default());
    } else {
        out.extend(mask::text(value, redactor));
    }
}

/// One side of a connection: message after message.
pub(super) fn stream(said: &Said, redactor: &mut Redactor) -> Vec<u8> {
    let mut out = vec![0; said.bytes.len()];
    let mut at = 0;
    while at < said.bytes.len() {
        let run = said.run(at);
        let blank = run
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
        if blank > 0 {
            put(&mut out, at, run.get(..blank).unwrap_or_default());
            at += blank;
            continue;
        }
        let window = run.get(..HEAD).unwrap_or(run);
        let end = ["\r\n\r\n", "\n\n", "\n\r\n"]
            .iter()
            .filter_map(|end| Some(memchr::memmem::find(window, end.as_bytes())? + end.len()))
            .min();
        let head = window.get(..end.unwrap_or(window.len())).unwrap_or(window);
        if head.is_empty() {
            return out;
        }
        let made = redact(head, redactor);
        put(&mut out, at, &made);
        if end.is_none() {
            return out;
        }
        at += head.len() + length(head);
    }
    out
}

/// Bytes of the body.
fn length(head: &[u8]) -> usize {
    let value = head.split(|byte| *byte == b'\n').find_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at_checked(colon)?;
        let name = name.trim_ascii();
        let is = name.eq_ignore_ascii_case(b"content-length") || name.eq_ignore_ascii_case(b"l");
        is.then(|| value.get(1..).unwrap_or_default().trim_ascii())
    });
    let text = value.and_then(|value| std::str::from_utf8(value).ok());
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn put(out: &mut [u8], at: usize, bytes: &[u8]) {
    for (to, from) in out.iter_mut().skip(at).zip(bytes) {
        *to = *from;
    }
}
