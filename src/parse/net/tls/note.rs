//! A handshake as a note: its fields, and one line for a reader.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::handshake::{cipher_name, version_name};
use super::outcome::{How, Outcome, Stop};
use super::state::{Certificates, State};
use crate::model::flow::Direction;
use crate::parse::net::cert::{Certificate, date};
use crate::parse::net::stream::Note;

/// Alternative names of a certificate that become fields.
const MAX_NAMES: usize = 32;

/// Fields on their way into a note.
struct Fields(Vec<(&'static str, Cow<'static, str>)>);

impl Fields {
    fn push(&mut self, name: &'static str, value: impl Into<Cow<'static, str>>) {
        self.0.push((name, value.into()));
    }

    fn maybe(&mut self, name: &'static str, value: Option<impl Into<Cow<'static, str>>>) {
        if let Some(value) = value {
            self.push(name, value);
        }
    }

    fn bool(&mut self, name: &'static str, value: Option<bool>) {
        self.maybe(
            name,
            value.map(|value| if value { "true" } else { "false" }),
        );
    }

    /// A field that says something only when it is true.
    fn flag(&mut self, name: &'static str, value: bool) {
        self.bool(name, value.then_some(true));
    }
}

/// Names of the fields of a side's certificates.
struct Names {
    cn: &'static str,
    issuer: &'static str,
    name: &'static str,
    not_before: &'static str,
    not_after: &'static str,
    expired: &'static str,
    not_yet_valid: &'static str,
    eku: &'static str,
    digest: &'static str,
}

const SERVER: Names = Names {
    cn: "server_cn",
    issuer: "server_issuer",
    name: "server_name",
    not_before: "server_not_before",
    not_after: "server_not_after",
    expired: "server_expired",
    not_yet_valid: "server_not_yet_valid",
    eku: "server_eku",
    digest: "server_digest",
};

const CLIENT: Names = Names {
    cn: "client_cn",
    issuer: "client_issuer",
    name: "client_name",
    not_before: "client_not_before",
    not_after: "client_not_after",
    expired: "client_expired",
    not_yet_valid: "client_not_yet_valid",
    eku: "client_eku",
    digest: "client_digest",
};

/// The note of a handshake.
pub(super) fn note(inside: &'static str, state: &State, outcome: &Outcome) -> Note {
    let mut fields = Fields(Vec::new());
    fields.push("inside", inside);
    hellos(&mut fields, state);
    alert(&mut fields, outcome);
    server(&mut fields, state);
    client(&mut fields, state);
    ends(&mut fields, state, outcome);
    Note {
        format: "net.tls",
        moment: outcome.moment(state),
        text: text(state, outcome),
        fields: fields.0,
        routine: !outcome.hinders(),
    }
}

fn hellos(fields: &mut Fields, state: &State) {
    fields.maybe("version", state.version().and_then(version_name));
    if let Some(hello) = &state.hello {
        fields.maybe("offered", version_name(hello.version));
        fields.push("offered_ciphers", hello.ciphers.to_string());
        fields.maybe("sni", hello.sni.clone());
        fields.maybe("alpn", hello.alpn.clone());
    }
    fields.maybe("cipher", state.cipher.map(cipher_name));
    fields.flag("retried", state.retried);
    fields.flag("completed", state.completed);
    if let Some((name, by, _)) = state.last {
        fields.push("last_message", name);
        fields.push("last_by", by.sender());
    }
}

fn alert(fields: &mut Fields, outcome: &Outcome) {
    let Some(alert) = outcome.alert else {
        return;
    };
    fields.push("alert", alert.name());
    fields.push("alert_code", alert.code.to_string());
    fields.push("alert_by", alert.by.sender());
    fields.maybe("alert_about", alert.about().map(Direction::sender));
    fields.maybe("alert_after", alert.after);
}

fn server(fields: &mut Fields, state: &State) {
    let sent = &state.sides.responder.certificates;
    certificates(fields, sent.as_ref(), &SERVER, |leaf| {
        leaf.purposes.map(|purposes| purposes.server)
    });
    if let Some(Certificates::Sent(chain, _)) = sent {
        let leaf = chain.leaf.as_ref();
        fields.bool("server_self_signed", leaf.map(Certificate::self_signed));
        fields.push("server_chain", chain.length.to_string());
    }
}

fn client(fields: &mut Fields, state: &State) {
    // up to TLS 1.2 the end of the server's part says that nothing was asked for
    let unasked = state.hello_done && !state.partial;
    let asked = match state.requested {
        true => Some(true),
        false => unasked.then_some(false),
    };
    fields.bool("client_requested", asked);
    let sent = &state.sides.originator.certificates;
    fields.maybe(
        "client_certificate",
        match sent {
            Some(Certificates::Sent(..)) => Some("sent"),
            Some(Certificates::Empty) => Some("empty"),
            None if state.is_modern() => Some("hidden"),
            // its key follows its certificate
            None if !state.partial && (state.client_key || asked == Some(false)) => Some("none"),
            None => None,
        },
    );
    certificates(fields, sent.as_ref(), &CLIENT, |leaf| {
        leaf.purposes.map(|purposes| purposes.client)
    });
}

fn certificates(
    fields: &mut Fields,
    sent: Option<&Certificates>,
    names: &Names,
    allowed: impl Fn(&Certificate) -> Option<bool>,
) {
    let Some(Certificates::Sent(chain, mark)) = sent else {
        return;
    };
    if let Some(leaf) = &chain.leaf {
        fields.maybe(names.cn, leaf.subject_cn.clone());
        fields.maybe(names.issuer, leaf.issuer_cn.clone());
        let mut known: Vec<&str> = Vec::new();
        for (_, name) in &leaf.names {
            if known.len() < MAX_NAMES && !known.contains(&name.as_str()) {
                known.push(name);
                fields.push(names.name, name.clone());
            }
        }
        fields.maybe(names.not_before, date(leaf.not_before));
        fields.maybe(names.not_after, date(leaf.not_after));
        fields.bool(names.eku, allowed(leaf));
        fields.push(names.digest, leaf.digest.clone());
    }
    if let Some(at) = mark.at() {
        fields.bool(names.expired, chain.expired(at));
        fields.bool(names.not_yet_valid, chain.not_yet_valid(at));
    }
}

fn ends(fields: &mut Fields, state: &State, outcome: &Outcome) {
    if let Some(Stop { how, by, .. }) = outcome.incomplete {
        fields.push("incomplete", "true");
        fields.push(
            "stopped_how",
            match how {
                How::Reset => "reset",
                How::Closed => "closed",
                How::Silent => "silent",
            },
        );
        fields.maybe("stopped_by", by.map(Direction::sender));
    }
    fields.flag("left_at_once", outcome.left_at_once);
    if let Some((bytes, _)) = outcome.short_answer {
        fields.push("short_answer", "true");
        fields.push("short_answer_bytes", bytes.to_string());
    }
    fields.flag("encrypted_end", outcome.encrypted_end);
    fields.flag("partial", state.partial);
}

fn text(state: &State, outcome: &Outcome) -> String {
    let mut text = match state.version().and_then(version_name) {
        Some(version) => version.to_owned(),
        None => "TLS".to_owned(),
    };
    let hello = state.hello.as_ref();
    if let Some(name) = hello.and_then(|hello| hello.sni.as_ref()) {
        // writing to a string cannot fail
        let _ = write!(text, " to \"{name}\"");
    }
    text.push_str(": ");
    text.push_str(&what(state, outcome));
    let sides = [
        (&state.sides.responder, "server"),
        (&state.sides.originator, "client"),
    ];
    for (side, whose) in sides {
        if let Some(Certificates::Sent(chain, mark)) = &side.certificates
            && let Some(leaf) = &chain.leaf
        {
            let _ = write!(text, "; {whose} certificate");
            let first = leaf.names.first().map(|(_, name)| name);
            if let Some(name) = leaf.subject_cn.as_ref().or(first) {
                let _ = write!(text, " \"{name}\"");
            }
            let end = date(leaf.not_after).unwrap_or_default();
            let _ = write!(text, " until {end}");
            if mark.at().is_some_and(|at| chain.out_of_date(at)) {
                text.push_str(", out of date");
            }
        }
    }
    text
}

fn what(state: &State, outcome: &Outcome) -> String {
    let last = state.last.map_or("no message in clear", |(name, ..)| name);
    if let Some(alert) = outcome.alert {
        let after = alert.after.unwrap_or("nothing");
        let (name, by) = (alert.name(), alert.by.sender());
        return format!("alert {name} ({}) of the {by} after {after}", alert.code);
    }
    if let Some(stop) = outcome.incomplete {
        let by = stop
            .by
            .map(|by| format!(" by the {}", by.sender()))
            .unwrap_or_default();
        let plain = state
            .foreign
            .map(|by| format!(", the {} speaks no TLS", by.sender()))
            .unwrap_or_default();
        return match stop.how {
            How::Reset => format!("handshake reset{by} after {last}{plain}"),
            How::Closed => format!("handshake closed{by} after {last}{plain}"),
            How::Silent => format!("nothing follows {last}{plain}"),
        };
    }
    if let Some((bytes, _)) = outcome.short_answer {
        return format!("handshake complete, the responder says {bytes} bytes and closes");
    }
    if outcome.left_at_once {
        return "handshake complete, the originator leaves without a word".to_owned();
    }
    match state.completed {
        true => "handshake complete".to_owned(),
        false if state.partial => format!("only parts were captured, the last is {last}"),
        false => format!("handshake seen up to {last}"),
    }
}
