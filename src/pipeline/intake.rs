//! Reading: members to chunks, chunks to workers.

use std::io::Read;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::capture;
use super::fold::{BROKEN, Fold, Outcome};
use super::work::{Done, work};
use super::{Diagnoser, Job};
use crate::detect::runs::Budget;
use crate::model::hit::{Collected, FileSeen, Lost};
use crate::model::origin::Origin;
use crate::model::report::ReadStatus;
use crate::parse::chunk::{Chunk, Chunker, STRETCH_CAP};
use crate::parse::encoding::{Decoder, Mender};
use crate::parse::margin::Margin;
use crate::parse::net::vantage::View;
use crate::parse::{Choice, choose};
use crate::source::pcap_file::{MAGIC, is_capture};
use crate::source::{self, Gap, Input, Visitor};

/// How the engine works; the defaults are what users get, tests vary them.
#[derive(Clone, Debug)]
pub struct Engine {
    /// Bytes of a chunk.
    pub chunk_bytes: usize,
    /// Bytes read at a time.
    pub block_bytes: usize,
    /// Use the literal index; off, every record is parsed and every signal tested.
    pub indexed: bool,
    /// How many hits are kept.
    pub budget: Budget,
}

impl Default for Engine {
    fn default() -> Self {
        Self {
            chunk_bytes: 512 << 10,
            block_bytes: 256 << 10,
            indexed: true,
            budget: Budget::default(),
        }
    }
}

/// Bytes by which a text is judged, and the window in which formats are looked for further on.
pub(super) const HEAD: usize = 64 << 10;

/// Work on its way to be done, in the order of the text.
struct Task {
    number: u64,
    file: u32,
    work: Work,
}

/// What is to be done.
enum Work {
    /// A chunk to scan and parse.
    Chunk(Arc<Choice>, Chunk),
    /// Nothing more: packets are matched while they are read.
    Done(Done),
}

impl Work {
    /// Whole documents never wait in a queue, so that only one of them is held at a time.
    fn waits(&self, engine: &Engine) -> bool {
        match self {
            Self::Chunk(_, chunk) => chunk.bytes.len() <= STRETCH_CAP.max(engine.chunk_bytes),
            Self::Done(_) => true,
        }
    }
}

/// What every worker shares.
#[derive(Clone, Copy)]
struct Tools<'a, 'c> {
    diagnoser: &'a Diagnoser<'c>,
    indexed: bool,
}

impl Tools<'_, '_> {
    fn run(&self, task: Task) -> Outcome {
        let done = match task.work {
            Work::Done(done) => Some(done),
            Work::Chunk(choice, chunk) => {
                let job = || work(&chunk, &choice, self.diagnoser, self.indexed);
                catch_unwind(AssertUnwindSafe(job)).ok()
            }
        };
        Outcome {
            number: task.number,
            file: task.file,
            done,
        }
    }
}

/// Reads everything and folds the hits.
pub(super) fn collect(
    job: Job<'_>,
    diagnoser: &Diagnoser<'_>,
    engine: &Engine,
) -> anyhow::Result<Collected> {
    let tools = Tools {
        diagnoser,
        indexed: engine.indexed,
    };
    let table = &diagnoser.table;
    if job.options.threads <= 1 {
        let mut fold = Fold::new(table, engine.budget);
        let files = read(job, engine, diagnoser, &mut |task| {
            fold.take(tools.run(task));
        });
        return Ok(fold.finish(files));
    }
    let workers = job.options.threads;
    let (task_in, task_out) = bounded::<Task>(workers * 2);
    let (done_in, done_out) = bounded::<Outcome>(workers * 2);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let (tasks, done) = (task_out.clone(), done_in.clone());
            scope.spawn(move || serve(tools, &tasks, &done));
        }
        drop(task_out);
        let folding = scope.spawn(|| {
            let mut fold = Fold::new(table, engine.budget);
            done_out.iter().for_each(|outcome| fold.take(outcome));
            fold
        });
        let files = read(job, engine, diagnoser, &mut |task| {
            // sending fails only when every worker is gone, which a panic outside a task would mean
            if task.work.waits(engine) {
                let _ = task_in.send(task);
            } else {
                let _ = done_in.send(tools.run(task));
            }
        });
        drop(done_in);
        drop(task_in);
        let fold = folding
            .join()
            .map_err(|_| anyhow::anyhow!("internal error while folding hits, please report"))?;
        Ok(fold.finish(files))
    })
}

fn serve(tools: Tools<'_, '_>, tasks: &Receiver<Task>, done: &Sender<Outcome>) {
    for task in tasks {
        if done.send(tools.run(task)).is_err() {
            return;
        }
    }
}

fn read(
    job: Job<'_>,
    engine: &Engine,
    diagnoser: &Diagnoser<'_>,
    send: &mut dyn FnMut(Task),
) -> Vec<FileSeen> {
    let mut intake = Intake {
        job,
        engine,
        diagnoser,
        send,
        files: Vec::new(),
        views: Vec::new(),
        tasks: 0,
    };
    source::walk(
        job.selection,
        job.limits,
        &|bytes| (job.progress)(bytes),
        job.stop,
        &mut intake,
    );
    intake.join();
    capture::compare_clocks(&intake.views, &mut intake.files);
    intake.files
}

struct Intake<'a, 'c, 's> {
    job: Job<'a>,
    engine: &'a Engine,
    diagnoser: &'a Diagnoser<'c>,
    send: &'s mut dyn FnMut(Task),
    files: Vec<FileSeen>,
    /// What each capture shows, by the number of its file.
    views: Vec<(u32, View)>,
    tasks: u64,
}

/// Captures that are compared with each other.
const COMPARED: usize = 64;

/// What is said of the file at which reading ended.
const INTERRUPTED: &str = "reading was interrupted";

impl Visitor for Intake<'_, '_, '_> {
    fn input(&mut self, input: Input<'_>) -> ControlFlow<()> {
        let mut file = seen(input.origin, input.modified, ReadStatus::Read);
        if self.stopped() {
            file.status = ReadStatus::Unread;
            file.notes.push(INTERRUPTED.to_owned());
            self.files.push(file);
            return ControlFlow::Break(());
        }
        let number = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        let mut head = [0; MAGIC];
        let (read, error) = fill(input.reader, &mut head);
        let head = head.get(..read).unwrap_or(&[]);
        if is_capture(head) {
            self.read_capture(&mut file, number, head, input.reader);
        } else {
            let rest: &mut dyn Read = match error {
                Some(error) => &mut Failing(Some(error)),
                None => input.reader,
            };
            self.read_file(&mut file, number, &mut head.chain(rest));
        }
        if self.stopped() {
            file.status = ReadStatus::Partial;
            file.notes.push(INTERRUPTED.to_owned());
        }
        self.files.push(file);
        if self.stopped() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn gap(&mut self, gap: Gap) {
        let mut file = seen(gap.origin, None, gap.status);
        file.notes.push(gap.note);
        self.files.push(file);
    }
}

pub(super) fn seen(origin: Origin, modified: Option<i64>, status: ReadStatus) -> FileSeen {
    FileSeen {
        origin,
        parsers: Vec::new(),
        status,
        bytes: 0,
        lines: 0,
        packets: 0,
        round_trips: Vec::new(),
        skipped: 0,
        modified,
        samples: Vec::new(),
        notes: Vec::new(),
        lost: Lost::default(),
    }
}

/// A block of a member, or the end of it, with the reason if it is not the real one.
enum Block {
    Bytes(usize),
    End(Option<String>),
}

impl Intake<'_, '_, '_> {
    fn stopped(&self) -> bool {
        self.job.stop.load(Ordering::Relaxed)
    }

    fn read_capture(
        &mut self,
        file: &mut FileSeen,
        number: u32,
        head: &[u8],
        reader: &mut dyn Read,
    ) {
        let Self {
            job,
            diagnoser,
            send,
            tasks,
            ..
        } = self;
        let mut flush = |done: Done| {
            send(Task {
                number: *tasks,
                file: number,
                work: Work::Done(done),
            });
            *tasks += 1;
        };
        let read = || capture::read(diagnoser, head, reader, file, job.stop, &mut flush);
        match catch_unwind(AssertUnwindSafe(read)) {
            Ok(view) => {
                self.views.push((number, view));
                // what was compared with all before it makes room
                if self.views.len() > COMPARED {
                    self.join();
                    self.views.remove(0);
                }
            }
            Err(_) => {
                file.status = ReadStatus::Partial;
                file.notes.push(BROKEN.to_owned());
            }
        }
    }

    /// Captures of one incident are compared once all are read.
    fn join(&mut self) {
        for (file, done) in capture::join(self.diagnoser, &mut self.views, &self.files) {
            (self.send)(Task {
                number: self.tasks,
                file,
                work: Work::Done(done),
            });
            self.tasks += 1;
        }
    }

    fn read_file(&mut self, file: &mut FileSeen, number: u32, reader: &mut dyn Read) {
        let mut buffer = vec![0; self.engine.block_bytes.max(1)];
        let mut head: Vec<u8> = Vec::with_capacity(HEAD);
        let mut first_line = 1;
        let mut chunker: Option<(Chunker, Arc<Choice>)> = None;
        let mut encoding = Encoding::Unjudged;
        let mut text = Vec::new();
        let mut long_lines = LongLines::default();
        loop {
            let error = match next(reader, &mut buffer) {
                Block::Bytes(read) if !self.stopped() => {
                    let block = buffer.get(..read).unwrap_or(&[]);
                    file.bytes += read as u64;
                    let block = encoding.decode(block, &mut text);
                    match &mut chunker {
                        Some((chunker, choice)) => chunker.push(block, &mut |chunk| {
                            send(self.send, &mut self.tasks, number, choice, chunk);
                        }),
                        None => {
                            head.extend_from_slice(block);
                            // every window is looked at, however much came at once
                            while chunker.is_none() && head.len() >= HEAD {
                                encoding.judge(&mut head, file);
                                if pass_long_line(&mut head, &mut long_lines, &mut first_line) {
                                    continue;
                                }
                                let window = head.get(..HEAD).unwrap_or(&head);
                                let long = memchr::memchr(b'\n', window).is_none();
                                chunker = self.recognise(file, number, &mut head, &mut first_line);
                                if chunker.is_none() && binary(&head) {
                                    return;
                                }
                                long_lines.open = long && chunker.is_none();
                                long_lines.count += u64::from(long_lines.open);
                            }
                        }
                    }
                    continue;
                }
                Block::Bytes(_) => None,
                Block::End(error) => error,
            };
            if chunker.is_none() {
                encoding.judge(&mut head, file);
            }
            let rest = encoding.finish(&mut text);
            match &mut chunker {
                Some((chunker, choice)) => chunker.push(rest, &mut |chunk| {
                    send(self.send, &mut self.tasks, number, choice, chunk);
                }),
                None => {
                    head.extend_from_slice(rest);
                    chunker = self.recognise(file, number, &mut head, &mut first_line);
                }
            }
            file.notes.extend(long_lines.note());
            if let Some((mut chunker, choice)) = chunker {
                chunker
                    .finish(&mut |chunk| send(self.send, &mut self.tasks, number, &choice, chunk));
                file.lines = chunker.lines();
                file.notes.extend(chunker.notes());
                if chunker.is_damaged() {
                    file.status = ReadStatus::Partial;
                }
            } else if !binary(&head) {
                file.lines =
                    first_line - 1 + head.iter().filter(|byte| **byte == b'\n').count() as u64;
            }
            if let Some(error) = error {
                file.status = if file.bytes == 0 {
                    ReadStatus::Unread
                } else {
                    ReadStatus::Partial
                };
                file.notes.push(error);
            }
            return;
        }
    }

    /// Asks the parsers about the text collected so far. When none knows it, all but its last
    /// line is passed over: a transcript may come to the point late.
    fn recognise(
        &mut self,
        file: &mut FileSeen,
        number: u32,
        head: &mut Vec<u8>,
        first_line: &mut u64,
    ) -> Option<(Chunker, Arc<Choice>)> {
        let window = head.get(..head.len().min(HEAD)).unwrap_or(&[]);
        let margin = Margin::of(window);
        if let Some(choice) = choose(&margin.strip_all(window)) {
            file.parsers = choice.parsers.iter().map(|parser| parser.id()).collect();
            let mut chunker = Chunker::new(&choice, self.engine.chunk_bytes);
            chunker.start_at(*first_line);
            chunker.strip(margin);
            let choice = Arc::new(choice);
            chunker.push(head, &mut |chunk| {
                send(self.send, &mut self.tasks, number, &choice, chunk);
            });
            head.clear();
            return Some((chunker, choice));
        }
        if head.len() >= HEAD && !binary(head) {
            let window = head.get(..HEAD).unwrap_or(head);
            let end = memchr::memrchr(b'\n', window).map_or(window.len(), |at| at + 1);
            pass(head, end, first_line);
        }
        None
    }
}

/// Drops the first bytes of a text and counts their lines.
fn pass(head: &mut Vec<u8>, end: usize, first_line: &mut u64) {
    let passed = head.get(..end).unwrap_or(head);
    *first_line += memchr::memchr_iter(b'\n', passed).count() as u64;
    head.drain(..end);
}

/// Lines before the first record that are longer than what a format is recognised by.
#[derive(Default)]
struct LongLines {
    count: u64,
    /// The end of the last one has not come yet.
    open: bool,
}

impl LongLines {
    fn note(&self) -> Option<String> {
        (self.count > 0).then(|| {
            format!(
                "{} lines longer than {} KiB before the first record were passed over",
                self.count,
                HEAD / 1024
            )
        })
    }
}

/// Drops what nothing can be made of without asking the parsers: what is left of a long line, and
/// windows of blanks. True when something was dropped.
fn pass_long_line(head: &mut Vec<u8>, long: &mut LongLines, first_line: &mut u64) -> bool {
    let window = head.get(..HEAD).unwrap_or(head);
    if long.open {
        let end = memchr::memchr(b'\n', head);
        long.open = end.is_none();
        pass(head, end.map_or(head.len(), |at| at + 1), first_line);
        return true;
    }
    if window.iter().all(u8::is_ascii_whitespace) {
        let end = memchr::memrchr(b'\n', window).map_or(window.len(), |at| at + 1);
        pass(head, end, first_line);
        return true;
    }
    false
}

/// What is known of the encoding of a text.
pub(super) enum Encoding {
    Unjudged,
    /// Also what is no text at all.
    Utf8(Option<Mender>),
    Other(Box<Decoder>),
}

impl Encoding {
    /// Judges by the first bytes, once, and turns them into UTF-8.
    pub(super) fn judge(&mut self, head: &mut Vec<u8>, file: &mut FileSeen) {
        if !matches!(self, Self::Unjudged) {
            return;
        }
        let Some(mut decoder) = Decoder::detect(head) else {
            let mut mender = Mender::detect(head);
            if let Some(mender) = &mut mender {
                let raw = std::mem::take(head);
                let mut text = Vec::new();
                head.extend_from_slice(mender.push(&raw, &mut text));
            }
            *self = Self::Utf8(mender);
            return;
        };
        file.notes.push(format!("read as {}", decoder.name()));
        let raw = std::mem::take(head);
        decoder.push(&raw, head);
        *self = Self::Other(Box::new(decoder));
    }

    /// A block as UTF-8; `text` holds it where it had to be decoded.
    pub(super) fn decode<'t>(&mut self, block: &'t [u8], text: &'t mut Vec<u8>) -> &'t [u8] {
        match self {
            Self::Other(decoder) => {
                text.clear();
                decoder.push(block, text);
                text
            }
            Self::Utf8(Some(mender)) => mender.push(block, text),
            _ => block,
        }
    }

    /// What is left at the end of the text.
    pub(super) fn finish<'t>(&mut self, text: &'t mut Vec<u8>) -> &'t [u8] {
        text.clear();
        if let Self::Other(decoder) = self {
            decoder.finish(text);
        }
        text
    }
}

fn send(
    send: &mut dyn FnMut(Task),
    tasks: &mut u64,
    file: u32,
    choice: &Arc<Choice>,
    chunk: Chunk,
) {
    send(Task {
        number: *tasks,
        file,
        work: Work::Chunk(Arc::clone(choice), chunk),
    });
    *tasks += 1;
}

/// Reads until the buffer is full or there is no more; tells how far it came, and why it did not
/// come further when that is not the end.
pub(super) fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> (usize, Option<std::io::Error>) {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return (filled, Some(error)),
        }
    }
    (filled, None)
}

/// Tells an error that happened before, then ends.
struct Failing(Option<std::io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

fn next(reader: &mut dyn Read, buffer: &mut [u8]) -> Block {
    loop {
        match reader.read(buffer) {
            Ok(0) => return Block::End(None),
            Ok(read) => return Block::Bytes(read),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Block::End(Some(error.to_string())),
        }
    }
}

/// Text has no zero bytes.
pub(super) fn binary(head: &[u8]) -> bool {
    memchr::memchr(0, head.get(..head.len().min(HEAD)).unwrap_or(&[])).is_some()
}
