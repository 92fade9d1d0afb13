//! Redaction of whole inputs: what is a name is learned while they are read and diagnosed, then
//! they are read again and written without it, and what was written is diagnosed as well.
//!
//! ```text
//! gather  ─► report of the original, names          (reads everything, twice)
//! rewrite ─► each member to a sink                  (reads it again)
//! compare ─► what differs between the two reports
//! search  ─► what is left, and where
//! ```

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::Mutex;

use super::intake::{Encoding, HEAD, binary, fill, seen};
use super::{Diagnoser, Engine, Job};
use crate::model::origin::{MEMBER, Origin};
use crate::model::report::{ReadStatus, Report};
use crate::parse::choose;
use crate::parse::margin::Margin;
use crate::parse::net::frame::Decoder;
use crate::redact::learn::Learner;
use crate::redact::pem::{Blocks, Certificates, Lines};
use crate::redact::text::Redactor;
use crate::redact::wire::{CaptureWriter, Form, Wire};
use crate::source::pcap_file::{CaptureReader, FrameSource, is_capture};
use crate::source::{self, Gap, Input, Visitor};

pub mod compare;
pub mod search;

/// Bytes of a line that are redacted at a time; longer ones are cut where no name can stand.
const LINE: usize = 1 << 20;
/// Bytes read at a time.
const BLOCK: usize = 256 << 10;

/// Where redacted members go.
pub trait Sink {
    /// A member begins; `name` is its place, redacted, parted by slashes.
    ///
    /// # Errors
    /// When it cannot be made.
    fn begin(&mut self, name: &str, modified: Option<i64>) -> io::Result<()>;

    /// More of it.
    ///
    /// # Errors
    /// When it cannot be written.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// It is whole.
    ///
    /// # Errors
    /// When it cannot be written.
    fn end(&mut self) -> io::Result<()>;

    /// A place for bytes that are read more than once, for nobody else to see.
    ///
    /// # Errors
    /// When it cannot be made.
    fn spool(&mut self) -> io::Result<Box<dyn Spool>>;
}

/// A file that is written, and then read any number of times.
pub trait Spool: Read + io::Write + io::Seek {}

impl<T: Read + io::Write + io::Seek> Spool for T {}

/// What became of the members.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// Texts.
    pub texts: u64,
    /// Captures.
    pub captures: u64,
    /// Members of archives are among them.
    pub archives: bool,
    /// Bytes written.
    pub bytes: u64,
    /// What was put in place of keys and certificates.
    pub blocks: Blocks,
    /// What was left out, by its redacted name, and why.
    pub left_out: Vec<(String, String)>,
}

/// Reads and diagnoses the originals, and learns what in them is a name.
///
/// # Errors
/// A fault of the program itself.
pub fn gather(
    diagnoser: &Diagnoser<'_>,
    job: Job<'_>,
    learner: Learner,
) -> anyhow::Result<(Report, Learner)> {
    let learner = Mutex::new(learner);
    let report = {
        let diagnoser = diagnoser.heard_by(|event| {
            if let Ok(mut learner) = learner.lock() {
                learner.event(event);
            }
        });
        let collected = diagnoser.collect(job, &Engine::default())?;
        diagnoser.judge(&collected, job.options).report
    };
    let mut learner = learner
        .into_inner()
        .map_err(|_| anyhow::anyhow!("internal error while names were learned, please report"))?;
    for cluster in &report.clusters {
        cluster.name.split(", ").for_each(|name| learner.host(name));
        for node in &cluster.nodes {
            learner.host(&node.name);
            node.addresses
                .iter()
                .for_each(|address| learner.host(address));
        }
    }
    let mut teacher = Teacher {
        learner: &mut learner,
    };
    source::walk(job.selection, job.limits, &|_| (), job.stop, &mut teacher);
    Ok((report, learner))
}

/// Shows every line to the learner.
struct Teacher<'l> {
    learner: &'l mut Learner,
}

impl Visitor for Teacher<'_> {
    fn input(&mut self, input: Input<'_>) -> ControlFlow<()> {
        let mut member = Member::open(&input.origin, input.reader);
        match member.kind() {
            What::Text => {
                let mut certificates = Certificates::default();
                member.lines(&mut |line| {
                    self.learner.line(line);
                    certificates.line(line, self.learner);
                    Ok(())
                });
            }
            What::Capture => {
                let raw = std::mem::take(&mut member.raw);
                let mut source = CaptureReader::new(&raw, member.reader);
                let mut decoder = Decoder::new();
                while let Some(frame) = source.next_frame() {
                    if let Some(packet) = decoder.decode(&frame) {
                        self.learner.address(packet.source);
                        self.learner.address(packet.destination);
                    }
                }
                for (address, name) in &source.stats().names {
                    self.learner.address(*address);
                    self.learner.host(name);
                }
            }
            What::Binary => {}
        }
        self.learner.line(input.origin.as_str().as_bytes());
        input
            .origin
            .names()
            .skip(1)
            .for_each(|name| self.learner.folder(name));
        ControlFlow::Continue(())
    }

    fn gap(&mut self, _: Gap) {}
}

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Text,
    Capture,
    Binary,
}

/// A member that is read from its beginning.
struct Member<'r> {
    reader: &'r mut dyn Read,
    raw: Vec<u8>,
    /// The beginning as UTF-8.
    head: Vec<u8>,
    encoding: Encoding,
    error: Option<io::Error>,
}

impl<'r> Member<'r> {
    fn open(origin: &Origin, reader: &'r mut dyn Read) -> Self {
        let mut raw = vec![0; HEAD];
        let (read, error) = fill(reader, &mut raw);
        raw.truncate(read);
        let mut head = raw.clone();
        let mut encoding = Encoding::Unjudged;
        if !is_capture(&raw) {
            let mut file = seen(origin.clone(), None, ReadStatus::Read);
            encoding.judge(&mut head, &mut file);
        }
        Self {
            reader,
            raw,
            head,
            encoding,
            error,
        }
    }

    fn kind(&self) -> What {
        if is_capture(&self.raw) {
            What::Capture
        } else if binary(&self.head) {
            What::Binary
        } else {
            What::Text
        }
    }

    /// Words may be torn over two lines of it.
    fn torn(&self) -> bool {
        let margin = Margin::of(&self.head);
        choose(&margin.strip_all(&self.head)).is_some_and(|choice| choice.repair)
    }

    /// Hands out its lines as UTF-8, each with what ends it; very long ones in pieces.
    fn lines(&mut self, out: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> Option<io::Error> {
        let mut held = std::mem::take(&mut self.head);
        let mut buffer = vec![0; BLOCK];
        let mut text = Vec::new();
        let mut error = self.error.take();
        loop {
            if let Err(failed) = whole_lines(&mut held, out) {
                return Some(failed);
            }
            if error.is_some() {
                break;
            }
            let read = match self.reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(failed) if failed.kind() == io::ErrorKind::Interrupted => continue,
                Err(failed) => {
                    error = Some(failed);
                    continue;
                }
            };
            let block = buffer.get(..read).unwrap_or_default();
            held.extend_from_slice(self.encoding.decode(block, &mut text));
        }
        held.extend_from_slice(self.encoding.finish(&mut text));
        let mut done = whole_lines(&mut held, out);
        if done.is_ok() && !held.is_empty() {
            done = out(&held);
        }
        done.err().or(error)
    }
}

/// Hands out the whole lines at the beginning of a text and drops them.
fn whole_lines(held: &mut Vec<u8>, out: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut at = 0;
    while let Some(rest) = held.get(at..) {
        let window = rest.get(..LINE).unwrap_or(rest);
        let end = match memchr::memchr(b'\n', window) {
            Some(end) => end + 1,
            None if window.len() < LINE => break,
            None => {
                let part = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_:@%+/=".contains(byte);
                window
                    .iter()
                    .rposition(|byte| !part(byte))
                    .map_or(LINE, |at| at + 1)
            }
        };
        out(rest.get(..end).unwrap_or_default())?;
        at += end;
    }
    held.drain(..at);
    Ok(())
}

/// Reads everything again and writes it without what was learned.
///
/// # Errors
/// Those of the sink.
pub fn rewrite(
    job: Job<'_>,
    redactor: &mut Redactor,
    name: &dyn Fn(&Origin) -> String,
    sink: &mut dyn Sink,
) -> io::Result<Written> {
    let mut writer = Writer {
        redactor,
        name,
        sink,
        written: Written::default(),
        failed: None,
    };
    source::walk(
        job.selection,
        job.limits,
        &|bytes| (job.progress)(bytes),
        job.stop,
        &mut writer,
    );
    match writer.failed {
        Some(error) => Err(error),
        None => Ok(writer.written),
    }
}

struct Writer<'w> {
    redactor: &'w mut Redactor,
    name: &'w dyn Fn(&Origin) -> String,
    sink: &'w mut dyn Sink,
    written: Written,
    failed: Option<io::Error>,
}

impl Visitor for Writer<'_> {
    fn input(&mut self, input: Input<'_>) -> ControlFlow<()> {
        let name = self.place(&input.origin);
        self.written.archives |= input.origin.as_str().contains(MEMBER);
        let mut member = Member::open(&input.origin, input.reader);
        let done = match member.kind() {
            What::Text => self.text(&name, input.modified, &mut member),
            What::Capture => self.capture(&name, input.modified, &mut member),
            What::Binary => {
                let why = "it is no text and of no known format".to_owned();
                self.written.left_out.push((name, why));
                Ok(())
            }
        };
        match done {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn gap(&mut self, gap: Gap) {
        let name = self.place(&gap.origin);
        let note = self.redactor.text(&gap.note);
        self.written.left_out.push((name, note));
    }
}

impl Writer<'_> {
    /// The redacted name of a member.
    fn place(&mut self, origin: &Origin) -> String {
        let name = (self.name)(origin);
        let parts = name.split('/').map(|part| self.redactor.text(part));
        parts.collect::<Vec<_>>().join("/")
    }

    fn text(
        &mut self,
        name: &str,
        modified: Option<i64>,
        member: &mut Member<'_>,
    ) -> io::Result<()> {
        self.sink.begin(name, modified)?;
        let mut lines = Lines::new(member.torn());
        let mut out = Vec::new();
        let (mut bytes, mut zeros) = (0, 0_u64);
        let Self { redactor, sink, .. } = self;
        let mut failed = None;
        let cut = member.lines(&mut |line| {
            // what hides behind zero bytes is no text
            if line.contains(&0) {
                zeros += 1;
                out.push(b'\n');
            } else {
                lines.push(line, redactor, &mut out);
            }
            if out.len() >= BLOCK {
                bytes += out.len() as u64;
                if let Err(error) = sink.write(&out) {
                    failed = Some(error);
                    return Err(io::ErrorKind::Other.into());
                }
                out.clear();
            }
            Ok(())
        });
        if let Some(failed) = failed {
            return Err(failed);
        }
        lines.finish(redactor, &mut out);
        bytes += out.len() as u64;
        sink.write(&out)?;
        sink.end()?;
        self.written.texts += 1;
        self.written.bytes += bytes;
        self.written.blocks.certificates += lines.counts().certificates;
        self.written.blocks.emptied += lines.counts().emptied;
        let mut why = Vec::new();
        if zeros > 0 {
            why.push(format!("{zeros} lines of it hold zero bytes"));
        }
        why.extend(cut.map(|error| format!("its end: {error}")));
        for why in why {
            let why = self.redactor.text(&why);
            self.written.left_out.push((name.to_owned(), why));
        }
        Ok(())
    }

    /// A capture is read twice: who says what has to be known before the first frame is written.
    fn capture(
        &mut self,
        name: &str,
        modified: Option<i64>,
        member: &mut Member<'_>,
    ) -> io::Result<()> {
        let mut spool = self.sink.spool()?;
        spool.write_all(&member.raw)?;
        let cut = match member.error.take() {
            Some(error) => Err(error),
            None => io::copy(member.reader, &mut spool).map(drop),
        };
        let mut wire = Wire::new(self.redactor);
        let mut links = BTreeMap::new();
        spool.rewind()?;
        let mut source = CaptureReader::new(&[], &mut spool);
        while let Some(frame) = source.next_frame() {
            links.entry(frame.interface).or_insert(frame.link);
            wire.hear(&frame);
        }
        wire.heard();
        let form = Form::of(&member.raw);
        self.sink.begin(name, modified)?;
        let mut writer = CaptureWriter::new(form, links);
        let mut out = Vec::new();
        spool.rewind()?;
        let mut source = CaptureReader::new(&[], &mut spool);
        while let Some(frame) = source.next_frame() {
            let bytes = wire.frame(&frame);
            writer.frame(&frame, &bytes, &mut out);
            if out.len() >= BLOCK {
                self.written.bytes += out.len() as u64;
                self.sink.write(&out)?;
                out.clear();
            }
        }
        let stats = source.stats();
        let names: Vec<_> = stats
            .names
            .iter()
            .map(|(address, name)| wire.name(*address, name))
            .collect();
        writer.finish(stats, &names, &mut out);
        let mut left = stats.damage.clone();
        let dropped = wire.dropped();
        if dropped > 0 {
            left.push(format!(
                "what {dropped} connections carried, for there are too many"
            ));
        }
        left.extend(cut.err().map(|error| format!("its end: {error}")));
        self.written.bytes += out.len() as u64;
        self.sink.write(&out)?;
        self.sink.end()?;
        self.written.captures += 1;
        for why in left {
            let why = self.redactor.text(&why);
            self.written.left_out.push((name.to_owned(), why));
        }
        Ok(())
    }
}
