//! XMPP streams in clear (RFC 6120; older stacks speak RFC 3920): how far they came, and the
//! errors that end them. The reader knows tags, attributes and text; entities are never expanded,
//! and nothing that is longer than a tag can be is held.

use super::Probe;
use super::flow::{Moment, Step};
use super::message::{Draft, Voices, shown, split};
use super::stream::{Ending, Note, Piece, StreamParser, StreamState};
use super::tls::Conversation;
use crate::model::flow::Direction;

const FORMAT: &str = "net.xmpp";
/// Ports of streams: clients, servers, and routers between nodes.
const PORTS: [u16; 3] = [5222, 5269, 7400];
/// Bytes of one tag or text that are looked at.
const TAG: usize = 8 << 10;
/// Characters of a name or text that are told.
const TEXT: usize = 200;
/// Errors of one connection that are told.
const ERRORS: usize = 8;
/// Namespace of conditions of stream errors.
const CONDITIONS: &[u8] = b"urn:ietf:params:xml:ns:xmpp-streams";
/// Namespace of STARTTLS.
const TLS: &[u8] = b"urn:ietf:params:xml:ns:xmpp-tls";
/// Namespace of SASL.
const SASL: &[u8] = b"urn:ietf:params:xml:ns:xmpp-sasl";
/// Namespace of the stream element.
const STREAMS: &[u8] = b"http://etherx.jabber.org/streams";

/// The parser.
#[derive(Debug)]
pub(super) struct Xmpp;

impl StreamParser for Xmpp {
    fn id(&self) -> &'static str {
        "xmpp"
    }

    fn probe(&self, first: &[u8], _from: Direction, port: u16) -> Probe {
        let first = first.trim_ascii_start();
        if !first.starts_with(b"<") {
            return Probe::NotForUs;
        }
        let is_stream = |tag: &[u8]| tag.starts_with(b"<stream:stream");
        let names = memchr::memmem::find(first, b"<stream:stream").is_some()
            || memchr::memmem::find(first, STREAMS).is_some();
        match first {
            first if is_stream(first) => Probe::Certain,
            first if first.starts_with(b"<?xml") && names => Probe::Certain,
            // the stream may come in the next segment
            first if first.starts_with(b"<?xml") && PORTS.contains(&port) => Probe::Unsure,
            _ => Probe::NotForUs,
        }
    }

    fn start(&self) -> Box<dyn StreamState> {
        Box::new(Talk::default())
    }
}

/// One piece of XML: a tag without its brackets, or the text between two.
#[derive(Debug, PartialEq, Eq)]
enum Token {
    Tag(Vec<u8>),
    Text(Vec<u8>),
}

/// One direction.
#[derive(Debug, Default)]
struct Side {
    held: Vec<u8>,
    /// Inside a tag, and in which quotes.
    tag: bool,
    quote: Option<u8>,
    /// Elements that are open, the stream among them.
    depth: u32,
    /// The prefix of the stream's own elements, with its colon.
    prefix: Vec<u8>,
    inside: Inside,
    /// Condition and text of an error that is not closed yet.
    condition: Option<String>,
    text: Option<String>,
    lost: bool,
}

/// The element that is being read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Inside {
    #[default]
    Nothing,
    /// A stream error; `true` inside its text.
    StreamError(bool),
    /// A failure of SASL.
    SaslFailure,
}

impl Side {
    /// Takes bytes off the front, up to the end of a token.
    fn token(&mut self, bytes: &mut &[u8]) -> Option<Token> {
        let end = |byte: &u8| match self.tag {
            true => self.quote == Some(*byte) || self.quote.is_none() && b">\"'".contains(byte),
            false => *byte == b'<',
        };
        let found = bytes.iter().position(end);
        let taken = split(bytes, found.unwrap_or(bytes.len()));
        self.held.extend_from_slice(taken);
        self.lost |= self.held.len() > TAG && self.tag;
        if self.lost {
            return None;
        }
        // long text is of no interest
        self.held.truncate(TAG);
        let byte = *split(bytes, usize::from(found.is_some())).first()?;
        match (self.tag, byte) {
            (true, b'>') => {
                self.tag = false;
                return Some(Token::Tag(std::mem::take(&mut self.held)));
            }
            (true, quote) => {
                self.held.push(quote);
                self.quote = self.quote.is_none().then_some(quote);
            }
            (false, _) => {
                self.tag = true;
                let text = std::mem::take(&mut self.held);
                return (!text.is_empty()).then_some(Token::Text(text));
            }
        }
        None
    }

    /// True for an element of the stream itself, such as `stream:error`.
    fn is_own(&self, name: &[u8], local: &[u8]) -> bool {
        name.strip_prefix(self.prefix.as_slice()) == Some(local)
    }
}

/// Name of a tag.
fn name(tag: &[u8]) -> &[u8] {
    let end = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'/';
    let length = tag.iter().position(end).unwrap_or(tag.len());
    tag.get(..length).unwrap_or_default()
}

/// Value of an attribute as it is written.
fn attribute<'t>(tag: &'t [u8], wanted: &[u8]) -> Option<&'t [u8]> {
    let mut rest = tag.get(name(tag).len()..)?;
    loop {
        rest = rest.trim_ascii_start();
        let equals = rest.iter().position(|byte| *byte == b'=')?;
        let (key, behind) = rest.split_at_checked(equals)?;
        let behind = behind.get(1..)?.trim_ascii_start();
        let (quote, behind) = behind.split_first()?;
        let length = behind.iter().position(|byte| byte == quote)?;
        let value = behind.get(..length)?;
        if key.trim_ascii() == wanted {
            return Some(value);
        }
        rest = behind.get(length + 1..)?;
    }
}

/// A conversation.
#[derive(Debug, Default)]
struct Talk {
    sides: [Side; 2],
    voices: Voices,
    errors: usize,
    /// What follows STARTTLS.
    tls: Option<Box<Conversation>>,
}

impl StreamState for Talk {
    fn feed(&mut self, piece: Piece<'_>, notes: &mut Vec<Note>) {
        self.voices.hear(piece.from);
        let mut bytes = piece.bytes;
        while !bytes.is_empty() {
            if let Some(tls) = &mut self.tls {
                tls.feed(Piece { bytes, ..piece }, notes);
                return;
            }
            let Some(side) = self.side(piece.from).filter(|side| !side.lost) else {
                return;
            };
            match side.token(&mut bytes) {
                Some(Token::Tag(tag)) => self.tag(&tag, &piece, notes),
                Some(Token::Text(text)) => {
                    let text = text.trim_ascii();
                    let wanted = matches!(side.inside, Inside::StreamError(_));
                    if wanted && !text.is_empty() && side.text.is_none() {
                        side.text = Some(shown(text, TEXT));
                    }
                }
                None => {}
            }
        }
    }

    fn gap(&mut self, from: Direction, length: u64, moment: Moment) {
        if let Some(tls) = &mut self.tls {
            tls.gap(from, length, moment);
        } else if let Some(side) = self.side(from) {
            side.lost = true;
        }
    }

    fn end(&mut self, ending: &Ending, notes: &mut Vec<Note>) {
        self.voices.tell(ending.routine, notes);
        if let Some(tls) = &mut self.tls {
            tls.end(ending, notes);
        }
    }

    fn wants_more(&self) -> bool {
        match &self.tls {
            Some(tls) => tls.wants_more(),
            None => !self.sides.iter().all(|side| side.lost),
        }
    }

    fn step(&self) -> Step {
        match &self.tls {
            Some(tls) => tls.step(),
            None => self.voices.step(),
        }
    }
}

impl Talk {
    fn side(&mut self, from: Direction) -> Option<&mut Side> {
        self.sides
            .get_mut(usize::from(from == Direction::FromResponder))
    }

    fn tag(&mut self, tag: &[u8], piece: &Piece<'_>, notes: &mut Vec<Note>) {
        let Some(side) = self.side(piece.from) else {
            return;
        };
        if tag.starts_with(b"?") || tag.starts_with(b"!") {
            return;
        }
        if let Some(closed) = tag.strip_prefix(b"/") {
            side.depth = side.depth.saturating_sub(1);
            let closed = name(closed);
            match side.inside {
                Inside::StreamError(_) if side.is_own(closed, b"error") => {
                    self.stream_error(piece, notes);
                }
                Inside::StreamError(_) => side.inside = Inside::StreamError(false),
                Inside::SaslFailure if closed == b"failure" => self.sasl_failure(piece, notes),
                _ => {}
            }
            return;
        }
        let empty = tag.ends_with(b"/");
        let depth = side.depth;
        side.depth = depth.saturating_add(u32::from(!empty));
        let name = name(tag);
        if name == b"stream" || name.ends_with(b":stream") {
            side.depth = 1;
            let prefix = name.len() - b"stream".len();
            side.prefix = name.get(..prefix).unwrap_or_default().to_vec();
            self.stream(tag, piece);
        } else if depth <= 1 {
            self.stanza(tag, empty, piece, notes);
        } else if depth == 2 {
            child(side, tag, empty);
        }
    }

    /// A stream begins.
    fn stream(&mut self, tag: &[u8], piece: &Piece<'_>) {
        let value = |key: &[u8]| attribute(tag, key).map(|value| shown(value, TEXT));
        let (from, to) = (value(b"from"), value(b"to"));
        let text = format!(
            "stream from \"{}\" to \"{}\"",
            from.as_deref().unwrap_or_default(),
            to.as_deref().unwrap_or_default()
        );
        let draft = draft("stream", piece, text)
            .with_some("from", from)
            .with_some("to", to);
        self.voices.keep(draft);
    }

    /// A child of the stream.
    fn stanza(&mut self, tag: &[u8], empty: bool, piece: &Piece<'_>, notes: &mut Vec<Note>) {
        let Some(side) = self.side(piece.from) else {
            return;
        };
        let (name, namespace) = (name(tag), attribute(tag, b"xmlns"));
        if side.is_own(name, b"error") {
            (side.condition, side.text) = (None, None);
            side.inside = Inside::StreamError(false);
            if empty {
                self.stream_error(piece, notes);
            }
        } else if name == b"proceed" && namespace == Some(TLS) {
            self.tls = Some(Box::new(Conversation::new("xmpp")));
        } else if name == b"failure" && namespace == Some(TLS) {
            let text = "STARTTLS was refused".to_owned();
            notes.push(draft("tls-refused", piece, text).note());
        } else if name == b"failure" && namespace == Some(SASL) {
            side.condition = None;
            side.inside = Inside::SaslFailure;
            if empty {
                self.sasl_failure(piece, notes);
            }
        }
    }

    fn stream_error(&mut self, piece: &Piece<'_>, notes: &mut Vec<Note>) {
        let Some((condition, said)) = self.closed(piece.from) else {
            return;
        };
        let text = format!(
            "stream error {}{}",
            condition.as_deref().unwrap_or("without a condition"),
            said.as_deref()
                .map_or(String::new(), |said| format!(": \"{said}\""))
        );
        let draft = draft("stream-error", piece, text)
            .with_some("condition", condition)
            .with_some("text", said);
        notes.push(draft.note());
    }

    fn sasl_failure(&mut self, piece: &Piece<'_>, notes: &mut Vec<Note>) {
        let Some((condition, _)) = self.closed(piece.from) else {
            return;
        };
        let why = condition.as_deref().unwrap_or("without a condition");
        let text = format!("authentication failed: {why}");
        let draft = draft("sasl-failure", piece, text).with_some("condition", condition);
        notes.push(draft.note());
    }

    /// What an error said that is closed now; `None` when enough of them were told.
    fn closed(&mut self, from: Direction) -> Option<(Option<String>, Option<String>)> {
        self.errors += 1;
        let told = self.errors <= ERRORS;
        let side = self.side(from)?;
        side.inside = Inside::Nothing;
        let said = (side.condition.take(), side.text.take());
        told.then_some(said)
    }
}

/// An element inside a child of the stream: the condition of an error, or its text.
fn child(side: &mut Side, tag: &[u8], empty: bool) {
    let name = name(tag);
    let namespace = attribute(tag, b"xmlns");
    match side.inside {
        Inside::StreamError(_) if name == b"text" => side.inside = Inside::StreamError(!empty),
        Inside::StreamError(_) if namespace == Some(CONDITIONS) => {
            let known = side.condition.take();
            side.condition = known.or_else(|| Some(shown(name, TEXT)));
        }
        Inside::SaslFailure if name != b"text" => {
            let known = side.condition.take();
            side.condition = known.or_else(|| Some(shown(name, TEXT)));
        }
        _ => {}
    }
}

fn draft(kind: &'static str, piece: &Piece<'_>, text: String) -> Draft {
    Draft::new(FORMAT, piece.moment, text)
        .with("kind", kind)
        .with("sender", piece.from.sender())
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::wire_tests::{CLIENT, SERVER, Script, closed, field, kinds, play};
    use super::*;

    fn open_stream(from: &str) -> Vec<u8> {
        format!(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:server' \
             xmlns:stream=\"http://etherx.jabber.org/streams\" from='{from}' to = \"b>c.example\" \
             version='1.0'>"
        )
        .into_bytes()
    }

    pub(in super::super) fn host_unknown() -> Script {
        vec![
            (CLIENT, open_stream("a.example")),
            (SERVER, open_stream("b.example")),
            (
                CLIENT,
                b" <iq type='get'><error><gone/></error></iq>\n".to_vec(),
            ),
            (
                SERVER,
                b"<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
                  <text xmlns='urn:ietf:params:xml:ns:xmpp-streams' xml:lang='en'>no &such; \
                  host</text></stream:error></stream:stream>"
                    .to_vec(),
            ),
        ]
    }

    fn told(script: &Script) -> Vec<Note> {
        play(&Xmpp, script, &closed(script, CLIENT), usize::MAX)
    }

    fn with(last: (Direction, &[u8])) -> Vec<Note> {
        let mut script = host_unknown();
        script.truncate(2);
        script.push((last.0, last.1.to_vec()));
        let mut notes = told(&script);
        notes.retain(|note| field(note, "kind") != Some("stream"));
        notes
    }

    #[test]
    fn a_stream_error_is_told_with_its_sender() {
        let notes = told(&host_unknown());
        assert_eq!(
            kinds(&notes),
            [("stream-error", 4), ("stream", 1), ("stream", 2)]
        );
        assert_eq!(field(&notes[0], "condition"), Some("host-unknown"));
        assert_eq!(field(&notes[0], "text"), Some("no &such; host"));
        assert_eq!(field(&notes[0], "sender"), Some("responder"));
        assert_eq!(field(&notes[1], "from"), Some("a.example"));
        assert_eq!(field(&notes[1], "to"), Some("b>c.example"));
    }

    #[test]
    fn errors_of_older_stacks_and_of_none() {
        let old = b"<stream:error>Disconnected</stream:error>";
        let notes = with((CLIENT, old));
        assert_eq!(field(&notes[0], "condition"), None);
        assert_eq!(field(&notes[0], "text"), Some("Disconnected"));
        assert_eq!(field(&notes[0], "sender"), Some("originator"));
        let name = b"<stream:error><xml-not-well-formed \
            xmlns='urn:ietf:params:xml:ns:xmpp-streams'></xml-not-well-formed></stream:error>";
        let notes = with((SERVER, name));
        assert_eq!(field(&notes[0], "condition"), Some("xml-not-well-formed"));
        assert_eq!(
            kinds(&with((SERVER, b"<stream:error/>"))),
            [("stream-error", 3)]
        );
        // errors of stanzas are none of the stream
        let stanza = b"<iq type='error'><error><not-authorized \
            xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></error></iq><error/>";
        assert_eq!(with((SERVER, stanza)), []);
    }

    #[test]
    fn starttls_and_authentication() {
        let refused = b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
        assert_eq!(kinds(&with((SERVER, refused))), [("tls-refused", 3)]);
        let failed = b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
            <not-authorized/><text>no</text></failure>";
        let notes = with((SERVER, failed));
        assert_eq!(kinds(&notes), [("sasl-failure", 3)]);
        assert_eq!(field(&notes[0], "condition"), Some("not-authorized"));
    }

    #[test]
    fn what_is_too_long_is_left_alone() {
        let long = [&b"<message a='"[..], &[b'x'; 20_000], b"'/><stream:error/>"].concat();
        assert_eq!(with((SERVER, &long)), []);
        // text may be long
        let long = [&b"<m>"[..], &[b'x'; 20_000], b"</m><stream:error/>"].concat();
        assert_eq!(kinds(&with((SERVER, &long))), [("stream-error", 3)]);
    }
}
