//! What a record says of the session it is about: who connects from where to which database.

use std::net::IpAddr;

/// What prefix and message say of the session.
#[derive(Default)]
pub(super) struct Known<'l> {
    pub(super) pid: Option<&'l [u8]>,
    pub(super) user: Option<&'l [u8]>,
    pub(super) database: Option<&'l [u8]>,
    pub(super) application: Option<&'l [u8]>,
    pub(super) client: Option<&'l [u8]>,
    pub(super) client_port: Option<&'l [u8]>,
    pub(super) sqlstate: Option<&'l [u8]>,
}

impl<'l> Known<'l> {
    /// Reads what stands between the time and the severity.
    pub(super) fn read(&mut self, prefix: &'l [u8]) {
        self.pid = bracketed(prefix);
        let parts = |b: &u8| matches!(b, b' ' | b',' | b';' | b'<' | b'>' | b'|');
        for token in prefix.split(parts).filter(|token| !token.is_empty()) {
            match memchr::memchr(b'=', token) {
                Some(at) => {
                    let value = token.get(at + 1..).unwrap_or_default();
                    self.labelled(token.get(..at).unwrap_or_default(), value);
                }
                None => self.bare(token),
            }
        }
    }

    fn labelled(&mut self, label: &[u8], value: &'l [u8]) {
        let value = value.strip_suffix(b":").unwrap_or(value);
        let slot = match label {
            b"user" | b"u" => &mut self.user,
            b"db" | b"database" | b"d" => &mut self.database,
            b"app" | b"application" | b"a" => &mut self.application,
            b"pid" | b"p" => &mut self.pid,
            b"sqlstate" | b"state" | b"error" | b"err" | b"e" => &mut self.sqlstate,
            b"client" | b"host" | b"remote" | b"hostname" | b"ip" | b"h" | b"r" => {
                return self.from(value);
            }
            _ => return,
        };
        *slot = Some(value);
    }

    /// A token without a label: `user@database`, an address, a state, or several joined by
    /// colons.
    fn bare(&mut self, token: &'l [u8]) {
        if self.is_client(token) {
            return self.from(token);
        }
        if is_sqlstate(token) {
            self.sqlstate = Some(token);
        }
        let Some(at) = memchr::memchr(b'@', token) else {
            let mut parts = token.split(|b| *b == b':');
            if let Some(client) = parts.find(|part| self.is_client(part)) {
                self.from(client);
            }
            return;
        };
        let (before, behind) = token.split_at(at);
        let behind = behind.get(1..).unwrap_or_default();
        let end = memchr::memchr(b':', behind).unwrap_or(behind.len());
        self.database = behind.get(..end);
        let begin = memchr::memrchr(b':', before).map_or(0, |at| at + 1);
        self.user = before.get(begin..);
        let left = before.get(..begin.saturating_sub(1)).unwrap_or_default();
        if let Some(client) = left.split(|b| *b == b':').find(|part| self.is_client(part)) {
            self.from(client);
        }
    }

    fn is_client(&self, token: &[u8]) -> bool {
        self.client.is_none() && address(split_port(token).0)
    }

    /// A client as `%h` or `%r` give it: `192.0.2.10`, `192.0.2.10(40000)`.
    fn from(&mut self, value: &'l [u8]) {
        let (host, port) = split_port(value);
        (self.client, self.client_port) = (Some(host), port);
    }

    /// Some messages say from where a session comes.
    pub(super) fn add_message(&mut self, message: &'l [u8]) {
        const ACCESS: &[&[u8]] = &[
            b"no pg_hba.conf entry for ",
            b"pg_hba.conf rejects ",
            b"connection received: ",
            b"disconnection: ",
        ];
        if !ACCESS.iter().any(|start| message.starts_with(start)) {
            return;
        }
        let value = |name: &[u8], end: u8| {
            let from = memchr::memmem::find(message, name)? + name.len();
            let rest = message.get(from..)?;
            let len = memchr::memchr2(end, b'\n', rest).unwrap_or(rest.len());
            rest.get(..len)
        };
        let host = value(b"host \"", b'"').or_else(|| value(b"host=", b' '));
        self.client = self.client.or(host);
        self.client_port = self.client_port.or_else(|| value(b" port=", b' '));
    }

    /// An address and a port as `csvlog` joins them.
    pub(super) fn add_connection(&mut self, value: &'l [u8]) {
        let at = memchr::memrchr(b':', value).unwrap_or(value.len());
        self.client = value.get(..at);
        self.client_port = value.get(at + 1..);
    }

    /// What is known, by the names of the fields.
    pub(super) fn said(self) -> impl Iterator<Item = (&'static str, &'l [u8])> {
        let fields = [
            ("pid", self.pid),
            ("user", self.user),
            ("database", self.database),
            ("application", self.application),
            ("client", self.client),
            ("client_port", self.client_port),
            ("sqlstate", self.sqlstate.filter(|state| state.len() == 5)),
        ];
        // a session that has not said it yet, and one on this host
        let said =
            |value: &&[u8]| !value.is_empty() && !matches!(*value, b"[unknown]" | b"[local]");
        fields
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?.trim_ascii())))
            .filter(move |(_, value)| said(value))
    }
}

fn address(token: &[u8]) -> bool {
    let word = std::str::from_utf8(token);
    word.is_ok_and(|word| word.parse::<IpAddr>().is_ok())
}

/// `host(port)` in its parts.
fn split_port(value: &[u8]) -> (&[u8], Option<&[u8]>) {
    let inside = value.strip_suffix(b")");
    let parts = inside.and_then(|inside| {
        let at = memchr::memchr(b'(', inside)?;
        Some((inside.get(..at)?, inside.get(at + 1..)?))
    });
    match parts {
        Some((host, port)) if port.iter().all(u8::is_ascii_digit) => (host, Some(port)),
        _ => (value, None),
    }
}

/// A state is told from a process number by a capital among its five characters, or by a class
/// that no number begins with.
fn is_sqlstate(token: &[u8]) -> bool {
    token.len() == 5
        && token
            .iter()
            .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        && token.iter().any(u8::is_ascii_digit)
        && (token.iter().any(u8::is_ascii_uppercase) || token.first() == Some(&b'0'))
}

/// The first number in brackets: `[123]`, `[123-4]`.
pub(super) fn bracketed(prefix: &[u8]) -> Option<&[u8]> {
    memchr::memchr_iter(b'[', prefix).find_map(|open| {
        let inside = prefix.get(open + 1..)?;
        let digits = inside.iter().take_while(|b| b.is_ascii_digit()).count();
        let closed = matches!(inside.get(digits), Some(b']' | b'-'));
        inside.get(..digits).filter(|_| digits > 0 && closed)
    })
}
