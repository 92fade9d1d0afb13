//! The record layer (RFC 8446 5.1, RFC 5246 6.2) of one direction: bytes in any pieces to messages.
//!
//! Records may be cut anywhere, a message may go over several records and a record may hold
//! several messages. Only what is needed is kept: handshake messages until they are whole, and of
//! alerts their two bytes. What is encrypted is only measured.

/// Longest message of a handshake that is put together.
pub(super) const MAX_MESSAGE: usize = 64 << 10;
/// Most bytes of a record: 2^14 and what old ciphers add (RFC 5246 6.2.3).
const MAX_RECORD: usize = (1 << 14) + 2048;
/// Bytes of a record's header.
pub(super) const HEADER: usize = 5;

/// Kinds of records.
const CHANGE_CIPHER_SPEC: u8 = 20;
/// An alert.
pub(super) const ALERT: u8 = 21;
/// Messages of the handshake.
pub(super) const HANDSHAKE: u8 = 22;
/// Application data; in TLS 1.3 everything that is encrypted.
pub(super) const APPLICATION_DATA: u8 = 23;
/// A sign of life (RFC 6520).
pub(super) const HEARTBEAT: u8 = 24;
/// Not a kind of the protocol: a client hello in the form of SSL 2.0 (RFC 5246 E.2).
pub(super) const OLD_HELLO: u8 = 0x80;

/// What a direction says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item<'b> {
    /// A message of the handshake in clear: its type and its body; type [`OLD_HELLO`] is a client
    /// hello of SSL 2.0.
    Message(u8, &'b [u8]),
    /// An alert in clear: level and description.
    Alert(u8, u8),
    /// From now on the sender encrypts, or says so for old boxes on the way (TLS 1.3).
    ChangeCipherSpec,
    /// An encrypted record: its kind, and its bytes without the header.
    Sealed(u8, usize),
    /// Something is missing, or cannot be read.
    Lost,
    /// The very first bytes are no TLS.
    Foreign,
}

/// Who listens to a direction.
pub(super) trait Listener {
    /// True when handshake records that begin now are encrypted.
    fn sealed(&self) -> bool;
    /// One thing was said.
    fn take(&mut self, item: Item<'_>);
}

/// What stands at the beginning of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The kind.
    pub(super) kind: u8,
    /// Bytes behind the header.
    pub(super) length: usize,
}

impl Header {
    /// The header at the beginning of these bytes, if one can stand there.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let [kind, major, minor, high, low, ..] = *bytes else {
            return None;
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let known = (CHANGE_CIPHER_SPEC..=HEARTBEAT).contains(&kind);
        let version = major == 3 && minor <= 4;
        (known && version && length <= MAX_RECORD).then_some(Self { kind, length })
    }

    /// The header of a client hello in the form of SSL 2.0 that offers SSL 3.0 or better: two
    /// bytes of length, then the message, of which three are among these.
    fn read_old(bytes: &[u8]) -> Option<Self> {
        let [high, low, 1, 3, _, ..] = *bytes else {
            return None;
        };
        let length = usize::from(u16::from_be_bytes([high & 0x7f, low]));
        // type, version and three lengths
        let plausible = high & 0x80 != 0 && (9..=MAX_RECORD).contains(&length);
        plausible.then_some(Self {
            kind: OLD_HELLO,
            length,
        })
    }
}

/// True when bytes could be the beginning of a client hello in the form of SSL 2.0.
pub(super) fn is_old_hello(bytes: &[u8]) -> bool {
    Header::read_old(bytes).is_some()
}

/// Where a direction stands.
#[derive(Debug, Default)]
enum Place {
    /// Before a record.
    #[default]
    Header,
    /// Inside a record, of which so many bytes are to come.
    Inside {
        header: Header,
        left: usize,
        sealed: bool,
        damaged: bool,
    },
    /// Bytes are missing: nobody knows where the next record begins.
    Lost,
    /// What was said is no TLS.
    Deaf,
}

/// Puts the records of one direction together.
#[derive(Debug, Default)]
pub(super) struct Reader {
    place: Place,
    /// The beginning of a header, or of a short record.
    held: Vec<u8>,
    /// A record was read.
    begun: bool,
    messages: Messages,
}

impl Reader {
    /// More bytes.
    pub(super) fn feed(&mut self, mut bytes: &[u8], to: &mut dyn Listener) {
        if matches!(self.place, Place::Lost) {
            // only where a segment begins a record may begin that can be recognised
            if Header::read(bytes).is_none() {
                return;
            }
            self.place = Place::Header;
        }
        while !bytes.is_empty() {
            bytes = match self.place {
                Place::Header => self.header(bytes, to),
                Place::Inside { .. } => self.inside(bytes, to),
                Place::Lost | Place::Deaf => return,
            };
        }
    }

    /// So many bytes are missing; false when nothing is lost by it.
    pub(super) fn gap(&mut self, length: u64, to: &mut dyn Listener) -> bool {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if let Place::Inside {
            header,
            left,
            sealed,
            damaged,
        } = &mut self.place
            && *left >= length
        {
            let kept = *sealed || header.kind == APPLICATION_DATA;
            *left -= length;
            *damaged |= !kept;
            if !kept {
                self.messages.lose();
            }
            if *left == 0 {
                self.close(to);
            }
            return !kept;
        }
        if !matches!(self.place, Place::Deaf) {
            self.place = Place::Lost;
        }
        self.begun = true;
        self.held.clear();
        self.messages.lose();
        true
    }

    fn header<'b>(&mut self, bytes: &'b [u8], to: &mut dyn Listener) -> &'b [u8] {
        let missing = HEADER.saturating_sub(self.held.len());
        let (head, rest) = bytes.split_at(missing.min(bytes.len()));
        self.held.extend_from_slice(head);
        if self.held.len() < HEADER {
            return rest;
        }
        let old = || Header::read_old(&self.held).filter(|_| !self.begun);
        let Some(header) = Header::read(&self.held).or_else(old) else {
            self.place = Place::Deaf;
            self.held = Vec::new();
            self.messages.lose();
            to.take(match self.begun {
                true => Item::Lost,
                false => Item::Foreign,
            });
            return &[];
        };
        self.begun = true;
        let mut left = header.length;
        if header.kind == OLD_HELLO {
            self.held.drain(..2);
            left = left.saturating_sub(HEADER - 2);
        } else {
            self.held.clear();
        }
        let sealed = header.kind == HANDSHAKE && to.sealed();
        self.place = Place::Inside {
            header,
            left,
            sealed,
            damaged: false,
        };
        if left == 0 {
            self.close(to);
        }
        rest
    }

    fn inside<'b>(&mut self, bytes: &'b [u8], to: &mut dyn Listener) -> &'b [u8] {
        let Place::Inside {
            header,
            left,
            sealed,
            damaged,
        } = &mut self.place
        else {
            return bytes;
        };
        let (content, rest) = bytes.split_at((*left).min(bytes.len()));
        *left -= content.len();
        let done = *left == 0;
        match header.kind {
            _ if *damaged => {}
            HANDSHAKE if !*sealed => self.messages.push(content, to),
            OLD_HELLO => self.held.extend_from_slice(content),
            CHANGE_CIPHER_SPEC | ALERT if header.length <= 2 => {
                self.held.extend_from_slice(content);
            }
            _ => {}
        }
        if done {
            self.close(to);
        }
        rest
    }

    /// The end of a record.
    fn close(&mut self, to: &mut dyn Listener) {
        let Place::Inside {
            header,
            sealed,
            damaged,
            ..
        } = std::mem::take(&mut self.place)
        else {
            return;
        };
        let held = std::mem::take(&mut self.held);
        match (header.kind, held.as_slice()) {
            _ if damaged => {}
            (HANDSHAKE, _) if !sealed => self.messages.record_ends(to),
            (CHANGE_CIPHER_SPEC, [1]) => {
                self.messages.drop_unfinished();
                to.take(Item::ChangeCipherSpec);
            }
            (CHANGE_CIPHER_SPEC, _) => to.take(Item::Lost),
            (ALERT, [level, description]) => to.take(Item::Alert(*level, *description)),
            (OLD_HELLO, body) => to.take(Item::Message(OLD_HELLO, body)),
            (kind, _) => to.take(Item::Sealed(kind, header.length)),
        }
    }
}

/// Puts the messages of a handshake together (RFC 8446 4): type, three bytes of length, body.
#[derive(Debug, Default)]
struct Messages {
    buffer: Vec<u8>,
    /// Something is missing: nobody knows whether a record begins with a message. One that
    /// consists of whole messages does.
    unsure: bool,
}

impl Messages {
    fn lose(&mut self) {
        self.buffer = Vec::new();
        self.unsure = true;
    }

    fn drop_unfinished(&mut self) {
        self.buffer = Vec::new();
    }

    fn push(&mut self, content: &[u8], to: &mut dyn Listener) {
        if self.buffer.len() + content.len() > 2 * MAX_MESSAGE {
            self.lose();
            to.take(Item::Lost);
            return;
        }
        self.buffer.extend_from_slice(content);
        if !self.unsure {
            self.hand_out(to);
        }
    }

    fn record_ends(&mut self, to: &mut dyn Listener) {
        if !self.unsure {
            return;
        }
        if whole(&self.buffer) {
            self.unsure = false;
            self.hand_out(to);
        } else {
            self.buffer = Vec::new();
        }
    }

    fn hand_out(&mut self, to: &mut dyn Listener) {
        let mut rest = self.buffer.as_slice();
        let mut long = false;
        while let Some((kind, length, behind)) = head(rest) {
            long = length > MAX_MESSAGE;
            let Some((body, next)) = behind.split_at_checked(length).filter(|_| !long) else {
                break;
            };
            to.take(Item::Message(kind, body));
            rest = next;
        }
        if long {
            self.lose();
            to.take(Item::Lost);
            return;
        }
        let used = self.buffer.len() - rest.len();
        self.buffer.drain(..used);
        if self.buffer.is_empty() {
            self.buffer = Vec::new();
        }
    }
}

/// Type, length and what follows.
fn head(bytes: &[u8]) -> Option<(u8, usize, &[u8])> {
    let ([kind, high, middle, low], rest) = bytes.split_first_chunk::<4>()?;
    let length = u32::from_be_bytes([0, *high, *middle, *low]);
    Some((*kind, usize::try_from(length).ok()?, rest))
}

/// True for one or more whole messages of types that stand in clear.
fn whole(mut bytes: &[u8]) -> bool {
    if bytes.is_empty() {
        return false;
    }
    while let Some((kind, length, behind)) = head(bytes) {
        let Some(next) = behind.get(length..) else {
            return false;
        };
        if !matches!(kind, 1 | 2 | 4 | 11..=16 | 22) {
            return false;
        }
        bytes = next;
    }
    bytes.is_empty()
}
