//! A text line by line, with the blocks in it that stand between BEGIN and END: certificates are
//! made anew, everything else that is so wrapped loses its content.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::der;
use super::learn::Learner;
use super::text::Redactor;

/// Lines of a block that are waited for.
const LINES: usize = 4096;
/// What is left of a block of which nothing can be shown.
const EMPTY: &str = "cmVkYWN0ZWQ=";
const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";

/// A block.
#[derive(Debug)]
struct Block {
    /// What stands before each of its lines: quotes, prompts, blanks.
    margin: Vec<u8>,
    /// What ends its lines.
    feed: Vec<u8>,
    certificate: bool,
    /// Base64 without anything else.
    content: Vec<u8>,
    lines: usize,
    /// Bytes of base64 in the first line.
    width: usize,
}

/// What was put in place of blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Blocks {
    /// Certificates that were made anew.
    pub certificates: u64,
    /// Blocks whose content was taken out.
    pub emptied: u64,
}

/// Redacts a text, line after line.
#[derive(Debug, Default)]
pub struct Lines {
    block: Option<Block>,
    /// The line that is not written yet, where lines may be torn.
    held: Option<Vec<u8>>,
    torn: bool,
    counts: Blocks,
}

impl Lines {
    /// Of a text in which words may be torn over two lines.
    pub fn new(torn: bool) -> Self {
        Self {
            torn,
            ..Self::default()
        }
    }

    /// What was put in place of blocks.
    pub fn counts(&self) -> Blocks {
        self.counts
    }

    /// One more line, with what ends it.
    pub fn push(&mut self, line: &[u8], redactor: &mut Redactor, out: &mut Vec<u8>) {
        if self.block.is_some() {
            self.inside(line, redactor, out);
            return;
        }
        let opened = memchr::memmem::find(line, BEGIN);
        let same = memchr::memmem::find(line, END).is_some();
        match opened {
            Some(at) if same => self.in_one(line, at, redactor, out),
            Some(at) => self.open(line, at, redactor, out),
            None => self.plain(line, redactor, out),
        }
    }

    /// The text is at its end.
    pub fn finish(&mut self, redactor: &mut Redactor, out: &mut Vec<u8>) {
        if let Some(block) = self.block.take() {
            self.close(&block, redactor, out);
        }
        out.extend_from_slice(&self.held.take().unwrap_or_default());
    }

    fn plain(&mut self, line: &[u8], redactor: &mut Redactor, out: &mut Vec<u8>) {
        if !self.torn {
            redactor.line(&bare_base64(line, redactor), out);
            return;
        }
        let mut line = line.to_vec();
        if let Some(mut before) = self.held.take() {
            redactor.mend(&mut before, &mut line);
            redactor.line(&before, out);
        }
        self.held = Some(line);
    }

    fn flush(&mut self, redactor: &mut Redactor, out: &mut Vec<u8>) {
        if let Some(held) = self.held.take() {
            redactor.line(&held, out);
        }
    }

    fn open(&mut self, line: &[u8], at: usize, redactor: &mut Redactor, out: &mut Vec<u8>) {
        self.flush(redactor, out);
        let (margin, rest) = line.split_at(at);
        let mut clean = Vec::new();
        redactor.line(margin, &mut clean);
        out.extend_from_slice(&clean);
        redactor.line(rest, out);
        let feed = line.len() - line.trim_ascii_end().len();
        self.block = Some(Block {
            margin: margin
                .iter()
                .take_while(|byte| !byte.is_ascii_alphanumeric())
                .copied()
                .collect(),
            feed: line.get(line.len() - feed..).unwrap_or_default().to_vec(),
            certificate: is_certificate(rest),
            content: Vec::new(),
            lines: 0,
            width: 0,
        });
    }

    fn inside(&mut self, line: &[u8], redactor: &mut Redactor, out: &mut Vec<u8>) {
        let Some(block) = &mut self.block else { return };
        let ends = memchr::memmem::find(line, END);
        let text = line.strip_prefix(block.margin.as_slice()).unwrap_or(line);
        let fits = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        let bare = text.trim_ascii();
        let header = bare.contains(&b':') || bare.is_empty();
        if ends.is_none() && (bare.iter().all(fits) || header) && block.lines < LINES {
            block.lines += 1;
            if !header {
                block.width = block.width.max(bare.len());
                block.content.extend_from_slice(bare);
            }
            return;
        }
        if let Some(block) = self.block.take() {
            self.close(&block, redactor, out);
        }
        match ends {
            Some(_) => redactor.line(line, out),
            // it never ended: what follows is a line like any other
            None => self.push(line, redactor, out),
        }
    }

    /// Writes what stands for the content of a block.
    fn close(&mut self, block: &Block, redactor: &mut Redactor, out: &mut Vec<u8>) {
        let content = self.content(block.certificate, &block.content, redactor);
        let width = if block.width == 0 { 64 } else { block.width };
        for line in content.as_bytes().chunks(width) {
            out.extend_from_slice(&block.margin);
            out.extend_from_slice(line);
            out.extend_from_slice(if block.feed.is_empty() {
                b"\n"
            } else {
                &block.feed
            });
        }
    }

    fn content(&mut self, certificate: bool, base64: &[u8], redactor: &mut Redactor) -> String {
        let der = STANDARD.decode(base64).ok().filter(|_| certificate);
        match der.and_then(|der| der::remake(&der, redactor)) {
            Some(made) => {
                self.counts.certificates += 1;
                STANDARD.encode(made)
            }
            None => {
                self.counts.emptied += 1;
                EMPTY.to_owned()
            }
        }
    }

    /// A block in one line, with line feeds that are written as `\n` or as blanks.
    fn in_one(&mut self, line: &[u8], at: usize, redactor: &mut Redactor, out: &mut Vec<u8>) {
        self.flush(redactor, out);
        let (head, rest) = line.split_at(at);
        let mut head = head.to_vec();
        let begin = BEGIN.len();
        let title = rest
            .get(begin..)
            .and_then(|rest| memchr::memmem::find(rest, b"-----"));
        let end = memchr::memmem::find(rest, END);
        let (Some(title), Some(end)) = (title, end) else {
            return redactor.line(line, out);
        };
        let from = begin + title + 5;
        let body = rest.get(from..end.max(from)).unwrap_or_default();
        let escapes = [&b"\\r\\n"[..], b"\\n", b"&#10;", b"&#xA;", b" ", b""];
        let feed = escapes
            .iter()
            .find(|feed| body.starts_with(feed))
            .copied()
            .unwrap_or(b"");
        let mut content = body.to_vec();
        for escape in [&b"\\r"[..], b"\\n", b"&#10;", b"&#xA;", b"&#13;", b"&#xD;"] {
            content = remove(&content, escape);
        }
        content.retain(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
        let made = self.content(is_certificate(rest), &content, redactor);
        let mut clean = Vec::new();
        redactor.line(&std::mem::take(&mut head), &mut clean);
        out.extend_from_slice(&clean);
        out.extend_from_slice(rest.get(..from).unwrap_or_default());
        out.extend_from_slice(feed);
        for part in made.as_bytes().chunks(64) {
            out.extend_from_slice(part);
            out.extend_from_slice(feed);
        }
        let behind = rest.get(end..).unwrap_or_default();
        let close = END.len();
        let tail = behind
            .get(close..)
            .and_then(|rest| memchr::memmem::find(rest, b"-----"));
        let cut = tail.map_or(behind.len(), |tail| close + tail + 5);
        let (shut, behind) = behind.split_at_checked(cut).unwrap_or((behind, &[]));
        out.extend_from_slice(shut);
        self.push(behind, redactor, out);
    }
}

fn remove(text: &[u8], what: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest, what) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        rest = rest.get(at + what.len()..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

fn is_certificate(begin: &[u8]) -> bool {
    [
        &b"-----BEGIN CERTIFICATE-----"[..],
        b"-----BEGIN TRUSTED CERTIFICATE-----",
        b"-----BEGIN X509 CERTIFICATE-----",
    ]
    .iter()
    .any(|known| begin.starts_with(known))
}

/// Shortest run of base64 that is looked into.
const RUN: usize = 24;

/// A line in which runs of base64 that hold a certificate or something that has to go are blanked.
fn bare_base64(line: &[u8], redactor: &Redactor) -> Vec<u8> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let mut out = line.to_vec();
    let mut at = 0;
    while at < line.len() {
        let rest = line.get(at..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| fits(**byte)).count();
        if length >= RUN {
            let run = rest.get(..length).unwrap_or_default();
            if holds_something(run, redactor) {
                let blank = out.get_mut(at..at + length).unwrap_or_default();
                blank.fill(b'A');
            }
        }
        at += length.max(1);
    }
    out
}

fn holds_something(run: &[u8], redactor: &Redactor) -> bool {
    if run.starts_with(b"MII") && run.len() >= 128 {
        return true;
    }
    let whole = run.len() / 4 * 4;
    let text = run.get(..whole).unwrap_or_default();
    let Ok(bytes) = STANDARD.decode(text) else {
        return false;
    };
    let mut found = false;
    redactor
        .lexicon()
        .find(&bytes, &mut |_, _, entry| found |= entry.text.len() > 3);
    found
}

/// Learns what the certificates of a text say.
#[derive(Debug, Default)]
pub struct Certificates {
    open: bool,
    content: Vec<u8>,
}

impl Certificates {
    /// One more line.
    pub fn line(&mut self, line: &[u8], learner: &mut Learner) {
        let begins = memchr::memmem::find(line, b"-----BEGIN ");
        let ends = memchr::memmem::find(line, END);
        if let (Some(begin), Some(end)) = (begins, ends) {
            let body = line
                .get(begin + BEGIN.len()..end.max(begin + BEGIN.len()))
                .unwrap_or_default();
            let title = memchr::memmem::find(body, b"-----").map_or(0, |at| at + 5);
            let mut content = body.get(title..).unwrap_or_default().to_vec();
            for escape in [&b"\\r"[..], b"\\n", b"&#10;", b"&#xA;", b"&#13;", b"&#xD;"] {
                content = remove(&content, escape);
            }
            content
                .retain(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
            return learn(&content, learner);
        }
        if begins.is_some() {
            (self.open, self.content) = (true, Vec::new());
        } else if ends.is_some() {
            self.open = false;
            learn(&std::mem::take(&mut self.content), learner);
        } else if self.open && self.content.len() < 64 << 10 {
            let fits =
                |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
            self.content
                .extend(line.iter().copied().filter(|byte| fits(byte)));
        }
    }
}

fn learn(base64: &[u8], learner: &mut Learner) {
    if let Ok(der) = STANDARD.decode(base64) {
        learner.certificate(&der);
    }
}
