//! A conversation message by message, for a reader who wants to see all of it (PostgreSQL manual,
//! "Message Formats"). Rows and copied data are what it is about, and not told one by one; queries
//! are named by their first word, as the rest may hold what is nobody else's business.

use super::message::{self, ErrorReport, Startup};
use crate::parse::net::message::{be32, shown};
use crate::parse::net::stream::Narration;

/// Characters of the first word of a query.
const WORD: usize = 40;

/// A packet without a type.
pub(super) fn opening(packet: &[u8]) -> String {
    match be32(packet, 4).unwrap_or(0) {
        message::TLS_REQUEST => "SSLRequest".to_owned(),
        message::GSS_REQUEST => "GSSENCRequest".to_owned(),
        message::CANCEL_REQUEST => "CancelRequest".to_owned(),
        _ => startup(&Startup::read(packet)),
    }
}

fn startup(startup: &Startup) -> String {
    let part = |name: &str, value: Option<&str>| {
        value.map_or_else(String::new, |value| format!(" {name} \"{value}\""))
    };
    format!(
        "StartupMessage{}{}{}",
        part("user", startup.user.as_deref()),
        part("database", startup.database.as_deref()),
        part("replication", startup.replication)
    )
}

/// The byte that answers a wish for encryption.
pub(super) fn answer(byte: &[u8]) -> String {
    let meaning = match byte {
        b"S" => "TLS accepted",
        b"G" => "GSSAPI encryption accepted",
        b"N" => "encryption refused",
        _ => "no known answer",
    };
    format!("'{}' ({meaning})", shown(byte, 1))
}

/// A message of the client.
pub(super) fn client(message: &[u8], to: &mut Narration) {
    let body = message.get(5..).unwrap_or_default();
    let name = match message.first() {
        Some(b'Q') => return to.say(|| query(body)),
        Some(b'P') => "Parse",
        Some(b'F') => "FunctionCall",
        Some(b'X') => "Terminate",
        Some(b'f') => "CopyFail",
        Some(b'c') => "CopyDone",
        Some(b'p') => "password or SASL answer",
        _ => return,
    };
    to.say(|| name.to_owned());
}

fn query(body: &[u8]) -> String {
    let end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, 0 | b';' | b'(');
    let text = body.trim_ascii_start();
    let first = text.split(end).next().unwrap_or_default();
    format!("Query \"{}…\"", shown(first, WORD))
}

/// A message of the server.
pub(super) fn server(message: &[u8], to: &mut Narration) {
    let body = message.get(5..).unwrap_or_default();
    let name = match message.first() {
        Some(b'R') => return to.say(|| authentication(body).to_owned()),
        Some(b'E') => return to.say(|| report("ErrorResponse", body)),
        Some(b'N') => return to.say(|| report("NoticeResponse", body)),
        Some(b'S') => "ParameterStatus",
        Some(b'K') => "BackendKeyData",
        Some(b'Z') => "ReadyForQuery",
        Some(b'T') => "RowDescription",
        Some(b'C') => "CommandComplete",
        Some(b'c') => "CopyDone",
        Some(b'G') => "CopyInResponse",
        Some(b'H') => "CopyOutResponse",
        Some(b'W') => "CopyBothResponse",
        Some(b'v') => "NegotiateProtocolVersion",
        _ => return,
    };
    to.say(|| name.to_owned());
}

fn authentication(body: &[u8]) -> &'static str {
    match be32(body, 0) {
        Some(0) => "AuthenticationOk",
        Some(3) => "asks for a clear password",
        Some(5) => "asks for an MD5 password",
        Some(7..=9) => "asks for GSSAPI or SSPI",
        Some(10) => "asks for SASL",
        Some(11) => "SASL goes on",
        Some(12) => "SASL is complete",
        _ => "asks for credentials",
    }
}

fn report(name: &str, body: &[u8]) -> String {
    let report = ErrorReport::read(body).unwrap_or_default();
    let code = report.sqlstate.unwrap_or_default();
    let text = report.message.unwrap_or_default();
    format!("{name} {code} \"{text}\"")
}
