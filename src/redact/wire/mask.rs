//! Text of the wire in its own length: names by the map, words of the product as they are, of
//! everything else only its shape.

use crate::redact::text::Redactor;

/// Longest number that is no telephone's.
const NUMBER: usize = 5;

/// Words of protocols that no rule holds.
const WORDS: &[&str] = &[
    "HTTP",
    "SIP",
    "SMTP",
    "ESMTP",
    "EHLO",
    "HELO",
    "MAIL",
    "RCPT",
    "FROM",
    "TO",
    "OK",
    "Trying",
    "Ringing",
    "Not",
    "Found",
    "Bad",
    "Request",
    "Unauthorized",
    "Forbidden",
    "Service",
    "Unavailable",
    "Timeout",
    "Server",
    "Error",
    "Internal",
    "transport",
    "tcp",
    "udp",
    "tls",
    "branch",
    "tag",
    "version",
    "xml",
    "stream",
    "jabber",
    "client",
];

/// A text of the same length; letters and digits of words that nobody but its writer uses are gone.
pub(super) fn text(text: &[u8], redactor: &mut Redactor) -> Vec<u8> {
    let mut out = redactor.same_length(text);
    let mut at = 0;
    let part = |byte: &u8| byte.is_ascii_alphanumeric();
    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| part(byte)).count();
        if length == 0 {
            // signs stay, what is no sign goes
            if let (Some(to), Some(from)) = (out.get_mut(at), rest.first())
                && !(from.is_ascii_punctuation() || from.is_ascii_whitespace())
                && *to == *from
            {
                *to = 0;
            }
            at += 1;
            continue;
        }
        let word = rest.get(..length).unwrap_or_default();
        if out.get(at..at + length) == Some(word) && !stays(word, text, at, redactor) {
            blank(out.get_mut(at..at + length).unwrap_or_default());
        }
        at += length;
    }
    out
}

fn stays(word: &[u8], text: &[u8], at: usize, redactor: &Redactor) -> bool {
    let digits = word.iter().all(u8::is_ascii_digit);
    // who is called stands in front of an @
    if text.get(at + word.len()) == Some(&b'@') {
        return redactor.vocabulary().has(&String::from_utf8_lossy(word)) && !digits;
    }
    if digits {
        let called = text
            .get(..at)
            .is_some_and(|before| before.ends_with(b"sip:") || before.ends_with(b"tel:"));
        return word.len() <= NUMBER && !called;
    }
    let word = String::from_utf8_lossy(word);
    WORDS.iter().any(|known| known.eq_ignore_ascii_case(&word)) || redactor.vocabulary().has(&word)
}

/// Letters and digits of the same kind that say nothing.
fn blank(word: &mut [u8]) {
    for byte in word {
        *byte = match *byte {
            b'0'..=b'9' => b'0',
            b'A'..=b'Z' => b'X',
            _ => b'x',
        };
    }
}

/// A word of the same length and kind of letters that follows from it: two that are equal stay so.
pub(super) fn token(word: &[u8], redactor: &Redactor) -> Vec<u8> {
    let mut noise = vec![0; word.len()];
    redactor.map().fill("token", word, &mut noise);
    let letter = |(byte, noise): (&u8, &u8)| match *byte {
        b'0'..=b'9' => b'0' + noise % 10,
        b'a'..=b'z' => b'a' + noise % 26,
        b'A'..=b'Z' => b'A' + noise % 26,
        byte if byte.is_ascii_punctuation() => byte,
        _ => b'-',
    };
    word.iter().zip(&noise).map(letter).collect()
}

/// The first line of HTTP; of all else the shape.
pub(super) fn http(bytes: &[u8], redactor: &mut Redactor) -> Vec<u8> {
    let end = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(bytes.len(), |at| at + 1);
    let (line, rest) = bytes.split_at(end);
    let mut out = text(line, redactor);
    // method or version, and what the line ends with
    let keep = |out: &mut Vec<u8>, from: usize, to: usize| {
        if let (Some(place), Some(word)) = (out.get_mut(from..to), line.get(from..to)) {
            place.copy_from_slice(word);
        }
    };
    let first = line.iter().position(|byte| *byte == b' ').unwrap_or(0);
    keep(&mut out, 0, first.min(9));
    if let Some(last) = memchr::memmem::rfind(line, b" HTTP/") {
        keep(&mut out, last, line.len());
    }
    out.extend(rest.iter().map(|byte| match byte {
        b'\r' | b'\n' | b' ' => *byte,
        _ => b'x',
    }));
    out
}

/// What a line begins with; nothing of all else.
pub(super) fn greeting(bytes: &[u8], begin: &[u8]) -> Vec<u8> {
    let same = bytes.iter().zip(begin).take_while(|(a, b)| a == b).count();
    let mut out = bytes.get(..same).unwrap_or_default().to_vec();
    let line = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(bytes.len(), |at| at + 1);
    out.extend(
        bytes
            .get(same..line)
            .unwrap_or_default()
            .iter()
            .map(|byte| match byte {
                b'\r' | b'\n' => *byte,
                _ => b'x',
            }),
    );
    out
}
