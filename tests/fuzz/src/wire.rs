//! Conversations: inputs to what both sides say, and seeds of every protocol.

use clusterdx::model::flow::{ConnState, Direction};
use clusterdx::model::format;
use clusterdx::parse::net::STREAM_PARSERS;
use clusterdx::parse::net::flow::Moment;
use clusterdx::parse::net::stream::{Ending, Note, Piece, StreamParser};

use crate::SEPARATOR;

/// Who says what.
pub type Script<'d> = Vec<(Direction, &'d [u8])>;

/// The parts of an input, as far as they are not empty.
pub fn parts(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(data);
    std::iter::from_fn(move || {
        let data = rest?;
        let found = data
            .windows(SEPARATOR.len())
            .position(|window| window == SEPARATOR);
        let Some(at) = found else {
            rest = None;
            return Some(data);
        };
        rest = Some(&data[at + SEPARATOR.len()..]);
        Some(&data[..at])
    })
}

/// The parts by turns; an empty one leaves the turn to the other side.
pub fn script(data: &[u8]) -> Script<'_> {
    let turns = [Direction::FromOriginator, Direction::FromResponder];
    let mut script: Script<'_> = turns.into_iter().cycle().zip(parts(data)).collect();
    script.retain(|(_, said)| !said.is_empty());
    script
}

/// What is told of a conversation.
pub struct Told {
    /// While it goes on.
    pub said: Vec<Note>,
    /// At its end.
    pub ended: Vec<Note>,
}

fn moment(number: usize) -> Moment {
    Moment {
        number: number as u64,
        at: Some(number as i64 * 1_000_000),
    }
}

fn ending(script: &Script<'_>) -> Ending {
    let last = moment(script.len() + 1);
    let by = match script.len() % 2 {
        0 => Direction::FromOriginator,
        _ => Direction::FromResponder,
    };
    Ending {
        state: ConnState::SF,
        fin: Some((by, last)),
        reset: None,
        last,
        silence: Some(0),
        routine: true,
        fresh: true,
    }
}

/// Lets a protocol listen; everything comes in pieces of `size` bytes.
pub fn feed(parser: &dyn StreamParser, script: &Script<'_>, size: usize) -> Told {
    let mut state = parser.start();
    let mut said = Vec::new();
    for (number, (from, bytes)) in (1..).zip(script) {
        for bytes in bytes.chunks(size.max(1)) {
            let piece = Piece {
                from: *from,
                bytes,
                moment: moment(number),
            };
            state.feed(piece, &mut said);
        }
    }
    let mut ended = Vec::new();
    state.end(&ending(script), &mut ended);
    Told { said, ended }
}

/// The same where bytes of one part are missing.
pub fn feed_with_hole(
    parser: &dyn StreamParser,
    script: &Script<'_>,
    hole: usize,
    size: usize,
) -> Vec<Note> {
    let mut state = parser.start();
    let mut notes = Vec::new();
    for (number, (from, bytes)) in (1..).zip(script) {
        let mut bytes = *bytes;
        if number == hole + 1 {
            let missing = size.min(bytes.len());
            state.gap(*from, missing as u64, moment(number));
            bytes = &bytes[missing..];
        }
        if !bytes.is_empty() && state.wants_more() {
            let piece = Piece {
                from: *from,
                bytes,
                moment: moment(number),
            };
            state.feed(piece, &mut notes);
        }
        state.step();
    }
    state.end(&ending(script), &mut notes);
    notes
}

/// A field of a note.
pub fn kind<'n>(note: &'n Note, name: &str) -> Option<&'n str> {
    let mut fields = note.fields.iter();
    let found = fields.find(|(known, _)| *known == name);
    found.map(|(_, value)| value.as_ref())
}

/// Formats and fields are those of `model/format.rs`; texts are short, and no commands.
pub fn declared(notes: &[Note]) {
    for note in notes {
        let (_, def) = format::find(note.format).expect("a declared format");
        assert_eq!(def.parser, "capture");
        for (name, value) in &note.fields {
            let known = def.fields.iter().any(|field| field.name == *name);
            assert!(known, "{} {name}", note.format);
            assert!(value.len() < 4096, "{name} is long");
        }
        assert!(note.text.len() < 8192, "the text is long");
        assert!(!note.text.contains(char::is_control), "{:?}", note.text);
    }
}

/// The protocol that the environment names with `PARSER`; without it all of them.
#[allow(
    clippy::disallowed_methods,
    reason = "libFuzzer takes all arguments, so the environment names the job"
)]
pub fn chosen() -> Vec<&'static dyn StreamParser> {
    let name = std::env::var("PARSER").unwrap_or_default();
    let wanted = |parser: &&&dyn StreamParser| name.is_empty() || parser.id() == name;
    let found: Vec<_> = STREAM_PARSERS.iter().filter(wanted).copied().collect();
    assert!(!found.is_empty(), "no protocol is called {name}");
    found
}

/// Conversations of a protocol, one input each.
pub fn seeds(id: &str) -> Vec<Vec<u8>> {
    let scripts = match id {
        "postgresql" => postgresql(),
        "xmpp" => xmpp(),
        "sip" => vec![sip()],
        "erlang-distribution" => distribution(),
        "erlang-port-mapper" => port_mapper(),
        "tls" => vec![vec![hello(), tls_alert()]],
        _ => Vec::new(),
    };
    scripts
        .iter()
        .map(|script| script.join(SEPARATOR))
        .collect()
}

fn say(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = body.len() as u32 + 4;
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

fn packet(code: u32, rest: &[u8]) -> Vec<u8> {
    let length = rest.len() as u32 + 8;
    [&length.to_be_bytes()[..], &code.to_be_bytes(), rest].concat()
}

fn postgresql() -> Vec<Vec<Vec<u8>>> {
    let error = |code: &str| {
        let body = format!("SFATAL\0VFATAL\0C{code}\0Mno\0Dbecause\0Fa.c\0L1\0Rf\0\0");
        say(b'E', body.as_bytes())
    };
    let start = packet(196_608, b"user\0a\0database\0b\0application_name\0c\0\0");
    let replica = packet(196_608, b"user\0a\0replication\0true\0\0");
    let tls = packet(80_877_103, b"");
    let ready = [
        say(b'R', &[0; 4]),
        say(b'S', b"in_hot_standby\0on\0"),
        say(b'K', &[7; 8]),
        say(b'Z', b"I"),
    ]
    .concat();
    let row = b"\0\x04\0\0\0\x01\x37\0\0\0\x01\x33\0\0\0\x03\x30/1\xff\xff\xff\xff";
    let identity = [
        say(b'T', b"\0\0"),
        say(b'D', row),
        say(b'C', b"IDENTIFY_SYSTEM\0"),
        say(b'Z', b"I"),
    ]
    .concat();
    let identify = say(b'Q', b"IDENTIFY_SYSTEM\0");
    let stream = say(b'Q', b"START_REPLICATION SLOT \"s\" 0/1 TIMELINE 1\0");
    vec![
        vec![start.clone(), error("28000")],
        vec![
            start.clone(),
            ready.clone(),
            say(b'Q', b"select 1\0"),
            error("42P01"),
            say(b'X', b""),
        ],
        vec![
            start.clone(),
            say(b'R', b"\0\0\0\x05salt"),
            say(b'p', b"md5\0"),
            error("28P01"),
        ],
        vec![tls.clone(), b"N".to_vec(), start],
        vec![tls.clone(), b"N".to_vec()],
        vec![tls, b"S".to_vec(), hello(), tls_alert()],
        vec![packet(80_877_104, b""), b"N".to_vec(), hello()],
        vec![packet(80_877_102, &[7; 8])],
        vec![
            replica.clone(),
            ready.clone(),
            identify.clone(),
            identity.clone(),
        ],
        vec![replica, ready, identify, identity, stream, error("42704")],
        vec![Vec::new(), [say(b'D', b"\0\0"), error("57P01")].concat()],
    ]
}

fn xmpp() -> Vec<Vec<Vec<u8>>> {
    let open = b"<?xml version='1.0'?><stream:stream xmlns='jabber:server' \
        xmlns:stream='http://etherx.jabber.org/streams' from='a' to='b' version='1.0'>";
    let end = |said: &[u8]| vec![open.to_vec(), open.to_vec(), Vec::new(), said.to_vec()];
    vec![
        end(
            b"<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
            <text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>no</text></stream:error>",
        ),
        end(b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>"),
        end(b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
        end(
            b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>\
            </stream:features><proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
        ),
    ]
}

fn sip_message(line: &str, method: &str) -> Vec<u8> {
    format!("{line}\r\ni: 7@a\r\nCSeq: 1 {method}\r\nContent-Length: 3\r\n\r\nv=0").into_bytes()
}

fn sip() -> Vec<Vec<u8>> {
    let answer = |line| sip_message(line, "INVITE");
    vec![
        sip_message("INVITE sip:b SIP/2.0", "INVITE"),
        [answer("SIP/2.0 100 Trying"), answer("SIP/2.0 503 No")].concat(),
        sip_message("ACK sip:b SIP/2.0", "ACK"),
    ]
}

fn short(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u16).to_be_bytes()[..], body].concat()
}

fn distribution() -> Vec<Vec<Vec<u8>>> {
    let name = short(b"N\0\0\0\x0d\x07\xdf\x7f\xbd\x6b\0\xab\xf6\0\x03a@b");
    let challenge = short(b"N\0\0\0\x0d\x07\xdf\x7f\xbdabcd\x6b\0\xab\xf6\0\x03c@d");
    let reply = short(b"rabcd0123456789abcdef");
    let old = short(b"n\0\x05\0\0\0\x01a@b");
    let welcome = [short(b"sok"), challenge].concat();
    vec![
        vec![
            name.clone(),
            welcome.clone(),
            reply.clone(),
            short(b"a0123456789abcdef"),
        ],
        vec![name.clone(), welcome, reply],
        vec![name, short(b"snot_allowed")],
        vec![
            old,
            short(b"salive"),
            short(b"strue"),
            short(b"n\0\x05\0\0\0\x01abcdc@d"),
        ],
    ]
}

fn port_mapper() -> Vec<Vec<Vec<u8>>> {
    let alive = short(b"x\x11\x14M\0\0\x06\0\x05\0\x01a\0\0");
    vec![
        vec![short(b"zclusterdb"), b"\x77\x01".to_vec()],
        vec![
            short(b"za"),
            b"\x77\0\x11\x14M\0\0\x06\0\x05\0\x01a\0\0".to_vec(),
        ],
        vec![alive.clone(), b"\x79\x01\0\x01".to_vec()],
        vec![alive, b"\x76\0\0\0\0\x01".to_vec()],
        vec![short(b"n"), b"\0\0\x11\x11name a at port 1\n".to_vec()],
    ]
}

/// A ClientHello without extensions.
fn hello() -> Vec<u8> {
    let body = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0xc0, 0x30, 1, 0]].concat();
    let message = [&[1, 0, 0, body.len() as u8][..], &body].concat();
    [&[22, 3, 1, 0, message.len() as u8][..], &message].concat()
}

fn tls_alert() -> Vec<u8> {
    vec![21, 3, 3, 0, 2, 2, 48]
}

/// Datagrams, as the target of that name reads them.
pub fn datagram_seeds() -> Vec<Vec<u8>> {
    let to = |how: u8, ports: u8, payload: &[u8]| [&[how, ports][..], payload].concat();
    let lrq = |how| to(how, 0, b"\x4a\x80\0\x07\0\0");
    let options = |how, line| to(how, 0x0a, &sip_message(line, "OPTIONS"));
    let scripts = [
        vec![lrq(0x08), lrq(0x28), lrq(0x28), lrq(0xf7)],
        vec![lrq(0x08), to(0x12, 0, b"\x4c\0\x07\0\0")],
        vec![lrq(0x08), to(0x12, 0, b"\x50\0\x07\0\0")],
        vec![lrq(0x08), to(0x12, 0, b"\x80\x05\0\0\x07\0\0")],
        vec![
            to(0x08, 0, b"\x85\x06\0\0\0\x07\0\0"),
            to(0x12, 0, b"\x86\x05\0\0\x07\0\0"),
        ],
        vec![
            options(0x08, "OPTIONS sip:b SIP/2.0"),
            options(0x12, "SIP/2.0 200 OK"),
        ],
    ];
    scripts
        .iter()
        .map(|script| script.join(SEPARATOR))
        .collect()
}
