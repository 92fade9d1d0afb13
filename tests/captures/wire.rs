//! What is said in clear: PostgreSQL's errors and startups, and the statuses of SIP, are those
//! that Wireshark's tshark reads in the same frames.

use std::collections::BTreeSet;

use clusterdx::model::event::Event;
use clusterdx::parse::net::capture::Capture;
use clusterdx::parse::net::flow::Moment;

use crate::{Differences, decoded, judge, say, told};

/// Errors that tshark sees otherwise: file, and why we do not follow it.
const ERRORS: &[(&str, &str)] = &[];

/// Statuses that tshark sees otherwise: file, and why we do not follow it.
const STATUSES: &[(&str, &str)] = &[];

/// The events of one format in a capture.
fn events(bytes: &[u8], ports: &[u16], format: &str) -> Vec<Event<'static>> {
    let mut found = Vec::new();
    let mut keep = |event: Event<'static>| {
        if event.format == format {
            found.push(event);
        }
    };
    let mut capture = Capture::new(ports);
    decoded(bytes, &mut |number, packet| {
        capture.packet(packet, Moment { number, at: None }, &mut keep);
    });
    capture.finish(&mut keep);
    found
}

fn field<'e>(event: &'e Event<'_>, name: &str) -> Option<&'e str> {
    let mut fields = event.fields.iter();
    let found = fields.find(|field| field.name == name);
    found.map(|field| field.value.as_ref())
}

fn frame(event: &Event<'_>) -> u64 {
    field(event, "frame").unwrap().parse().unwrap()
}

/// Values of a cell that stands for several messages of a frame.
fn several(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('|').filter(|value| !value.is_empty())
}

#[test]
fn errors_and_startups_are_those_that_wireshark_reads() {
    let Some(captures) = told("pgsql") else {
        return;
    };
    let mut different = Differences::new();
    let mut compared = [0, 0];
    for (file, bytes, rows) in captures {
        let ports: BTreeSet<u16> = rows.iter().filter_map(|row| row[6].parse().ok()).collect();
        let ports: Vec<u16> = ports.into_iter().collect();
        let events = events(&bytes, &ports, "net.pg");
        let frames = |row: &[String]| row[0].parse::<u64>().unwrap();
        let theirs: BTreeSet<(u64, &str)> = rows
            .iter()
            .flat_map(|row| several(&row[16]).map(|code| (frames(row), code)))
            // notices: success, warnings, no data
            .filter(|(_, code)| !["00", "01", "02"].contains(&&code[..2]))
            .collect();
        let errors = events
            .iter()
            .filter(|event| field(event, "kind") == Some("error"));
        let ours: BTreeSet<(u64, &str)> = errors
            .map(|event| (frame(event), field(event, "sqlstate").unwrap_or("none")))
            .collect();
        compared[0] += theirs.len();
        for error in theirs.symmetric_difference(&ours) {
            say(&mut different, &file, format!("error {error:?}"));
        }
        let startups = events
            .iter()
            .filter(|event| field(event, "kind") == Some("startup"));
        for startup in startups {
            compared[1] += 1;
            let row = rows.iter().find(|row| frames(row) == frame(startup));
            let Some(row) = row.filter(|row| row[8] == "Startup message") else {
                say(&mut different, &file, format!("startup {}", frame(startup)));
                continue;
            };
            for (name, value) in several(&row[10]).zip(row[11].split('|')) {
                let (ours, theirs) = match name {
                    "user" | "database" => (field(startup, name), value),
                    "application_name" => (field(startup, "application"), value),
                    "replication" if value == "true" => (field(startup, name), "physical"),
                    _ => continue,
                };
                if ours != Some(theirs) {
                    say(&mut different, &file, format!("{name} {ours:?} {theirs}"));
                }
            }
        }
    }
    judge(&different, ERRORS);
    assert!(compared.iter().all(|count| *count > 5), "{compared:?}");
}

#[test]
fn statuses_of_sip_are_those_that_wireshark_reads() {
    let Some(captures) = told("h323sip") else {
        return;
    };
    let mut different = Differences::new();
    let mut compared = 0;
    for (file, bytes, rows) in captures {
        let ports: BTreeSet<u16> = rows.iter().filter_map(|row| row[9].parse().ok()).collect();
        let ports: Vec<u16> = ports.into_iter().collect();
        let method = |row: &[String]| row[12].split(' ').nth(1).unwrap_or("").to_owned();
        for event in events(&bytes, &ports, "net.sip") {
            let number = frame(&event).to_string();
            let row = rows.iter().find(|row| row[0] == number);
            let (ours, own) = (
                field(&event, "status").unwrap_or(""),
                field(&event, "method"),
            );
            compared += 1;
            if row.is_none_or(|row| row[11] != ours || Some(&*method(row)) != own) {
                say(&mut different, &file, format!("{own:?} {ours} in {number}"));
            }
        }
        // whoever is answered once is answered
        let finals = rows.iter().filter(|row| row[11].starts_with('2')).count();
        let events = events(&bytes, &ports, "net.sip");
        if finals > 0 && events.iter().all(|event| field(event, "status").is_none()) {
            say(&mut different, &file, "no status at all".to_owned());
        }
    }
    judge(&different, STATUSES);
    assert!(compared > 5, "{compared}");
}

/// What the captures of real programs below `tests/net` hold of faults that are said in clear:
/// kind, and SQLSTATE or condition. Every other capture holds none.
const SAID: &[(&str, &[(&str, &str)])] = &[
    ("client-certificate-missing-tls12", INSIDE),
    ("client-certificate-missing-tls13", INSIDE),
    ("client-certificate-wrong-name-tls12", INSIDE),
    ("client-certificate-wrong-name-tls13", INSIDE),
    ("database-missing", &[("error", "3D000")]),
    ("erlang-no-node-at-all", &[("node-unknown", "")]),
    ("erlang-node-unknown", &[("node-unknown", "")]),
    ("erlang-wrong-cookie", &[("cookie-refused", "")]),
    ("no-hba-entry-plain", &[("error", "28000")]),
    ("read-only-plain", &[("error", "25006"), ("read-only", "")]),
    ("replication-slot-missing", &[("error", "42704")]),
    ("shutting-down-ends-session", &[("error", "57P01")]),
    ("shutting-down-refuses", &[("error", "57P03")]),
    ("slots-reserved-plain", &[("error", "53300")]),
    ("ssl-off", &[("tls-refused", "")]),
    ("starting-up", &[("error", "57P03")]),
    ("too-many-connections-plain", &[("error", "53300")]),
    ("too-many-connections-tls12", INSIDE),
    ("wal-removed", &[("error", "58P01")]),
    ("wrong-password", &[("error", "28P01")]),
    ("xmpp-host-unknown", &[("stream-error", "host-unknown")]),
    ("xmpp-not-authorized", &[("stream-error", "not-authorized")]),
    (
        "xmpp-system-shutdown",
        &[("stream-error", "system-shutdown")],
    ),
];
const INSIDE: &[(&str, &str)] = &[("rejected-inside-tls", "")];
/// Kinds that are no fault.
const ORDINARY: &[&str] = &[
    "startup",
    "ready",
    "command",
    "stream",
    "node-port",
    "registered",
    "handshake",
];

#[test]
fn real_programs_say_what_is_wrong_and_nothing_else() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/net/captures");
    let mut cases = BTreeSet::new();
    for case in std::fs::read_dir(folder).unwrap() {
        let case = case.unwrap().path();
        let name = case.file_name().unwrap().to_str().unwrap().to_owned();
        let Ok(bytes) = std::fs::read(case.join("client.pcap")) else {
            continue;
        };
        let formats = ["net.pg", "net.xmpp", "net.erlang"];
        let events = formats.map(|format| events(&bytes, &[5432, 4369, 4372, 7400], format));
        let word = |event| field(event, "sqlstate").or(field(event, "condition"));
        let said: BTreeSet<(&str, &str)> = events
            .iter()
            .flatten()
            .map(|event| (field(event, "kind").unwrap(), word(event).unwrap_or("")))
            .filter(|(kind, _)| !ORDINARY.contains(kind))
            .collect();
        let expected = SAID.iter().find(|(known, _)| *known == name);
        let expected = expected.map_or(BTreeSet::new(), |(_, said)| said.iter().copied().collect());
        assert_eq!(said, expected, "{name}");
        cases.insert(name);
    }
    let missing = SAID.iter().filter(|(name, _)| !cases.contains(*name));
    assert_eq!(missing.count(), 0, "{cases:?}");
}
