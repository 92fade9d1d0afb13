//! PostgreSQL's protocol, version 3 (PostgreSQL manual, "Frontend/Backend Protocol"): who asks for
//! what, and how the server refuses it. Types of messages differ by direction, and the first
//! packet of a client has none. Errors are told by their SQLSTATE, as their text is localised.

mod message;
mod narrate;
#[cfg(test)]
pub(super) mod tests;

use self::message::{Command, ErrorReport, Startup};
use super::Probe;
use super::flow::{Moment, Step};
use super::message::{Cut, Cutter, Draft, Voices, be32, split};
use super::stream::{Ending, Narration, Note, Piece, StreamParser, StreamState};
use super::tls::{Conversation, Tls};
use crate::model::flow::Direction;

/// The port that PostgreSQL listens on unless told otherwise.
const PORT: u16 = 5432;
/// Errors of one connection that are told.
const ERRORS: usize = 32;
const FORMAT: &str = "net.pg";
/// Its name where it is spoken before TLS, or in its hello.
const NAME: &str = "postgresql";
/// Least bytes of a TLS record that can hold an ErrorResponse: severity twice, code, text, file,
/// line and function, and what TLS adds. Requests for credentials and alerts are shorter.
const REFUSAL: usize = 90;
/// Least bytes of one that can hold what an accepted session begins with: a dozen parameters.
const WELCOME: usize = 300;

/// The parser.
#[derive(Debug)]
pub(super) struct PgWire;

impl StreamParser for PgWire {
    fn id(&self) -> &'static str {
        NAME
    }

    fn probe(&self, first: &[u8], from: Direction, port: u16) -> Probe {
        let opening = message::opening_length(first).is_some();
        let client = from == Direction::FromOriginator;
        if (client && opening) || message::is_server(first) {
            return Probe::Certain;
        }
        if client && Tls.probe(first, from, port) == Probe::Certain && is_direct(first, port) {
            return Probe::Certain;
        }
        if port == PORT && message::is_chain(first, from) {
            return Probe::Unsure;
        }
        Probe::NotForUs
    }

    fn start(&self) -> Box<dyn StreamState> {
        Box::new(Talk::default())
    }
}

/// True for a hello of TLS with which PostgreSQL begins at once (since version 17): it names the
/// protocol (ALPN), or is sent to PostgreSQL's port.
fn is_direct(hello: &[u8], port: u16) -> bool {
    port == PORT || memchr::memmem::find(hello, b"\x0apostgresql").is_some()
}

/// How far the conversation is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// The client's packet without a type comes next.
    #[default]
    Opening,
    /// The client asked for TLS; one byte answers.
    TlsAsked,
    /// The client asked for GSSAPI encryption; one byte answers.
    GssAsked,
    /// TLS was refused, and the client has said nothing since.
    TlsRefused(Moment),
    /// The session is asked for.
    Startup,
    /// The server wants credentials.
    Authentication,
    /// The server waits for queries.
    Ready,
    /// What follows is TLS.
    Tls,
    /// What follows is encrypted otherwise, or of no interest.
    Over,
}

/// What the server told about itself.
#[derive(Debug, Default)]
struct Server {
    version: Option<String>,
    standby: Option<String>,
    read_only: bool,
}

/// The commands of a replication session.
#[derive(Debug, Default)]
struct Replication {
    /// The one that is not answered yet.
    running: Option<Command>,
    /// The last one: what a stream of data or an error behind it belongs to.
    latest: Option<Command>,
    /// Timeline and other columns that answer IDENTIFY_SYSTEM.
    identity: Vec<String>,
    /// IDENTIFY_SYSTEM was answered.
    identified: bool,
    /// The replica went on with what it came for.
    went_on: bool,
}

/// A conversation.
#[derive(Debug, Default)]
struct Talk {
    phase: Phase,
    tls: Option<Box<Conversation>>,
    client: Cutter,
    server: Cutter,
    /// Nobody can tell where messages of the client or the server begin.
    lost: [bool; 2],
    voices: Voices,
    startup: Option<Startup>,
    about: Server,
    replication: Replication,
    /// A query was sent.
    queried: bool,
    ready: bool,
    /// The client said that it leaves.
    terminated: Option<Moment>,
    /// A message of which only the beginning was captured has come to its end.
    torn: Option<(Direction, Moment)>,
    errors: usize,
    narration: Narration,
}

impl StreamState for Talk {
    fn feed(&mut self, piece: Piece<'_>, notes: &mut Vec<Note>) {
        self.hear_torn(notes);
        self.voices.hear(piece.from);
        let mut bytes = piece.bytes;
        while !bytes.is_empty() && self.phase != Phase::Over {
            let server = piece.from == Direction::FromResponder;
            if self.phase == Phase::Tls {
                self.tls().feed(Piece { bytes, ..piece }, notes);
                break;
            }
            if self.is_lost(piece.from) {
                for report in message::certain_errors(bytes) {
                    self.error(&report, None, piece.moment, notes);
                }
                break;
            }
            match server {
                true => self.hear_server(&mut bytes, piece.moment, notes),
                false => self.hear_client(&mut bytes, piece.moment),
            }
        }
    }

    fn gap(&mut self, from: Direction, length: u64, moment: Moment) {
        if self.phase == Phase::Tls {
            self.tls().gap(from, length, moment);
            return;
        }
        let cutter = match from {
            Direction::FromOriginator => &mut self.client,
            Direction::FromResponder => &mut self.server,
        };
        if !cutter.skip(length) {
            self.lose(from);
        } else if cutter.is_whole() {
            self.torn = Some((from, moment));
        }
    }

    fn end(&mut self, ending: &Ending, notes: &mut Vec<Note>) {
        self.hear_torn(notes);
        self.voices.tell(ending.routine, notes);
        if let Some(mut tls) = self.tls.take() {
            let rejected = rejected(&tls, ending);
            tls.end(ending, notes);
            notes.extend(rejected);
            return;
        }
        let left = |what: Option<(Direction, Moment)>| {
            what.filter(|(by, _)| *by == Direction::FromOriginator)
                .map(|(_, moment)| moment)
        };
        let left = left(ending.fin).or_else(|| left(ending.reset));
        if self.lost.contains(&true) {
            return;
        }
        if let (Phase::TlsRefused(moment), Some(_)) = (self.phase, left) {
            let text = "TLS was asked for and refused (N), and the client left".to_owned();
            notes.push(draft("tls-refused", moment, text).note());
        }
        if let Some(moment) = self.terminated.or(left) {
            self.timeline(moment, notes);
        }
    }

    fn wants_more(&self) -> bool {
        let tls = self.tls.as_ref().is_none_or(|tls| tls.wants_more());
        tls && self.phase != Phase::Over
    }

    fn step(&self) -> Step {
        match &self.tls {
            Some(tls) => tls.step(),
            None => self.voices.step(),
        }
    }

    fn narrate(&mut self) {
        self.narration.begin();
    }

    fn narration(&mut self) -> Vec<String> {
        let mut told = self.narration.take();
        told.extend(self.tls.iter_mut().flat_map(|tls| tls.narration()));
        told
    }
}

impl Talk {
    /// Takes what is known of a message whose end was not captured.
    fn hear_torn(&mut self, notes: &mut Vec<Note>) {
        let Some((from, moment)) = self.torn.take() else {
            return;
        };
        if self.phase == Phase::Tls || self.phase == Phase::Over || self.is_lost(from) {
            return;
        }
        match from {
            Direction::FromResponder => self.hear_server(&mut &[][..], moment, notes),
            Direction::FromOriginator => self.hear_client(&mut &[][..], moment),
        }
    }

    fn tls(&mut self) -> &mut Conversation {
        let wanted = self.narration.is_wanted();
        self.tls.get_or_insert_with(|| {
            let mut tls = Box::new(Conversation::new(NAME));
            if wanted {
                tls.narrate();
            }
            tls
        })
    }

    fn is_lost(&self, from: Direction) -> bool {
        let place = usize::from(from == Direction::FromResponder);
        self.lost.get(place).copied().unwrap_or(true)
    }

    fn lose(&mut self, from: Direction) {
        let place = usize::from(from == Direction::FromResponder);
        if let Some(lost) = self.lost.get_mut(place) {
            *lost = true;
        }
    }

    /// Takes one packet or message of the client off the front.
    fn hear_client(&mut self, bytes: &mut &[u8], moment: Moment) {
        // a hello of TLS: at once, or the server's consent was not captured
        let waits = matches!(self.phase, Phase::Opening | Phase::TlsAsked);
        if waits && bytes.starts_with(b"\x16") && !self.client.is_amid() {
            self.phase = Phase::Tls;
            return;
        }
        let opens = matches!(
            self.phase,
            Phase::Opening | Phase::TlsAsked | Phase::GssAsked | Phase::TlsRefused(_)
        );
        let cut = match opens {
            true => self.client.cut(bytes, 8, message::opening_length),
            false => self
                .client
                .cut(bytes, 5, |header| message::length(false, header)),
        };
        match cut {
            Cut::More => {}
            Cut::Foreign => {
                self.lose(Direction::FromOriginator);
                *bytes = &[];
            }
            Cut::Message(packet) if opens => self.opened(&packet, moment),
            Cut::Message(message) => self.asked(&message, moment),
        }
    }

    /// A packet without a type.
    fn opened(&mut self, packet: &[u8], moment: Moment) {
        self.narration.say(|| narrate::opening(packet));
        self.phase = match be32(packet, 4).unwrap_or(0) {
            message::TLS_REQUEST => Phase::TlsAsked,
            message::GSS_REQUEST => Phase::GssAsked,
            message::CANCEL_REQUEST => Phase::Over,
            _ => {
                let startup = Startup::read(packet);
                let of = |value: &Option<String>| value.clone().unwrap_or_default();
                let text = format!(
                    "asks for a session as user \"{}\" with database \"{}\"{}",
                    of(&startup.user),
                    of(&startup.database),
                    if startup.replication.is_some() {
                        " to replicate"
                    } else {
                        ""
                    }
                );
                self.startup = Some(startup);
                let draft = self.with_startup(draft("startup", moment, text));
                self.voices.keep(draft);
                Phase::Startup
            }
        };
    }

    /// A message of the client.
    fn asked(&mut self, message: &[u8], moment: Moment) {
        let body = message.get(5..).unwrap_or_default();
        narrate::client(message, &mut self.narration);
        match message.first() {
            Some(b'Q') => {
                self.queried = true;
                if self.replicates().is_some() {
                    self.commanded(Command::read(body), moment);
                }
            }
            Some(b'P' | b'B' | b'E' | b'F') => {
                self.queried = true;
                self.replication.went_on = true;
            }
            Some(b'X') => self.terminated = self.terminated.or(Some(moment)),
            _ => {}
        }
    }

    fn replicates(&self) -> Option<&'static str> {
        self.startup.as_ref()?.replication
    }

    fn commanded(&mut self, command: Option<Command>, moment: Moment) {
        let asks = |command: &Command| matches!(command.name, "IDENTIFY_SYSTEM" | "SHOW");
        self.replication.went_on |= !command.as_ref().is_some_and(asks);
        self.replication.running.clone_from(&command);
        self.replication.latest.clone_from(&command);
        if let Some(command) = command {
            let slot = command.slot.as_deref();
            let slot = slot.map_or(String::new(), |slot| format!(" with slot \"{slot}\""));
            let text = format!("asks for {}{slot}", command.name);
            let draft = self.with_startup(draft("command", moment, text));
            let draft = draft
                .with("command", command.name)
                .with_some("slot", command.slot);
            self.voices.keep(draft);
        }
    }

    /// Takes an answer of one byte or a message of the server off the front.
    fn hear_server(&mut self, bytes: &mut &[u8], moment: Moment, notes: &mut Vec<Note>) {
        let asked = matches!(self.phase, Phase::TlsAsked | Phase::GssAsked);
        if asked && bytes.first() != Some(&b'E') {
            self.answered(bytes, moment);
            return;
        }
        if matches!(self.phase, Phase::Opening | Phase::TlsRefused(_)) {
            // the client's words were not captured
            self.lose(Direction::FromResponder);
            return;
        }
        let length = |header: &[u8]| message::length(true, header);
        match self.server.cut(bytes, 5, length) {
            Cut::More => {}
            Cut::Foreign => {
                self.lose(Direction::FromResponder);
                *bytes = &[];
            }
            Cut::Message(message) => self.said(&message, moment, notes),
        }
    }

    /// The byte that answers a wish for encryption.
    fn answered(&mut self, bytes: &mut &[u8], moment: Moment) {
        let answer = split(bytes, 1);
        self.narration.say(|| narrate::answer(answer));
        self.phase = match (self.phase, answer) {
            (Phase::TlsAsked, b"S") => Phase::Tls,
            (Phase::GssAsked, b"G") => Phase::Over,
            (Phase::TlsAsked, b"N") => Phase::TlsRefused(moment),
            (Phase::GssAsked, b"N") => Phase::Opening,
            (phase, _) => {
                self.lose(Direction::FromResponder);
                phase
            }
        };
    }

    /// A message of the server.
    fn said(&mut self, message: &[u8], moment: Moment, notes: &mut Vec<Note>) {
        let body = message.get(5..).unwrap_or_default();
        narrate::server(message, &mut self.narration);
        match message.first() {
            Some(b'R') if self.phase == Phase::Startup && be32(body, 0) != Some(0) => {
                self.phase = Phase::Authentication;
            }
            Some(b'R') if self.phase == Phase::Authentication && be32(body, 0) == Some(0) => {
                self.phase = Phase::Startup;
            }
            Some(b'S') => self.told(body),
            Some(b'Z') => self.waits(moment, notes),
            Some(b'D') if self.identifies() => self.replication.identity = message::columns(body),
            Some(b'C') if self.identifies() => self.replication.identified = true,
            Some(b'E') => {
                if let Some(report) = ErrorReport::read(body) {
                    let step = self.place();
                    self.error(&report, Some(step), moment, notes);
                }
                self.replication.running = None;
            }
            _ => {}
        }
    }

    fn identifies(&self) -> bool {
        let running = self.replication.running.as_ref();
        running.is_some_and(|command| command.name == "IDENTIFY_SYSTEM")
    }

    /// A parameter of the server.
    fn told(&mut self, body: &[u8]) {
        let Some((name, value)) = message::parameter(body) else {
            return;
        };
        match name {
            b"server_version" => self.about.version = Some(value),
            b"in_hot_standby" => self.about.standby = Some(value),
            b"default_transaction_read_only" => self.about.read_only = value == "on",
            _ => {}
        }
    }

    /// The server waits for a query.
    fn waits(&mut self, moment: Moment, notes: &mut Vec<Note>) {
        self.phase = Phase::Ready;
        self.replication.running = None;
        if std::mem::replace(&mut self.ready, true) {
            return;
        }
        let version = self.about.version.as_deref().unwrap_or("unknown");
        let draft_of = |kind, text| {
            self.with_startup(draft(kind, moment, text))
                .with_some("server_version", self.about.version.clone())
                .with_some("in_hot_standby", self.about.standby.clone())
        };
        let ready = draft_of("ready", format!("the server (version {version}) is ready"));
        let standby = self.about.standby.as_deref() == Some("on");
        if (standby || self.about.read_only) && self.replicates().is_none() {
            let why = if standby {
                "it is a standby"
            } else {
                "by its settings"
            };
            let text = format!("the server takes no changes: {why}");
            notes.push(draft_of("read-only", text).note());
        }
        self.voices.keep(ready);
    }

    /// Where in the conversation an error comes.
    fn place(&self) -> &'static str {
        match self.phase {
            Phase::Authentication => "authentication",
            Phase::Ready if self.replicates().is_some() && self.queried => "replication",
            Phase::Ready if self.queried => "query",
            Phase::Ready => "ready",
            _ => "startup",
        }
    }

    fn error(
        &mut self,
        report: &ErrorReport,
        step: Option<&'static str>,
        moment: Moment,
        notes: &mut Vec<Note>,
    ) {
        self.errors += 1;
        if self.errors > ERRORS {
            return;
        }
        let place = step.map_or(String::new(), |step| format!(" at {step}"));
        let text = format!(
            "error {}{place}: \"{}\"",
            report.sqlstate.as_deref().unwrap_or("without a code"),
            report.message.as_deref().unwrap_or_default()
        );
        let command = self.replication.latest.as_ref();
        let command = command.filter(|_| step == Some("replication"));
        let draft = self
            .with_startup(draft("error", moment, text))
            .with_some("severity", report.severity.clone())
            .with_some("sqlstate", report.sqlstate.clone())
            .with_some("message", report.message.clone())
            .with_some("detail", report.detail.clone())
            .with_some("routine", report.routine.clone())
            .with_some("step", step)
            .with_some("command", command.map(|command| command.name))
            .with_some("slot", command.and_then(|command| command.slot.clone()));
        notes.push(draft.note());
    }

    /// A replica that asked who the server is, and left when it knew.
    fn timeline(&self, moment: Moment, notes: &mut Vec<Note>) {
        let replication = &self.replication;
        if !replication.identified || replication.went_on || self.errors > 0 {
            return;
        }
        let said = match replication.identity.as_slice() {
            [system, timeline, ..] => format!(" (timeline {timeline} of system {system})"),
            _ => String::new(),
        };
        let text = format!("the replica left when the server had said who it is{said}");
        let draft = self.with_startup(draft("timeline-left", moment, text));
        notes.push(draft.with("command", "IDENTIFY_SYSTEM").note());
    }

    /// Adds what the client asked for.
    fn with_startup(&self, draft: Draft) -> Draft {
        let Some(startup) = &self.startup else {
            return draft;
        };
        draft
            .with_some("user", startup.user.clone())
            .with_some("database", startup.database.clone())
            .with_some("application", startup.application.clone())
            .with_some("replication", startup.replication)
    }
}

/// A server that took TLS, and refused inside it: its only word was as long as an error can be,
/// and then one of them closed. Where that was the client, the word must be too short for a session
/// that was accepted and of no use.
fn rejected(tls: &Conversation, ending: &Ending) -> Option<Note> {
    let facts = tls.facts(ending);
    let (bytes, moment) = facts.short_answer?;
    let spoke = facts.completed && facts.originator.records > 0;
    let sure = spoke && !facts.partial && !facts.alert && !facts.like_alert && bytes >= REFUSAL;
    let (closed, fits) = match facts.closed_by {
        Some(Direction::FromResponder) => ("closed", true),
        _ => ("the client left", bytes < WELCOME),
    };
    if !sure || !fits {
        return None;
    }
    let text = format!("inside TLS the server answered with {bytes} bytes, and {closed}");
    let draft = draft("rejected-inside-tls", moment, text)
        .with("record_bytes", bytes.to_string())
        .with_some("tls_version", facts.version)
        .with_some("client_cn", facts.client_cn);
    Some(draft.note())
}

fn draft(kind: &'static str, moment: Moment, text: String) -> Draft {
    Draft::new(FORMAT, moment, text).with("kind", kind)
}
