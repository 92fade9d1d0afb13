//! Protocols that are only recognised, so that a wrong one on a known port can be named.

use crate::model::flow::Direction;

/// The name of a protocol that says who it is: `http` (in clear; also the answer of a server that
/// expected TLS), `ssh` or `smtp`.
pub(super) fn certain(first: &[u8], from: Direction) -> Option<&'static str> {
    // everything that says who it is begins with a letter or a digit
    if !first.first()?.is_ascii_alphanumeric() {
        return None;
    }
    if is_http(first) {
        return Some("http");
    }
    if first.starts_with(b"SSH-") {
        return Some("ssh");
    }
    is_smtp(first, from).then_some("smtp")
}

/// Everything that is only recognised.
const NAMES: [&str; 5] = ["http", "ssh", "smtp", "text", "binary"];

/// The name of a protocol that nobody listens to, in one byte: most connections have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named(u8);

impl Named {
    /// The protocol with this name, if it is only recognised.
    pub(super) fn of(name: &str) -> Option<Self> {
        let place = NAMES.iter().position(|known| *known == name)?;
        u8::try_from(place).ok().map(Self)
    }

    /// Its name.
    pub(super) fn name(self) -> Option<&'static str> {
        NAMES.get(usize::from(self.0)).copied()
    }
}

/// `text` or `binary`.
pub(super) fn kind(first: &[u8]) -> &'static str {
    if is_text(first) { "text" } else { "binary" }
}

fn first_line(first: &[u8]) -> &[u8] {
    let line = first.split(|byte| *byte == b'\n').next();
    line.unwrap_or_default().trim_ascii_end()
}

/// RFC 9112: a status line, or a request line; RFC 9113: the preface.
fn is_http(first: &[u8]) -> bool {
    const METHODS: &[&[u8]] = &[
        b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH",
    ];
    let version = |word: &[u8]| word.starts_with(b"HTTP/1.");
    if version(first) || first.starts_with(b"PRI * HTTP/2.0") {
        return true;
    }
    let mut words = first_line(first).split(|byte| *byte == b' ');
    let method = words.next().unwrap_or_default();
    let Some(last) = words.next_back().filter(|_| METHODS.contains(&method)) else {
        return false;
    };
    // a line may be longer than the first segment
    version(last) || (!first.contains(&b'\n') && is_text(first))
}

/// RFC 5321 4.2 and 4.1.1.1: the greeting, or the client's first command.
fn is_smtp(first: &[u8], from: Direction) -> bool {
    let line = first_line(first).to_ascii_uppercase();
    match from {
        Direction::FromOriginator => line.starts_with(b"EHLO ") || line.starts_with(b"HELO "),
        Direction::FromResponder => {
            line.starts_with(b"220") && memchr::memmem::find(&line, b"SMTP").is_some()
        }
    }
}

/// Nothing but printable characters and ends of lines.
fn is_text(first: &[u8]) -> bool {
    let printable = |text: &str| text.chars().all(|c| !c.is_control() || c.is_whitespace());
    // the segment may end within a character
    let valid = match std::str::from_utf8(first) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() => first
            .get(..error.valid_up_to())
            .and_then(|valid| std::str::from_utf8(valid).ok()),
        Err(_) => None,
    };
    valid.is_some_and(|text| text.len() > 1 && printable(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_name_what_is_spoken() {
        let (client, server) = (Direction::FromOriginator, Direction::FromResponder);
        for (first, from, name) in [
            (
                &b"GET /axl/ HTTP/1.1\r\nHost: a\r\n"[..],
                client,
                Some("http"),
            ),
            (b"POST /axl/?a=1", client, Some("http")),
            (b"GET \x00\x01", client, None),
            (b"GET lost\r\n", client, None),
            (b"HTTP/1.1 400 \r\n\r\nplain HTTP", server, Some("http")),
            (b"SSH-2.0-OpenSSH_9.2\r\n", server, Some("ssh")),
            (b"220 mail.example ESMTP\r\n", server, Some("smtp")),
            (b"220 ready\r\n", server, None),
            (b"ehlo a.example\r\n", client, Some("smtp")),
            (b"\x16\x03\x01", client, None),
            (b"", client, None),
        ] {
            assert_eq!(certain(first, from), name, "{first:?}");
        }
        for (first, name) in [
            (&b"hello\r\n"[..], "text"),
            ("grüß".as_bytes(), "text"),
            (b"gr\xc3", "text"),
            (b"S", "binary"),
            (b"\x00\x05abc", "binary"),
            (b"a\xffb", "binary"),
        ] {
            assert_eq!(kind(first), name, "{first:?}");
        }
    }
}
