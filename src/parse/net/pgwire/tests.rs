//! Sessions that are written by hand, message by message.

use super::super::wire_tests::{CLIENT, SERVER, Script, closed, field, kinds, open, play};
use super::*;
use crate::parse::net::stream::StreamState;

/// A packet without a type.
fn packet(code: u32, rest: &[u8]) -> Vec<u8> {
    let length = u32::try_from(rest.len() + 8).expect("short");
    [&length.to_be_bytes()[..], &code.to_be_bytes(), rest].concat()
}

fn startup(rest: &[u8]) -> Vec<u8> {
    packet(196_608, rest)
}

/// A message with its type.
fn say(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("short");
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

fn error(severity: &str, code: &str, text: &str) -> Vec<u8> {
    let body = format!("S{severity}\0V{severity}\0C{code}\0M{text}\0Fa.c\0L1\0Rf\0\0");
    say(b'E', body.as_bytes())
}

fn accepted(standby: &str) -> Vec<u8> {
    [
        say(b'R', &[0; 4]),
        say(b'S', b"server_version\x0015.18\0"),
        say(b'S', format!("in_hot_standby\0{standby}\0").as_bytes()),
        say(b'K', &[7; 8]),
        say(b'Z', b"I"),
    ]
    .concat()
}

fn identity(timeline: &str) -> Vec<u8> {
    let mut row = vec![0, 4];
    for column in ["7234", timeline, "0/C00000"] {
        row.extend_from_slice(&u32::try_from(column.len()).expect("short").to_be_bytes());
        row.extend_from_slice(column.as_bytes());
    }
    row.extend_from_slice(&[0xff; 4]);
    [
        say(b'T', &[0; 2]),
        say(b'D', &row),
        say(b'C', b"IDENTIFY_SYSTEM\0"),
        say(b'Z', b"I"),
    ]
    .concat()
}

const REPLICA: &[u8] = b"user\0repl\0replication\0true\0application_name\0replica1\0\0";

/// A replica until it knows who the server is.
fn identified() -> Script {
    vec![
        (CLIENT, startup(REPLICA)),
        (SERVER, accepted("off")),
        (CLIENT, say(b'Q', b"IDENTIFY_SYSTEM\0")),
        (SERVER, identity("3")),
    ]
}

pub(in super::super) fn missing_slot() -> Script {
    let mut script = identified();
    let start = b"START_REPLICATION SLOT \"replica1_slot\" 0/C00000 TIMELINE 1\0";
    let error = error("ERROR", "42704", "replication slot does not exist");
    script.push((CLIENT, say(b'Q', start)));
    script.push((SERVER, [error, say(b'Z', b"I")].concat()));
    script.push((CLIENT, say(b'X', b"")));
    script
}

pub(in super::super) fn wrong_password() -> Script {
    vec![
        (CLIENT, packet(message::TLS_REQUEST, b"")),
        (SERVER, b"N".to_vec()),
        (CLIENT, startup(b"user\0zeek\0database\0cluster\0\0")),
        (SERVER, say(b'R', b"\x00\x00\x00\x05salt")),
        (CLIENT, say(b'p', b"md5abc\0")),
        (
            SERVER,
            error("FATAL", "28P01", "password authentication failed"),
        ),
    ]
}

fn told(script: &Script) -> Vec<Note> {
    play(&PgWire, script, &closed(script, CLIENT), usize::MAX)
}

#[test]
fn an_error_is_told_with_its_step_and_who_asked() {
    let notes = told(&missing_slot());
    let faults: Vec<_> = kinds(&notes);
    assert_eq!(
        faults,
        [
            ("error", 6),
            ("startup", 1),
            ("ready", 2),
            ("command", 3),
            ("command", 5)
        ]
    );
    for (name, value) in [
        ("sqlstate", "42704"),
        ("severity", "ERROR"),
        ("step", "replication"),
        ("command", "START_REPLICATION"),
        ("slot", "replica1_slot"),
        ("user", "repl"),
        ("replication", "physical"),
        ("application", "replica1"),
        ("routine", "f"),
    ] {
        assert_eq!(field(&notes[0], name), Some(value), "{name}");
    }
    assert_eq!(field(&notes[2], "server_version"), Some("15.18"));
    let notes = told(&wrong_password());
    assert_eq!(field(&notes[0], "step"), Some("authentication"));
    assert_eq!(field(&notes[0], "database"), Some("cluster"));
}

#[test]
fn steps_of_a_session() {
    let step = |script: &Script| {
        let notes = told(script);
        let error = notes
            .iter()
            .find(|note| field(note, "kind") == Some("error"));
        field(error.expect("an error"), "step").map(str::to_owned)
    };
    let mut script = vec![(CLIENT, startup(b"user\0a\0\0"))];
    let error = error("FATAL", "57P01", "terminating connection");
    let mut at = |more: Option<(Direction, Vec<u8>)>| {
        script.extend(more);
        let mut script = script.clone();
        script.push((SERVER, error.clone()));
        step(&script)
    };
    assert_eq!(at(None).as_deref(), Some("startup"));
    // accepted, but not ready
    assert_eq!(
        at(Some((SERVER, say(b'R', &[0; 4])))).as_deref(),
        Some("startup")
    );
    assert_eq!(
        at(Some((SERVER, say(b'Z', b"I")))).as_deref(),
        Some("ready")
    );
    assert_eq!(
        at(Some((CLIENT, say(b'Q', b"select 1\0")))).as_deref(),
        Some("query")
    );
}

#[test]
fn refused_tls_is_a_fault_only_when_the_client_leaves() {
    let script = wrong_password();
    let left: Script = script[..2].to_vec();
    let notes = told(&left);
    assert_eq!(kinds(&notes), [("tls-refused", 2)]);
    // nobody knows what comes next
    assert_eq!(play(&PgWire, &left, &open(2), 9), []);
    // the server closed
    assert_eq!(play(&PgWire, &left, &closed(&left, SERVER), 9), []);
    let stays = told(&script[..3].to_vec());
    assert_eq!(kinds(&stays), [("startup", 3)]);
}

#[test]
fn a_replica_that_leaves_when_it_knows_the_timeline() {
    let mut script = identified();
    let notes = told(&script);
    let left = notes.last().expect("a note");
    assert_eq!(kinds(&notes).last(), Some(&("timeline-left", 5)));
    assert!(left.text.contains("timeline 3"), "{}", left.text);
    // the server ended it, or nobody did
    let has = |notes: &[Note]| {
        kinds(notes)
            .iter()
            .any(|(kind, _)| *kind == "timeline-left")
    };
    assert!(!has(&play(&PgWire, &script, &closed(&script, SERVER), 9)));
    assert!(!has(&play(&PgWire, &script, &open(4), 9)));
    script.push((CLIENT, say(b'Q', b"TIMELINE_HISTORY 3\0")));
    assert!(!has(&told(&script)));
    script.truncate(3);
    assert!(!has(&told(&script)));
}

#[test]
fn a_standby_takes_no_changes() {
    let session = |who: &[u8], standby| {
        let script = vec![(CLIENT, startup(who)), (SERVER, accepted(standby))];
        let notes = told(&script);
        notes
            .iter()
            .any(|note| field(note, "kind") == Some("read-only"))
    };
    assert!(session(b"user\0a\0\0", "on") && !session(b"user\0a\0\0", "off"));
    // cascaded replication asks a standby on purpose
    assert!(!session(REPLICA, "on"));
}

#[test]
fn encryption_and_cancellation_end_what_can_be_heard() {
    for (request, answer, goes_on) in [
        (message::TLS_REQUEST, b"S", true),
        (message::GSS_REQUEST, b"G", false),
    ] {
        let mut state = PgWire.start();
        let mut notes = Vec::new();
        let mut say = |from, bytes: &[u8]| {
            let moment = Moment {
                number: 1,
                at: None,
            };
            let piece = Piece {
                from,
                bytes,
                moment,
            };
            state.feed(piece, &mut notes);
            state.wants_more()
        };
        assert!(say(CLIENT, &packet(request, b"")));
        assert_eq!(say(SERVER, answer), goes_on);
    }
    let cancel = vec![(CLIENT, packet(message::CANCEL_REQUEST, &[0; 8]))];
    assert_eq!(told(&cancel), []);
    // GSSAPI refused: TLS is tried next, then clear text
    let mut script = vec![
        (CLIENT, packet(message::GSS_REQUEST, b"")),
        (SERVER, b"N".to_vec()),
    ];
    script.extend(wrong_password());
    assert_eq!(kinds(&told(&script)), [("error", 8), ("startup", 5)]);
}

#[test]
fn a_server_refuses_before_it_answers_the_wish_for_tls() {
    let script = vec![
        (CLIENT, packet(message::TLS_REQUEST, b"")),
        (
            SERVER,
            error("FATAL", "53300", "sorry, too many clients already"),
        ),
    ];
    let notes = told(&script);
    assert_eq!(kinds(&notes), [("error", 2)]);
    assert_eq!(field(&notes[0], "step"), Some("startup"));
}

#[test]
fn only_certain_errors_are_told_when_the_beginning_is_missing() {
    let error = error("FATAL", "57P01", "terminating connection");
    let rows = [say(b'D', &[0; 9]), error.clone()].concat();
    let notes = told(&vec![(SERVER, rows)]);
    assert_eq!(kinds(&notes), [("error", 1)]);
    assert_eq!(field(&notes[0], "step"), None);
    // in the middle of something, cut, or not an error at all
    for bytes in [
        [b"xyz".to_vec(), error.clone()].concat(),
        error[..error.len() - 3].to_vec(),
        say(b'E', b"\0\0\0\0\0"),
        say(b'E', b"SFATAL\0Mno code\0\0"),
    ] {
        assert_eq!(told(&vec![(SERVER, bytes)]), []);
    }
}

#[test]
fn hostile_texts_stay_short_and_many_errors_few() {
    let long = "x\x1b[31m".repeat(2000);
    let mut script = vec![(CLIENT, startup(b"user\0a\0\0"))];
    for _ in 0..200 {
        script.push((SERVER, error("FATAL", "XX000", &long)));
    }
    let notes = play(&PgWire, &script, &open(9), 777);
    assert_eq!(notes.len(), ERRORS + 1);
    assert!(notes[0].text.len() < 2000);
}

#[test]
fn rows_are_passed_over_without_being_held() {
    let mut state = Talk::default();
    let mut notes = Vec::new();
    let script = [
        (CLIENT, startup(b"user\0a\0\0")),
        (SERVER, accepted("off")),
        (CLIENT, say(b'Q', b"select 1\0")),
        (SERVER, say(b'D', &[1; 30_000])),
    ];
    for (from, bytes) in &script {
        for bytes in bytes.chunks(1400) {
            let piece = Piece {
                from: *from,
                bytes,
                moment: Moment {
                    number: 1,
                    at: None,
                },
            };
            state.feed(piece, &mut notes);
        }
    }
    // a hole inside of a row hurts nothing
    let row = say(b'D', &[1; 9000]);
    let mut feed = |state: &mut Talk, bytes: &[u8]| {
        let moment = Moment {
            number: 9,
            at: None,
        };
        let piece = Piece {
            from: SERVER,
            bytes,
            moment,
        };
        state.feed(piece, &mut notes);
    };
    feed(&mut state, &row[..100]);
    state.gap(
        SERVER,
        8000,
        Moment {
            number: 9,
            at: None,
        },
    );
    feed(&mut state, &row[8100..]);
    feed(&mut state, &error("ERROR", "53100", "disk full"));
    assert_eq!(kinds(&notes), [("error", 9)]);
    assert_eq!(field(&notes[0], "step"), Some("query"));
}
