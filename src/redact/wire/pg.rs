//! PostgreSQL's protocol: kinds and lengths of messages, what a session asks for, and errors, all
//! with other names. Queries but those of replication, their rows, and credentials are gone.

use super::mask;
use super::talk::Said;
use super::tls;
use crate::redact::text::Redactor;

const TLS_REQUEST: u32 = 80_877_103;
const GSS_REQUEST: u32 = 80_877_104;
const CANCEL_REQUEST: u32 = 80_877_102;
/// Messages of clients and of servers.
const CLIENT: &[u8] = b"BCDEFHPQSXcdfp";
const SERVER: &[u8] = b"123ACDEGHIKNRSTVWZcdnstv";
/// First words of commands of replication.
const COMMANDS: &[&[u8]] = &[
    b"ALTER_REPLICATION_SLOT",
    b"BASE_BACKUP",
    b"CREATE_REPLICATION_SLOT",
    b"DROP_REPLICATION_SLOT",
    b"IDENTIFY_SYSTEM",
    b"READ_REPLICATION_SLOT",
    b"SHOW",
    b"START_REPLICATION",
    b"TIMELINE_HISTORY",
    b"UPLOAD_MANIFEST",
];

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// True for the packet with which a client begins.
pub(super) fn is_client(first: &[u8]) -> bool {
    opening(first).is_some()
}

fn opening(bytes: &[u8]) -> Option<usize> {
    let (length, code) = (be32(bytes, 0)?, be32(bytes, 4)?);
    let fits = match code {
        TLS_REQUEST | GSS_REQUEST => length == 8,
        CANCEL_REQUEST => (16..=268).contains(&length),
        _ => code >> 16 == 3 && (9..=10_000).contains(&length),
    };
    fits.then(|| usize::try_from(length).unwrap_or(usize::MAX))
}

/// Both sides, the client's first.
pub(super) fn redact(client: &Said, server: &Said, redactor: &mut Redactor) -> (Vec<u8>, Vec<u8>) {
    let mut asked = Side::new(client);
    let mut answers = 0;
    while let Some(length) = opening(asked.run()) {
        let code = be32(asked.run(), 4).unwrap_or(0);
        asked.open(length, code, redactor);
        match code {
            TLS_REQUEST | GSS_REQUEST => answers += 1,
            _ => break,
        }
    }
    let mut said = Side::new(server);
    for _ in 0..answers {
        if matches!(said.run().first(), Some(b'S' | b'N' | b'G')) {
            said.keep(1);
        }
    }
    asked.rest(false, redactor);
    said.rest(true, redactor);
    (asked.out, said.out)
}

/// One side.
struct Side<'s> {
    said: &'s Said,
    out: Vec<u8>,
    at: usize,
}

impl<'s> Side<'s> {
    fn new(said: &'s Said) -> Self {
        Self {
            said,
            out: vec![0; said.bytes.len()],
            at: 0,
        }
    }

    fn run(&self) -> &'s [u8] {
        self.said.run(self.at)
    }

    /// Takes bytes over as they are.
    fn keep(&mut self, count: usize) {
        let range = self.at..self.at + count;
        if let (Some(from), Some(to)) =
            (self.said.bytes.get(range.clone()), self.out.get_mut(range))
        {
            to.copy_from_slice(from);
        }
        self.at += count;
    }

    /// Puts something for the next bytes.
    fn put(&mut self, bytes: &[u8]) {
        for (to, from) in self.out.iter_mut().skip(self.at).zip(bytes) {
            *to = *from;
        }
    }

    /// A packet without a type.
    fn open(&mut self, length: usize, code: u32, redactor: &mut Redactor) {
        let end = self.at + length;
        let packet = self.run();
        let packet = packet.get(..length).unwrap_or(packet);
        self.keep(8.min(packet.len()));
        if code >> 16 == 3 {
            let body = pairs(packet.get(8..).unwrap_or_default(), redactor);
            self.put(&body);
        }
        self.at = end;
    }

    /// Everything behind the opening.
    fn rest(&mut self, server: bool, redactor: &mut Redactor) {
        while self.at < self.said.bytes.len() {
            let run = self.run();
            if matches!(run, [0x14..=0x17, 3, 0..=4, ..]) {
                let sealed = tls::redact(self.said, self.at, redactor);
                let tail = sealed.get(self.at..).unwrap_or_default().to_vec();
                return self.put(&tail);
            }
            let Some(length) = length(server, run) else {
                match self.said.next_start(self.at) {
                    Some(start) => self.at = start,
                    None => return,
                }
                continue;
            };
            let end = self.at.saturating_add(length);
            let message = run.get(..length).unwrap_or(run);
            let kind = message.first().copied().unwrap_or(0);
            self.keep(5.min(message.len()));
            let body = message.get(5..).unwrap_or_default();
            let made = match server {
                true => answer(kind, body, redactor),
                false => request(kind, body, redactor),
            };
            self.put(&made);
            self.at = end;
        }
    }
}

fn length(server: bool, header: &[u8]) -> Option<usize> {
    let known = if server { SERVER } else { CLIENT };
    let length = be32(header, 1)?;
    let fits = known.contains(header.first()?) && (4..=0x3fff_ffff).contains(&length);
    fits.then(|| {
        usize::try_from(length)
            .unwrap_or(usize::MAX)
            .saturating_add(1)
    })
}

/// Names and values, each ended by a zero; names of parameters stay.
fn pairs(body: &[u8], redactor: &mut Redactor) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut name: Option<&[u8]> = None;
    for part in body.split_inclusive(|byte| *byte == 0) {
        let text = part.strip_suffix(b"\0").unwrap_or(part);
        match name.take() {
            Some(
                b"replication"
                | b"server_version"
                | b"in_hot_standby"
                | b"default_transaction_read_only",
            ) => {
                out.extend_from_slice(text);
            }
            Some(b"user" | b"database" | b"session_authorization") => {
                out.extend_from_slice(&redactor.words(text));
            }
            Some(_) => out.extend_from_slice(&mask::text(text, redactor)),
            None => {
                out.extend_from_slice(text);
                name = Some(text);
            }
        }
        out.resize(out.len() + part.len() - text.len(), 0);
    }
    out
}

fn request(kind: u8, body: &[u8], redactor: &mut Redactor) -> Vec<u8> {
    let command = |word: &&&[u8]| {
        body.get(..word.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(word))
    };
    if kind != b'Q' {
        return Vec::new();
    }
    let text = body.strip_suffix(b"\0").unwrap_or(body);
    match COMMANDS.iter().find(command) {
        Some(word) => {
            // the names of slots are somebody's
            let (head, rest) = text.split_at_checked(word.len()).unwrap_or((text, &[]));
            let mut out = head.to_vec();
            out.extend(mask::text(rest, redactor));
            out
        }
        None => text
            .iter()
            .map(|byte| if *byte == b' ' { b' ' } else { b'x' })
            .collect(),
    }
}

fn answer(kind: u8, body: &[u8], redactor: &mut Redactor) -> Vec<u8> {
    match kind {
        // how credentials are asked for, not what they are salted with
        b'R' => match be32(body, 0) {
            Some(10) => body.to_vec(),
            _ => body.get(..4).unwrap_or(body).to_vec(),
        },
        b'S' => pairs(body, redactor),
        b'Z' => body.to_vec(),
        b'E' | b'N' => fields(body, redactor),
        b'C' => mask::text(body, redactor),
        b'D' => columns(body),
        _ => Vec::new(),
    }
}

/// The fields of an error: codes stay, texts are masked.
fn fields(body: &[u8], redactor: &mut Redactor) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    for field in body.split_inclusive(|byte| *byte == 0) {
        let text = field.strip_suffix(b"\0").unwrap_or(field);
        match text.split_first() {
            Some((code @ (b'S' | b'V' | b'C' | b'F' | b'L' | b'R' | b'P'), _)) => {
                _ = code;
                out.extend_from_slice(text);
            }
            Some((code, value)) => {
                out.push(*code);
                out.extend_from_slice(&mask::text(value, redactor));
            }
            None => {}
        }
        out.resize(out.len() + field.len() - text.len(), 0);
    }
    out
}

/// The columns of a row: their lengths, and short numbers.
fn columns(body: &[u8]) -> Vec<u8> {
    let mut out = body.get(..2).unwrap_or(body).to_vec();
    let mut at = 2;
    while let Some(length) = be32(body, at) {
        out.extend_from_slice(&length.to_be_bytes());
        at += 4;
        if length == u32::MAX {
            continue;
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let rest = body.get(at..).unwrap_or_default();
        let value = rest.get(..length).unwrap_or(rest);
        let short = value.len() <= 5 && value.iter().all(u8::is_ascii_digit);
        out.extend(value.iter().map(|byte| if short { *byte } else { b'0' }));
        at += value.len();
    }
    out
}
