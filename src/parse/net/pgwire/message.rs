//! Messages of PostgreSQL's protocol, version 3, taken apart as far as a diagnosis needs them
//! (PostgreSQL manual, "Message Formats" and "Error and Notice Message Fields").

use crate::model::flow::Direction;
use crate::parse::net::message::{be16, be32, shown};

/// Code of an SSLRequest.
pub(super) const TLS_REQUEST: u32 = 80_877_103;
/// Code of a GSSENCRequest.
pub(super) const GSS_REQUEST: u32 = 80_877_104;
/// Code of a CancelRequest.
pub(super) const CANCEL_REQUEST: u32 = 80_877_102;
/// Longest packet that opens a connection (`MAX_STARTUP_PACKET_LENGTH`).
const STARTUP: u32 = 10_000;
/// Longest message that a server allocates memory for.
const LONGEST: u32 = 0x3fff_ffff;
/// Characters of a parameter that are kept.
const NAME: usize = 128;
/// Characters of a text that are kept.
const TEXT: usize = 400;

/// Types of messages that clients send behind the first packet.
const CLIENT: &[u8] = b"BCDEFHPQSXcdfp";
/// Types of messages that servers send.
const SERVER: &[u8] = b"123ACDEGHIKNRSTVWZcdnstv";

/// Length of the packet that opens a connection, from its first eight bytes.
pub(super) fn opening_length(header: &[u8]) -> Option<u64> {
    let (length, code) = (be32(header, 0)?, be32(header, 4)?);
    let fits = match code {
        TLS_REQUEST | GSS_REQUEST => length == 8,
        // the key has up to 256 bytes since version 3.2
        CANCEL_REQUEST => (16..=268).contains(&length),
        _ => code >> 16 == 3 && (9..=STARTUP).contains(&length),
    };
    fits.then_some(u64::from(length))
}

/// Length of any other message with its type, from its first five bytes.
pub(super) fn length(server: bool, header: &[u8]) -> Option<u64> {
    let known = if server { SERVER } else { CLIENT };
    let kind = header.first()?;
    let length = be32(header, 1)?;
    let fits = known.contains(kind) && (4..=LONGEST).contains(&length);
    fits.then_some(u64::from(length) + 1)
}

/// What a client asks for with its StartupMessage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Startup {
    pub(super) user: Option<String>,
    pub(super) database: Option<String>,
    pub(super) application: Option<String>,
    /// `physical` or `logical`.
    pub(super) replication: Option<&'static str>,
}

impl Startup {
    /// Reads the pairs behind length and version.
    pub(super) fn read(packet: &[u8]) -> Self {
        let mut startup = Self::default();
        let mut parts = packet.get(8..).unwrap_or_default().split(|byte| *byte == 0);
        while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
            match name {
                b"user" => startup.user = Some(shown(value, NAME)),
                b"database" => startup.database = Some(shown(value, NAME)),
                b"application_name" => startup.application = Some(shown(value, NAME)),
                b"replication" => startup.replication = replication(value),
                b"" => break,
                _ => {}
            }
        }
        startup
    }
}

/// What the parameter `replication` asks for; a boolean means physical.
fn replication(value: &[u8]) -> Option<&'static str> {
    let value = value.to_ascii_lowercase();
    let yes = [&b"true"[..], b"1", b"on", b"yes", b"t", b"y"];
    match value.as_slice() {
        b"database" => Some("logical"),
        value if yes.contains(&value) => Some("physical"),
        _ => None,
    }
}

/// An ErrorResponse.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ErrorReport {
    pub(super) severity: Option<String>,
    pub(super) sqlstate: Option<String>,
    pub(super) message: Option<String>,
    pub(super) detail: Option<String>,
    pub(super) routine: Option<String>,
}

impl ErrorReport {
    /// Reads the fields of a message's body; `None` when it says nothing.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut report = Self::default();
        let mut localized = None;
        for field in body.split_inclusive(|byte| *byte == 0) {
            let whole = field.strip_suffix(b"\0");
            let Some((code, value)) = whole.unwrap_or(field).split_first() else {
                break;
            };
            // of what was cut off only a text says something
            if whole.is_none() && !b"MD".contains(code) {
                break;
            }
            match code {
                b'S' => localized = Some(shown(value, NAME)),
                b'V' => report.severity = Some(shown(value, NAME)),
                b'C' if is_sqlstate(value) => report.sqlstate = Some(shown(value, NAME)),
                b'M' => report.message = Some(shown(value, TEXT)),
                b'D' => report.detail = Some(shown(value, TEXT)),
                b'R' => report.routine = Some(shown(value, NAME)),
                _ => {}
            }
        }
        report.severity = report.severity.or(localized);
        let tells = report.sqlstate.is_some() || report.message.is_some();
        tells.then_some(report)
    }

    /// Reads a body that stands for itself: nothing but well-formed fields, and those that every
    /// server sends among them.
    fn certain(body: &[u8]) -> Option<Self> {
        let fields = body.strip_suffix(b"\0\0")?;
        let formed = |field: &[u8]| field.first().is_some_and(u8::is_ascii_alphabetic);
        let report = Self::read(body)?;
        let full = report.sqlstate.is_some() && report.message.is_some();
        let all = full && report.severity.is_some();
        (all && fields.split(|byte| *byte == 0).all(formed)).then_some(report)
    }
}

fn is_sqlstate(value: &[u8]) -> bool {
    let fits = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    value.len() == 5 && value.iter().all(fits)
}

/// Errors in bytes that begin somewhere in a conversation: only whole ones, behind whole messages.
pub(super) fn certain_errors(mut bytes: &[u8]) -> impl Iterator<Item = ErrorReport> {
    std::iter::from_fn(move || {
        loop {
            let whole = usize::try_from(length(true, bytes)?).ok()?;
            let (message, rest) = bytes.split_at_checked(whole)?;
            bytes = rest;
            let body = message.get(5..).unwrap_or_default();
            let error = message.starts_with(b"E").then_some(body);
            if let Some(report) = error.and_then(ErrorReport::certain) {
                return Some(report);
            }
        }
    })
}

/// True for bytes with which a conversation begins that was not seen from its beginning, or of
/// which only the server's half was: a request for credentials, their acceptance, or an error.
pub(super) fn is_server(first: &[u8]) -> bool {
    if let (Some(b'R'), Some(length), Some(code)) = (first.first(), be32(first, 1), be32(first, 5))
    {
        return matches!(
            (length, code),
            (8, 0 | 2 | 3 | 7 | 9) | (12, 5) | (10..=256, 10)
        );
    }
    certain_errors(first).next().is_some()
}

/// True for whole messages of one side and nothing else.
pub(super) fn is_chain(mut bytes: &[u8], from: Direction) -> bool {
    let server = from == Direction::FromResponder;
    while !bytes.is_empty() {
        let whole = length(server, bytes).and_then(|whole| usize::try_from(whole).ok());
        match whole.and_then(|whole| bytes.split_at_checked(whole)) {
            Some((_, rest)) => bytes = rest,
            None => return false,
        }
    }
    true
}

/// A name and a value that a ParameterStatus tells.
pub(super) fn parameter(body: &[u8]) -> Option<(&[u8], String)> {
    let mut parts = body.split(|byte| *byte == 0);
    Some((parts.next()?, shown(parts.next()?, NAME)))
}

/// Columns of a DataRow, as text.
pub(super) fn columns(body: &[u8]) -> Vec<String> {
    let mut columns = Vec::new();
    let mut at = 2;
    for _ in 0..be16(body, 0).unwrap_or(0).min(8) {
        // -1 stands for NULL
        let length = match be32(body, at) {
            Some(u32::MAX) => 0,
            Some(length) => usize::try_from(length).unwrap_or(usize::MAX),
            None => break,
        };
        at += 4;
        let Some(value) = at.checked_add(length).and_then(|end| body.get(at..end)) else {
            break;
        };
        columns.push(shown(value, NAME));
        at += length;
    }
    columns
}

/// Commands of replication (PostgreSQL manual, "Streaming Replication Protocol").
const COMMANDS: &[&str] = &[
    "ALTER_REPLICATION_SLOT",
    "BASE_BACKUP",
    "CREATE_REPLICATION_SLOT",
    "DROP_REPLICATION_SLOT",
    "IDENTIFY_SYSTEM",
    "READ_REPLICATION_SLOT",
    "SHOW",
    "START_REPLICATION",
    "TIMELINE_HISTORY",
    "UPLOAD_MANIFEST",
];

/// A command of replication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) name: &'static str,
    pub(super) slot: Option<String>,
}

impl Command {
    /// Reads the text of a simple query.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let text = text.split(|byte| *byte == 0).next()?;
        let words = text.split(|byte| b" \t\r\n;(".contains(byte));
        let mut words = words.filter(|word| !word.is_empty());
        let first = words.next()?;
        let same = |name: &&&str| first.eq_ignore_ascii_case(name.as_bytes());
        let name: &'static str = COMMANDS.iter().find(same).copied()?;
        let mut next = words.next();
        let named = match name {
            "START_REPLICATION" => {
                let slot = next.is_some_and(|word| word.eq_ignore_ascii_case(b"SLOT"));
                next = words.next().filter(|_| slot);
                slot
            }
            _ => name.ends_with("_REPLICATION_SLOT"),
        };
        let slot = next.filter(|_| named).map(|word| {
            let bare = word.strip_prefix(b"\"").unwrap_or(word);
            shown(bare.strip_suffix(b"\"").unwrap_or(bare), NAME)
        });
        Some(Self { name, slot })
    }
}
