//! `jsonlog`: one object a line. Operators and collectors write objects of their own around the
//! same record, or around the text of the server's standard error.

use serde_json::{Map, Value};

use crate::model::event::Event;
use crate::model::time::RawTime;
use crate::parse::scan::{chomp, text};

use super::FORMAT;
use super::prefix::{self, Word, header, severity, stamp};
use super::session::Known;

/// Members that hold a line of the server's standard error.
const TEXTS: [&str; 2] = ["textPayload", "log"];
/// What releases and operators call the parts of a message.
const PARTS: [(&str, &[&str]); 6] = [
    ("detail", &["detail"]),
    ("hint", &["hint"]),
    ("statement", &["statement", "query"]),
    ("context", &["context"]),
    ("query", &["internal_query"]),
    ("location", &["location"]),
];

/// What stands in a line behind a member's name and the quote that begins its text.
fn behind<'l>(line: &'l [u8], name: &str) -> Option<&'l [u8]> {
    let quoted = format!("\"{name}\"");
    let at = memchr::memmem::find(line, quoted.as_bytes())? + quoted.len();
    let rest = line.get(at..)?.trim_ascii_start().strip_prefix(b":")?;
    rest.trim_ascii_start().strip_prefix(b"\"")
}

fn value<'l>(line: &'l [u8], name: &str) -> Option<&'l [u8]> {
    let rest = behind(line, name)?;
    rest.get(..memchr::memchr(b'"', rest)?)
}

/// The time of the record that a line is; `None` when it is none.
pub(super) fn time(line: &[u8]) -> Option<RawTime> {
    if line.first() != Some(&b'{') {
        return None;
    }
    if value(line, "error_severity").is_some_and(|word| severity(word).is_some()) {
        let times = ["timestamp", "log_time"];
        let time = times.iter().find_map(|name| stamp(value(line, name)?));
        return Some(time.map_or(RawTime::None, |(time, _)| time));
    }
    let wrapped = TEXTS.iter().find_map(|name| header(behind(line, name)?));
    wrapped
        .filter(|header| matches!(header.word, Word::Severity(_)))
        .map(|header| header.time)
}

/// The node that an operator says wrote the record.
pub(super) fn host(line: &[u8]) -> Option<&[u8]> {
    value(line, "logging_pod").filter(|_| line.first() == Some(&b'{'))
}

fn member(object: &Map<String, Value>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| match object.get(*name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// The event of a line; `None` where it is damaged.
pub(super) fn event(line: &[u8]) -> Option<Event<'static>> {
    let line = chomp(line);
    let Value::Object(object) = serde_json::from_slice(line).ok()? else {
        return None;
    };
    let inner = match object.get("record") {
        Some(Value::Object(record)) if record.contains_key("error_severity") => record,
        _ => &object,
    };
    let mut event = match member(inner, &["error_severity"]) {
        Some(word) => record(inner, severity(word.as_bytes())?, time(line)?),
        None => {
            let wrapped = TEXTS.iter().find_map(|name| member(&object, &[name]))?;
            prefix::event(wrapped.trim_end().as_bytes(), None)?.into_owned()
        }
    };
    event.text = text(line).into_owned().into();
    if let Some(host) = host(line) {
        event.push("host", text(host).into_owned());
    }
    Some(event)
}

fn record(object: &Map<String, Value>, severity: &'static str, time: RawTime) -> Event<'static> {
    let mut event = Event {
        format: FORMAT,
        time,
        line: 0,
        fields: Vec::with_capacity(12),
        text: "".into(),
    };
    event.push("severity", severity);
    let message = member(object, &["message"]).unwrap_or_default();
    event.push("message", message.clone());
    for (name, members) in PARTS {
        if let Some(value) = member(object, members).filter(|value| !value.is_empty()) {
            event.push(name, value);
        }
    }
    let of = |names: &[&str]| member(object, names);
    let (pid, user) = (of(&["pid", "process_id"]), of(&["user", "user_name"]));
    let database = of(&["dbname", "database_name"]);
    let application = of(&["application_name"]);
    let state = of(&["state_code", "sql_state_code"]);
    let (host, port) = (of(&["remote_host"]), of(&["remote_port"]));
    let connection = of(&["connection_from"]);
    fn bytes(value: Option<&String>) -> Option<&[u8]> {
        value.map(String::as_bytes)
    }
    let mut known = Known {
        pid: bytes(pid.as_ref()),
        user: bytes(user.as_ref()),
        database: bytes(database.as_ref()),
        application: bytes(application.as_ref()),
        sqlstate: bytes(state.as_ref()),
        client: bytes(host.as_ref()),
        client_port: bytes(port.as_ref()),
    };
    if let Some(connection) = bytes(connection.as_ref()) {
        known.add_connection(connection);
    }
    known.add_message(message.as_bytes());
    for (name, value) in known.said() {
        event.push(name, text(value).into_owned());
    }
    event
}
