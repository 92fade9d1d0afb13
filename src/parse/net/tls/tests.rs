//! Tests of TLS: conversations are put together byte by byte.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::chain::Chain;
use super::*;
use crate::model::flow::ConnState;
use crate::model::format;
use crate::parse::testing::{CLIENT, ISSUING, ROOT, SERVER, der};

const O: Direction = Direction::FromOriginator;
const R: Direction = Direction::FromResponder;
/// 2020-08-12, microseconds.
const SUMMER_2020: i64 = 1_597_190_400_000_000;
/// 2027-01-15, microseconds.
const WINTER_2027: i64 = 1_800_000_000_000_000;

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind, 3, 3], length.as_slice(), body].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind], &length[1..], body].concat()
}

fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    record(22, &message(kind, body))
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&kind.to_be_bytes(), &length, body].concat()
}

/// A client hello with a server name, ALPN and versions.
fn client_hello(versions: &[u16]) -> Vec<u8> {
    let sni = [&[0, 11, 0, 0, 8][..], b"db.lab.x"].concat();
    let alpn = [&[0, 11, 10][..], b"postgresql"].concat();
    let listed: Vec<u8> = versions.iter().flat_map(|v| v.to_be_bytes()).collect();
    let mut extensions = [extension(0, &sni), extension(16, &alpn)].concat();
    if !listed.is_empty() {
        let versions = [&[u8::try_from(listed.len()).unwrap()], listed.as_slice()].concat();
        extensions.extend(extension(43, &versions));
    }
    let length = u16::try_from(extensions.len()).unwrap().to_be_bytes();
    let body = [
        &[3, 3][..],
        &[7; 32],
        &[0, 0, 4, 0x13, 0x02, 0xc0, 0x2f, 1, 0],
        &length,
        &extensions,
    ];
    handshake(1, &body.concat())
}

fn server_hello(version: u16, cipher: u16, random: &[u8; 32]) -> Vec<u8> {
    let modern = version == handshake::TLS13;
    let legacy = if modern { 0x0303 } else { version };
    let chosen = match modern {
        true => extension(43, &version.to_be_bytes()),
        false => extension(0xff01, &[0]),
    };
    let length = u16::try_from(chosen.len()).unwrap().to_be_bytes();
    let body = [
        &legacy.to_be_bytes()[..],
        random,
        &[0],
        &cipher.to_be_bytes(),
        &[0],
        &length,
        &chosen,
    ];
    message(2, &body.concat())
}

fn certificate(pems: &[&str]) -> Vec<u8> {
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_be_bytes();
    let list: Vec<u8> = pems
        .iter()
        .map(|pem| der(pem))
        .flat_map(|der| [&length(&der)[1..], &der].concat())
        .collect();
    message(11, &[&length(&list)[1..], &list].concat())
}

fn switch() -> Vec<u8> {
    [record(20, &[1]), record(22, &[0xa5; 40])].concat()
}

fn alert(level: u8, code: u8) -> Vec<u8> {
    record(21, &[level, code])
}

fn data(bytes: usize) -> Vec<u8> {
    record(23, &vec![0x5a; bytes])
}

/// A connection: what each side says in turn, one frame each, and how it ends.
#[derive(Clone, Debug)]
struct Script {
    said: Vec<(Direction, Vec<u8>)>,
    fin: Option<Direction>,
    reset: Option<Direction>,
    silence: Option<i64>,
    at: Option<i64>,
}

impl Script {
    fn new(said: Vec<(Direction, Vec<u8>)>) -> Self {
        Self {
            said,
            fin: None,
            reset: None,
            silence: None,
            at: Some(SUMMER_2020),
        }
    }

    fn fin(mut self, by: Direction) -> Self {
        self.fin = Some(by);
        self
    }

    fn reset(mut self, by: Direction) -> Self {
        self.reset = Some(by);
        self
    }

    fn then(mut self, by: Direction, bytes: Vec<u8>) -> Self {
        self.said.push((by, bytes));
        self
    }

    fn silence(mut self, seconds: i64) -> Self {
        self.silence = Some(seconds * 1_000_000);
        self
    }

    fn at(mut self, at: Option<i64>) -> Self {
        self.at = at;
        self
    }

    fn moment(&self, number: usize) -> Moment {
        Moment {
            number: number as u64,
            at: self.at,
        }
    }

    fn ending(&self, routine: bool) -> Ending {
        let last = self.moment(self.said.len() + 1);
        Ending {
            state: ConnState::S1,
            fin: self.fin.map(|by| (by, last)),
            reset: self.reset.map(|by| (by, last)),
            last,
            silence: self.silence,
            routine,
            fresh: true,
        }
    }

    /// Plays it, every part in pieces of these sizes.
    fn play(&self, routine: bool, sizes: &[usize]) -> (Conversation, Vec<Note>) {
        let mut talk = Conversation::new("tls");
        let mut notes = Vec::new();
        let mut sizes = sizes.iter().cycle();
        for (nth, (from, bytes)) in self.said.iter().enumerate() {
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let size = sizes.next().map_or(rest.len(), |size| *size);
                let (piece, behind) = rest.split_at(size.clamp(1, rest.len()));
                rest = behind;
                let piece = Piece {
                    from: *from,
                    bytes: piece,
                    moment: self.moment(nth + 1),
                };
                talk.feed(piece, &mut notes);
            }
        }
        talk.end(&self.ending(routine), &mut notes);
        (talk, notes)
    }

    /// The only note, as text of its fields; empty when there is none.
    fn told(&self) -> Told {
        told(&self.play(false, &[]).1)
    }

    fn told_as_routine(&self) -> Told {
        told(&self.play(true, &[]).1)
    }

    fn facts(&self) -> Facts {
        let (talk, _) = self.play(false, &[]);
        talk.facts(&self.ending(false))
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    frame: u64,
    fields: BTreeMap<&'static str, String>,
}

impl Told {
    fn get(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// The values of several fields in a row.
    fn row(&self, names: &[&str]) -> String {
        let values: Vec<&str> = names.iter().map(|name| self.get(name)).collect();
        values.join(" ")
    }
}

fn told(notes: &[Note]) -> Told {
    assert!(notes.len() <= 1, "{notes:#?}");
    let (_, def) = format::find("net.tls").unwrap();
    let Some(note) = notes.first() else {
        return Told::default();
    };
    assert_eq!(note.format, "net.tls");
    assert!(!note.text.contains('\n'), "{}", note.text);
    let mut told = Told {
        frame: note.moment.number,
        ..Told::default()
    };
    for (name, value) in &note.fields {
        assert!(def.fields.iter().any(|field| field.name == *name), "{name}");
        let entry = told.fields.entry(name).or_default();
        if !entry.is_empty() {
            entry.push(' ');
        }
        entry.push_str(value);
    }
    told
}

/// TLS 1.2 up to the end of the server's part, which asks for a certificate.
fn server_part() -> Script {
    let flight = [
        server_hello(0x0303, 0xc030, &[9; 32]),
        certificate(&[SERVER, ISSUING, ROOT]),
    ];
    let rest = [
        handshake(12, &[3; 60]),
        handshake(13, &[1, 1, 0, 2, 4, 1, 0, 0]),
        handshake(14, &[]),
    ];
    Script::new(vec![
        (O, client_hello(&[])),
        (R, [record(22, &flight.concat()), rest.concat()].concat()),
    ])
}

fn client_part(certificates: &[&str]) -> Vec<u8> {
    [
        record(22, &certificate(certificates)),
        handshake(16, &[4; 66]),
        handshake(15, &[5; 70]),
        switch(),
    ]
    .concat()
}

/// A complete handshake of TLS 1.2 with both certificates.
fn complete() -> Script {
    server_part()
        .then(O, client_part(&[CLIENT]))
        .then(R, switch())
}

fn working() -> Script {
    complete()
        .then(O, data(80))
        .then(R, data(400))
        .then(R, data(700))
        .then(O, [data(30), record(21, &[0; 26])].concat())
        .fin(O)
}

/// TLS 1.3 with another hello up to the server's Finished; TLS_AES_256_GCM_SHA384.
fn modern_server_part() -> Script {
    let retry = [
        0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8,
        0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8,
        0x33, 0x9c,
    ];
    let versions = [0x8a8a, 0x0304, 0x0303];
    let asked = record(22, &server_hello(0x0304, 0x1302, &retry));
    let again = [record(20, &[1]), client_hello(&versions)].concat();
    let hello = record(22, &server_hello(0x0304, 0x1302, &[8; 32]));
    Script::new(vec![
        (O, client_hello(&versions)),
        (R, [asked, record(20, &[1])].concat()),
        (O, again),
        (
            R,
            [hello, data(155), data(23), data(1618), data(281), data(69)].concat(),
        ),
    ])
}

fn modern_complete() -> Script {
    modern_server_part().then(O, [data(818), data(281), data(69)].concat())
}

#[test]
fn a_healthy_handshake_is_told_only_when_that_is_wanted() {
    assert_eq!(working().told(), Told::default());
    let told = working().told_as_routine();
    assert_eq!(
        told.row(&["inside", "version", "offered", "offered_ciphers"]),
        "tls TLS 1.2 TLS 1.2 2"
    );
    assert_eq!(
        told.row(&["sni", "alpn", "completed"]),
        "db.lab.x postgresql true"
    );
    assert_eq!(told.get("cipher"), "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
    assert_eq!(
        told.row(&["last_message", "last_by"]),
        "certificate-verify originator"
    );
    assert_eq!(
        told.row(&["server_cn", "server_issuer", "server_name"]),
        "cms2.lab.example Lab issuing cms2.lab.example 10.48.54.76"
    );
    assert_eq!(
        told.row(&["server_not_before", "server_not_after", "server_chain"]),
        "2016-06-01T00:00:00Z 2026-06-01T00:00:00Z 3"
    );
    assert_eq!(
        told.row(&[
            "server_expired",
            "server_not_yet_valid",
            "server_self_signed",
            "server_eku"
        ]),
        "false false false true"
    );
    assert_eq!(
        told.row(&[
            "client_requested",
            "client_certificate",
            "client_cn",
            "client_eku"
        ]),
        "true sent postgres true"
    );
    assert_eq!(told.get("server_digest").len(), 64);
    assert_eq!(told.get("encrypted_end"), "true");
    for absent in [
        "alert",
        "incomplete",
        "left_at_once",
        "short_answer",
        "partial",
        "retried",
    ] {
        assert_eq!(told.get(absent), "", "{absent}");
    }
}

#[test]
fn an_alert_in_clear_is_told_at_its_frame() {
    let script = server_part().then(O, alert(2, 48)).fin(O);
    let told = script.told();
    assert_eq!(told.frame, 3);
    assert_eq!(
        told.row(&[
            "alert",
            "alert_code",
            "alert_by",
            "alert_about",
            "alert_after"
        ]),
        "unknown_ca 48 originator responder server-hello-done"
    );
    assert_eq!(
        told.row(&["incomplete", "completed", "server_cn"]).trim(),
        "cms2.lab.example"
    );
    // the note does not wait for the end
    let mut talk = Conversation::new("postgresql");
    let mut notes = Vec::new();
    for (from, bytes) in &script.said {
        let moment = script.moment(5);
        talk.feed(
            Piece {
                from: *from,
                bytes,
                moment,
            },
            &mut notes,
        );
    }
    assert_eq!((notes.len(), talk.wants_more()), (1, false));
    assert_eq!(told.get("inside"), "tls");
    assert!(talk.facts(&script.ending(false)).alert);
}

#[test]
fn a_server_that_refuses_a_certificate_speaks_after_the_whole_flight() {
    let told = server_part()
        .then(O, client_part(&[CLIENT]))
        .then(R, alert(2, 42))
        .told();
    assert_eq!(
        told.row(&["alert", "alert_by", "alert_after", "client_certificate"]),
        "bad_certificate responder finished sent"
    );
}

#[test]
fn in_tls_1_3_only_hellos_are_seen() {
    let script = modern_complete()
        .then(O, data(80))
        .then(R, data(431))
        .then(R, data(6596))
        .fin(O);
    assert_eq!(script.told(), Told::default());
    let told = script.told_as_routine();
    assert_eq!(
        told.row(&[
            "version",
            "offered",
            "retried",
            "completed",
            "client_certificate"
        ]),
        "TLS 1.3 TLS 1.3 true true hidden"
    );
    assert_eq!(
        told.row(&["client_requested", "server_cn", "server_chain"])
            .trim(),
        ""
    );
    assert_eq!(
        told.row(&["last_message", "last_by"]),
        "server-hello responder"
    );
}

#[test]
fn in_tls_1_3_a_client_that_has_not_switched_alerts_in_clear() {
    for level in [1, 2] {
        let told = modern_server_part()
            .then(O, alert(level, 45))
            .reset(O)
            .told();
        assert_eq!(
            told.row(&["alert", "alert_by", "completed"]).trim(),
            "certificate_expired originator"
        );
    }
}

#[test]
fn in_tls_1_3_the_verdict_about_a_client_is_a_short_record() {
    let script = modern_complete().then(R, data(19)).reset(R);
    let told = script.told();
    assert_eq!(
        told.row(&[
            "short_answer",
            "short_answer_bytes",
            "encrypted_end",
            "alert"
        ]),
        "true 24 true "
    );
    assert_eq!(told.frame, 6);
    let facts = script.facts();
    assert!(facts.like_alert && facts.completed);
    // a client that said something meanwhile changes nothing
    let told = modern_complete()
        .then(O, data(80))
        .then(R, data(19))
        .fin(R)
        .told();
    assert_eq!(told.get("short_answer_bytes"), "24");
    // without a close it may be anything
    assert_eq!(modern_complete().then(R, data(19)).told(), Told::default());
}

#[test]
fn in_tls_1_3_a_client_that_alerts_encrypted_has_not_finished() {
    let told = modern_server_part().then(O, data(19)).fin(O).told();
    assert_eq!(
        told.row(&[
            "incomplete",
            "stopped_how",
            "stopped_by",
            "encrypted_end",
            "completed"
        ]),
        "true closed originator true "
    );
}

#[test]
fn where_a_client_packs_its_records_nothing_is_concluded() {
    for script in [
        modern_server_part().then(O, data(1100)).fin(O),
        modern_server_part()
            .then(O, data(1100))
            .then(R, data(19))
            .fin(R),
        modern_server_part()
            .then(O, data(1100))
            .then(R, data(200))
            .fin(R),
        modern_server_part()
            .then(O, data(1100))
            .then(R, data(200))
            .fin(O),
    ] {
        assert_eq!(script.told(), Told::default());
    }
    let told = modern_server_part()
        .then(O, data(1100))
        .then(R, data(200))
        .told_as_routine();
    assert_eq!(told.get("completed"), "true");
}

#[test]
fn who_leaves_without_a_word_is_told() {
    let told = complete().fin(O).told();
    assert_eq!(
        (
            told.row(&["left_at_once", "short_answer"]).as_str(),
            told.frame
        ),
        ("true ", 5)
    );
    for left in [
        complete().reset(O),
        complete().then(O, record(21, &[0; 26])).fin(R),
        modern_complete().fin(O),
        modern_complete().then(O, data(19)).fin(O),
    ] {
        assert_eq!(left.told().get("left_at_once"), "true", "{left:?}");
        assert!(left.facts().left_at_once);
    }
    for stayed in [
        complete(),
        complete().fin(R),
        complete().silence(60),
        complete().then(O, data(9)).fin(O),
    ] {
        assert_eq!(stayed.told(), Told::default(), "{stayed:?}");
    }
}

#[test]
fn one_short_answer_and_a_close_are_told() {
    let script = complete()
        .then(O, data(86))
        .then(R, data(132))
        .then(R, record(21, &[0; 26]))
        .fin(R);
    let told = script.told();
    assert_eq!(
        (
            told.row(&["short_answer", "short_answer_bytes"]).as_str(),
            told.frame
        ),
        ("true 137", 6)
    );
    let facts = script.facts();
    assert_eq!(
        (facts.client_cn.as_deref(), facts.version),
        (Some("postgres"), Some("TLS 1.2"))
    );
    assert_eq!(
        (
            facts.originator.records,
            facts.responder.first,
            facts.closed_by
        ),
        (1, 137, Some(R))
    );
    assert_eq!(
        facts
            .short_answer
            .map(|(bytes, moment)| (bytes, moment.number)),
        Some((137, 6))
    );
    let modern = modern_complete()
        .then(O, data(86))
        .then(R, [data(132), data(19)].concat())
        .fin(R);
    assert_eq!(modern.told().get("short_answer_bytes"), "137");
    assert!(!modern.facts().like_alert);
    // who is refused may close before the one who refused does
    let refused = complete().then(O, data(86)).then(R, data(132)).fin(O);
    assert_eq!(refused.told().get("short_answer_bytes"), "137");
    for other in [
        complete().then(O, data(86)).then(R, data(600)).fin(R),
        complete()
            .then(O, data(86))
            .then(R, data(60))
            .then(R, data(60))
            .fin(R),
        complete()
            .then(O, data(86))
            .then(R, data(60))
            .then(O, data(60))
            .fin(O),
        complete().then(R, data(60)).fin(R),
        complete().then(O, data(86)).then(R, data(60)),
        modern_complete()
            .then(O, data(86))
            .then(R, data(255))
            .then(R, data(255))
            .then(R, data(60))
            .fin(R),
    ] {
        assert_eq!(other.told(), Told::default(), "{other:?}");
    }
}

#[test]
fn an_obsolete_version_is_told() {
    for (version, name) in [
        (0x0300, "SSL 3.0"),
        (0x0301, "TLS 1.0"),
        (0x0302, "TLS 1.1"),
    ] {
        let mut script = working();
        script.said[1].1 = [
            record(22, &server_hello(version, 0x002f, &[1; 32])),
            handshake(14, &[]),
        ]
        .concat();
        let told = script.told();
        assert_eq!(
            told.row(&["version", "completed", "client_requested"]),
            format!("{name} true false")
        );
        assert_eq!(told.frame, 2);
    }
}

#[test]
fn dates_are_judged_at_the_time_of_the_capture() {
    let late = working().at(Some(WINTER_2027)).told();
    assert_eq!(
        late.row(&["server_expired", "server_not_yet_valid", "client_expired"]),
        "true false false"
    );
    assert_eq!(late.frame, 2);
    let early = working().at(Some(0)).told();
    assert_eq!(
        early.row(&["server_expired", "server_not_yet_valid"]),
        "false true"
    );
    let unknown = working().at(None);
    assert_eq!(unknown.told(), Told::default());
    assert_eq!(
        unknown
            .told_as_routine()
            .row(&["server_expired", "server_cn"]),
        " cms2.lab.example"
    );
    // the last second counts: 2026-06-01T00:00:00Z
    let last = 1_780_272_000_000_000;
    assert_eq!(working().at(Some(last + 999_999)).told(), Told::default());
    assert_eq!(
        working()
            .at(Some(last + 1_000_000))
            .told()
            .get("server_expired"),
        "true"
    );
}

#[test]
fn one_above_the_leaf_counts_as_well() {
    let chain = Chain::read([der(ROOT), der(SERVER)].iter().map(Vec::as_slice));
    assert_eq!(chain.expired(WINTER_2027), Some(true));
    assert_eq!(chain.leaf.unwrap().subject_cn.as_deref(), Some("Lab root"));
    let chain = Chain::read([der(ROOT)].iter().map(Vec::as_slice));
    assert_eq!(chain.expired(WINTER_2027), Some(false));
    let damaged = Chain::read([b"\x30\x03abc".as_slice()].into_iter());
    assert_eq!((damaged.length, damaged.expired(0)), (1, None));
}

#[test]
fn a_chain_is_read_once() {
    let bytes = b"the bytes of a message that nobody sends";
    let read = || Chain::read([der(SERVER)].iter().map(Vec::as_slice));
    let first = chain::known(bytes, read);
    let second = chain::known(bytes, || unreachable!());
    assert!(std::sync::Arc::ptr_eq(&first, &second));
}

#[test]
fn how_a_handshake_stopped_is_told() {
    let hello = || Script::new(vec![(O, client_hello(&[]))]);
    let names = ["incomplete", "stopped_how", "stopped_by", "last_message"];
    for (script, expected) in [
        (hello().reset(R), "true reset responder client-hello"),
        (hello().fin(R), "true closed responder client-hello"),
        (hello().fin(O), "true closed originator client-hello"),
        (hello().silence(3), "true silent responder client-hello"),
        (
            server_part().silence(30),
            "true silent originator server-hello-done",
        ),
        (
            server_part().fin(O),
            "true closed originator server-hello-done",
        ),
        (
            server_part().then(O, client_part(&[CLIENT])).silence(5),
            "true silent responder certificate-verify",
        ),
        (
            server_part().then(O, client_part(&[CLIENT])).reset(R),
            "true reset responder certificate-verify",
        ),
        (modern_server_part().silence(9), "true silent  server-hello"),
        (
            hello()
                .then(R, b"HTTP/1.1 400 Bad Request\r\n".to_vec())
                .fin(R),
            "true closed responder client-hello",
        ),
        (
            server_part().then(O, alert(1, 0)).fin(R),
            "true closed originator server-hello-done",
        ),
    ] {
        let told = script.told();
        assert_eq!(told.row(&names), expected, "{script:?}");
        assert_eq!(told.get("completed"), "");
    }
    // the capture ends: that proves nothing
    for script in [
        hello(),
        hello().silence(2),
        server_part(),
        modern_server_part(),
    ] {
        assert_eq!(script.told(), Told::default());
    }
}

#[test]
fn of_a_side_that_is_never_seen_nothing_is_concluded() {
    let mut one_way = complete().fin(O);
    one_way.said.retain(|(from, _)| *from == O);
    assert_eq!(one_way.told(), Told::default());
    assert_eq!(one_way.told_as_routine().get("partial"), "true");
    let mut modern = modern_complete().then(O, data(90)).fin(O);
    modern.said.retain(|(from, _)| *from == O);
    assert_eq!(modern.told(), Told::default());
    let hello = Script::new(vec![(O, client_hello(&[]))]);
    for state in [ConnState::S0, ConnState::Sh, ConnState::Oth] {
        for script in [hello.clone().fin(O), hello.clone().silence(60)] {
            let mut talk = Conversation::new("tls");
            let mut notes = Vec::new();
            let bytes = &script.said[0].1;
            let moment = script.moment(1);
            let from = O;
            talk.feed(
                Piece {
                    from,
                    bytes,
                    moment,
                },
                &mut notes,
            );
            let ending = Ending {
                state,
                ..script.ending(false)
            };
            talk.end(&ending, &mut notes);
            assert_eq!(notes, []);
        }
    }
}

#[test]
fn a_warning_counts_when_its_sender_says_nothing_more() {
    let told = server_part().then(O, alert(1, 42)).fin(O).told();
    assert_eq!(
        told.row(&["alert", "alert_by", "incomplete"]),
        "bad_certificate originator "
    );
    assert_eq!(told.frame, 3);
    let mut warned = working();
    warned.said[1].1 = [alert(1, 112), warned.said[1].1.clone()].concat();
    assert_eq!(warned.told(), Told::default());
}

#[test]
fn a_client_without_certificate_is_told() {
    let empty = server_part()
        .then(O, client_part(&[]))
        .then(R, alert(2, 40))
        .told();
    assert_eq!(
        empty.row(&["client_requested", "client_certificate", "alert"]),
        "true empty handshake_failure"
    );
    let old = server_part()
        .then(
            O,
            [alert(1, 41), handshake(16, &[1; 60]), switch()].concat(),
        )
        .then(R, alert(2, 40))
        .told();
    assert_eq!(old.get("client_certificate"), "empty");
    let mut unasked = working();
    unasked.said[1].1 = [
        record(22, &server_hello(0x0303, 0x009c, &[1; 32])),
        record(22, &certificate(&[SERVER])),
        handshake(14, &[]),
    ]
    .concat();
    unasked.said[2].1 = [handshake(16, &[1; 60]), switch()].concat();
    assert_eq!(
        unasked
            .told_as_routine()
            .row(&["client_requested", "client_certificate"]),
        "false none"
    );
}

#[test]
fn a_resumed_handshake_is_complete() {
    let hello = record(22, &server_hello(0x0303, 0xc030, &[9; 32]));
    let script = Script::new(vec![
        (O, client_hello(&[])),
        (R, [hello, switch()].concat()),
        (O, switch()),
    ]);
    let told = script.clone().then(O, data(9)).told_as_routine();
    assert_eq!(
        told.row(&["completed", "client_certificate", "client_requested"])
            .trim(),
        "true"
    );
    assert_eq!(script.fin(O).told().get("left_at_once"), "true");
}

#[test]
fn a_hello_of_ssl_2_may_offer_more() {
    let hello = [&[0x80, 0x2b, 1, 3, 1, 0, 18, 0, 0, 0, 16][..], &[0; 34]].concat();
    assert_eq!(Tls.probe(&hello, O, 7400), Probe::Certain);
    let mut script = working();
    script.said[0].1 = hello;
    let told = script.told_as_routine();
    assert_eq!(
        told.row(&["offered", "offered_ciphers", "version", "partial"]),
        "TLS 1.0 6 TLS 1.2 "
    );
}

#[test]
fn the_first_bytes_decide() {
    let probe = |bytes: &[u8], from| Tls.probe(bytes, from, 5432);
    assert_eq!(probe(&client_hello(&[]), O), Probe::Certain);
    assert_eq!(probe(&client_hello(&[])[..5], O), Probe::Unsure);
    assert_eq!(probe(&handshake(2, &[0; 40]), R), Probe::Certain);
    for other in [
        &data(30),
        &switch(),
        &b"GET / HTTP/1.1\r\n".to_vec(),
        &vec![0, 0, 0, 8, 4, 210, 22, 47],
        &vec![22, 3],
        &handshake(11, &[0; 9]),
    ] {
        assert_eq!(probe(other, O), Probe::NotForUs, "{other:?}");
    }
}

#[test]
fn data_that_was_not_captured_harms_nothing() {
    let script = complete();
    let mut talk = Conversation::new("tls");
    let mut notes = Vec::new();
    for (nth, (from, bytes)) in script.said.iter().enumerate() {
        talk.feed(
            Piece {
                from: *from,
                bytes,
                moment: script.moment(nth),
            },
            &mut notes,
        );
    }
    let at = script.moment(9);
    let cut = &data(400)[..50];
    talk.feed(
        Piece {
            from: O,
            bytes: &data(80),
            moment: at,
        },
        &mut notes,
    );
    talk.feed(
        Piece {
            from: R,
            bytes: cut,
            moment: at,
        },
        &mut notes,
    );
    talk.gap(R, 355, at);
    talk.end(&script.clone().fin(R).ending(false), &mut notes);
    assert_eq!(told(&notes).row(&["short_answer_bytes", "partial"]), "405 ");
}

/// The script with every part cut to its first bytes, as a snap length does.
fn snapped(script: &Script, most: usize) -> Vec<Note> {
    let mut talk = Conversation::new("tls");
    let mut notes = Vec::new();
    for (nth, (from, bytes)) in script.said.iter().enumerate() {
        let moment = script.moment(nth + 1);
        let (head, rest) = bytes.split_at(most.min(bytes.len()));
        if !head.is_empty() {
            talk.feed(
                Piece {
                    from: *from,
                    bytes: head,
                    moment,
                },
                &mut notes,
            );
        }
        if !rest.is_empty() {
            talk.gap(*from, rest.len() as u64, moment);
        }
    }
    talk.end(&script.ending(true), &mut notes);
    notes
}

#[test]
fn an_alert_behind_lost_bytes_is_seen() {
    let told = told(&snapped(&server_part().then(O, alert(2, 48)).fin(O), 54));
    assert_eq!(
        told.row(&["alert", "alert_by", "partial"]),
        "unknown_ca originator true"
    );
}

/// Fields that say that something is wrong.
const CLAIMS: [&str; 10] = [
    "alert",
    "incomplete",
    "left_at_once",
    "short_answer",
    "server_expired",
    "server_not_yet_valid",
    "client_expired",
    "client_not_yet_valid",
    "client_certificate",
    "completed",
];

fn claims(told: &Told) -> Vec<(&str, &str)> {
    let claim = |name: &&'static str| Some((*name, told.fields.get(*name)?.as_str()));
    CLAIMS.iter().filter_map(claim).collect()
}

fn scripts() -> Vec<Script> {
    vec![
        working(),
        working().at(Some(WINTER_2027)),
        complete().fin(O),
        complete().then(O, data(86)).then(R, data(132)).fin(R),
        server_part().then(O, alert(2, 48)).fin(O),
        server_part()
            .then(O, client_part(&[]))
            .then(R, alert(2, 40)),
        server_part().reset(R),
        modern_complete().then(R, data(19)).reset(R),
        modern_complete()
            .then(O, data(80))
            .then(R, data(431))
            .fin(O),
        modern_server_part().then(O, alert(2, 45)).reset(O),
        Script::new(vec![
            (O, client_hello(&[])),
            (R, b"<stream:stream>".to_vec()),
        ])
        .fin(R),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pieces_change_nothing(nth in 0_usize..11, sizes in prop::collection::vec(1_usize..90, 1..9), routine in any::<bool>()) {
        let script = &scripts()[nth];
        prop_assert_eq!(script.play(routine, &sizes).1, script.play(routine, &[]).1);
    }

    #[test]
    fn a_capture_that_ends_early_claims_no_more(nth in 0_usize..11, part in 0.0_f64..1.0) {
        let mut script = scripts()[nth].clone();
        let whole = told(&script.play(true, &[]).1);
        let all: usize = script.said.iter().map(|(_, bytes)| bytes.len()).sum();
        let mut left = (all as f64 * part) as usize;
        for (_, bytes) in &mut script.said {
            bytes.truncate(left);
            left -= bytes.len();
        }
        (script.fin, script.reset) = (None, None);
        let cut = told(&script.play(true, &[]).1);
        for claim in claims(&cut) {
            prop_assert!(claims(&whole).contains(&claim), "{:?} {:?}", claim, whole);
        }
    }

    #[test]
    fn lost_bytes_claim_no_more(nth in 0_usize..11, most in 0_usize..300) {
        let script = &scripts()[nth];
        let whole = told(&script.play(true, &[]).1);
        let cut = told(&snapped(script, most));
        for claim in claims(&cut) {
            prop_assert!(claims(&whole).contains(&claim), "{:?} {:?}", claim, whole);
        }
    }

    #[test]
    fn any_bytes_are_survived(
        said in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..80), 0_u8..4), 0..12),
        sizes in prop::collection::vec(1_usize..40, 1..4),
    ) {
        let bytes = |bytes: Vec<u8>, kind| match kind {
            0 => bytes,
            1 => record(22, &bytes),
            2 => record(22, &message(11, &bytes)),
            _ => record(21, &bytes),
        };
        let said = said.into_iter().map(|(own, body, kind)| (if own { O } else { R }, bytes(body, kind)));
        let script = Script::new(said.collect()).fin(R);
        let whole = script.play(true, &[]).1;
        prop_assert_eq!(&script.play(true, &sizes).1, &whole);
        told(&whole);
    }
}

#[test]
fn a_settled_conversation_keeps_little() {
    assert!(
        size_of::<Conversation>() <= 512,
        "{}",
        size_of::<Conversation>()
    );
    let (talk, _) = working().play(false, &[]);
    assert!(talk.readers.is_none());
}
