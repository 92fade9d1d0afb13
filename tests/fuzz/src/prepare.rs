//! `prepare REPOSITORY OUT`: seeds and dictionaries for every job, made from samples, rules and
//! the formats that the program knows. Prints a line for each job: its name, its target, the log
//! format (`-` for none), and the longest input in bytes.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clusterdx::model::format::FORMATS;
use clusterdx::parse::net::STREAM_PARSERS;
use clusterdx::parse::{LOG_PARSERS, LogParser, Probe};
use clusterdx::samples::{self, Sample};
use clusterdx_fuzz::engine::diagnoser;
use clusterdx_fuzz::{SEPARATOR, tls, wire};

mod frames;

/// Longest piece of a sample that is a seed.
const PIECE: usize = 8 << 10;

// the library was built for coverage, so what libFuzzer defines has to be linked here as well
libfuzzer_sys::fuzz_target!(|_data: &[u8]| {});

fn main() {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(Into::into).collect();
    let [repository, out] = arguments.as_slice() else {
        eprintln!("usage: prepare REPOSITORY OUT");
        std::process::exit(2);
    };
    let sources = Sources::read(repository);
    let log = |parser: &&dyn LogParser| {
        let name = format!("log.{}", parser.id());
        Job::new(out, &name, "log", parser.id(), 16 << 10)
    };
    let logs: Vec<Job> = LOG_PARSERS.iter().map(log).collect();
    for (job, parser) in logs.iter().zip(LOG_PARSERS) {
        for (_, bytes) in &sources.texts {
            for piece in pieces(bytes, PIECE).filter(|p| parser.probe(p) > Probe::NotForUs) {
                job.seed(piece);
            }
        }
        job.dictionary(repository, &["log", parser.id()], &words(Some(parser.id())));
    }
    for parser in STREAM_PARSERS {
        let name = format!("stream.{}", parser.id());
        let job = Job::new(out, &name, "stream", parser.id(), 4 << 10);
        wire::seeds(parser.id())
            .iter()
            .for_each(|seed| job.seed(seed));
        job.dictionary(repository, &["stream", &name], &BTreeSet::new());
    }
    let datagrams = Job::new(out, "datagram", "datagram", "-", 2 << 10);
    for seed in wire::datagram_seeds() {
        datagrams.seed(&seed);
    }
    let names = ["stream", "stream.sip", "datagram"];
    datagrams.dictionary(repository, &names, &BTreeSet::new());
    for (target, longest) in [
        ("text", 16 << 10),
        ("archive", 32 << 10),
        ("certificate", 4 << 10),
        ("capture", 8 << 10),
        ("frame", 4 << 10),
        ("rules", 16 << 10),
        ("index", 16 << 10),
        ("scan", 4 << 10),
        ("report", 24 << 10),
        ("cost", 4 << 10),
        ("layout", 2 << 10),
        ("tls", 16 << 10),
    ] {
        let job = Job::new(out, target, target, "-", longest);
        sources.seeds(&job);
        let words = match target {
            "text" | "report" | "cost" => words(None),
            _ => BTreeSet::new(),
        };
        job.dictionary(repository, &[target], &words);
    }
}

/// What one run of libFuzzer starts from.
struct Job {
    target: &'static str,
    folder: PathBuf,
}

impl Job {
    fn new(out: &Path, name: &str, target: &'static str, parser: &str, longest: usize) -> Self {
        let folder = out.join(name);
        fs::create_dir_all(folder.join("seeds")).expect("a folder");
        println!("{name} {target} {parser} {longest}");
        Self { target, folder }
    }

    /// Named after its content, so that nothing is there twice.
    fn seed(&self, bytes: &[u8]) {
        let name = bytes.iter().fold(7_u64, |hash, byte| {
            hash.rotate_left(5).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ u64::from(*byte)
        });
        let path = self.folder.join("seeds").join(format!("{name:016x}"));
        fs::write(path, bytes).expect("a seed");
    }

    fn seed_parts(&self, one: &[u8], two: &[u8]) {
        self.seed(&[one.trim_ascii_end(), SEPARATOR, two].concat());
    }

    /// Joins the committed dictionaries with words that are known to the program.
    fn dictionary(&self, repository: &Path, names: &[&str], words: &BTreeSet<String>) {
        let folder = repository.join("tests/fuzz/dictionaries");
        let paths = names.iter().map(|name| folder.join(format!("{name}.dict")));
        let mut text: String = paths
            .filter_map(|path| fs::read_to_string(path).ok())
            .collect();
        for word in words {
            let word: String = word.bytes().map(|byte| format!("\\x{byte:02x}")).collect();
            text += &format!("\"{word}\"\n");
        }
        fs::write(self.folder.join("words.dict"), text).expect("a dictionary");
    }
}

/// Names of fields and literals of rules: of one parser, or of all.
fn words(parser: Option<&str>) -> BTreeSet<String> {
    let ours = |name: &str| parser.is_none_or(|parser| parser == name);
    let formats = FORMATS.iter().filter(|format| ours(format.parser));
    let mut words: BTreeSet<String> = formats
        .flat_map(|format| format.fields.iter().map(|field| field.name.to_owned()))
        .collect();
    for entry in diagnoser().table().entries() {
        if FORMATS
            .get(usize::from(entry.signal.format))
            .is_some_and(|f| ours(f.parser))
        {
            words.extend(entry.signal.literals.iter().cloned());
        }
    }
    // longer ones are refused by libFuzzer
    words.retain(|word| (2..=60).contains(&word.len()));
    words
}

/// What lies in the repository.
struct Sources {
    samples: Vec<Sample>,
    /// Files of samples, by path.
    texts: Vec<(PathBuf, Vec<u8>)>,
    /// Rule files, by path.
    rules: Vec<(PathBuf, String)>,
}

impl Sources {
    fn read(repository: &Path) -> Self {
        let samples = samples::discover(&repository.join("samples")).expect("samples");
        let inputs = samples
            .iter()
            .flat_map(|sample| below(&sample.folder.join("input")));
        let texts = inputs
            .map(|path| (path.clone(), fs::read(path).expect("a sample")))
            .collect();
        let rules = below(&repository.join("rules"))
            .into_iter()
            .filter(|path| path.extension().is_some_and(|ext| ext == "yaml"))
            .map(|path| (path.clone(), fs::read_to_string(path).expect("a rule file")))
            .collect();
        Self {
            samples,
            texts,
            rules,
        }
    }

    fn seeds(&self, job: &Job) {
        match job.target {
            "archive" => self.archives(job),
            "certificate" => {
                for der in self.certificates() {
                    job.seed(&der);
                    job.seed_parts(&der, &der);
                }
            }
            "tls" => {
                for seed in tls::seeds(&self.certificates()) {
                    job.seed(&seed);
                }
            }
            "capture" => frames::captures().iter().for_each(|file| job.seed(file)),
            "frame" => frame_seeds(job),
            "rules" => self.rules(job),
            "index" => self.proofs(job),
            "report" => self.pairs(job),
            "scan" => {
                let words: Vec<String> = words(None).into_iter().collect();
                for (nth, (_, bytes)) in self.texts.iter().enumerate() {
                    let words = words.iter().skip(nth % 7).step_by(7 + nth % 40);
                    let words: Vec<&str> = words.map(String::as_str).collect();
                    pieces(bytes, 1 << 10)
                        .take(1)
                        .for_each(|piece| job.seed_parts(words.join("\n").as_bytes(), piece));
                }
            }
            target => {
                let longest = if target == "text" { PIECE } else { 1 << 10 };
                for (_, bytes) in &self.texts {
                    pieces(bytes, longest)
                        .take(3)
                        .for_each(|piece| job.seed(piece));
                }
            }
        }
    }

    /// The texts of a sample, the largest first.
    fn of(&self, sample: &Sample) -> Vec<&[u8]> {
        let input = sample.folder.join("input");
        let mine = self
            .texts
            .iter()
            .filter(|(path, _)| path.starts_with(&input));
        let mut mine: Vec<&[u8]> = mine.map(|(_, bytes)| bytes.as_slice()).collect();
        mine.sort_by_key(|bytes| std::cmp::Reverse(bytes.len()));
        mine
    }

    fn pairs(&self, job: &Job) {
        for sample in &self.samples {
            match self.of(sample).as_slice() {
                [one, two, ..] => job.seed_parts(one, two),
                [one] => job.seed(one),
                [] => {}
            }
        }
    }

    /// Every fault with a text that proves it.
    fn proofs(&self, job: &Job) {
        for sample in &self.samples {
            let Some(text) = self.of(sample).first().copied() else {
                continue;
            };
            for fault in &sample.expect.of {
                let id = format!("id: {fault}\n");
                let rule = self.rules.iter().find(|(_, rule)| rule.starts_with(&id));
                if let Some((_, rule)) = rule {
                    let text = pieces(text, PIECE).next().unwrap_or_default();
                    job.seed_parts(rule.as_bytes(), text);
                }
            }
        }
    }

    fn rules(&self, job: &Job) {
        for (path, text) in &self.rules {
            let path = path.to_str().unwrap_or_default();
            let kinds = ["fact", "remed", "dialect", "locale", "alarms", "ports"];
            let kind = kinds
                .into_iter()
                .find(|kind| path.contains(&format!("/{kind}")));
            let kind = kind.unwrap_or("fault").replace("remed", "remedy");
            job.seed(format!("# {kind}-1.json\n{text}").as_bytes());
        }
    }

    /// Certificates of the samples in DER.
    fn certificates(&self) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        for (_, bytes) in &self.texts {
            let text = String::from_utf8_lossy(bytes);
            for block in text.split("-----BEGIN CERTIFICATE-----").skip(1) {
                let body: String = block
                    .split("-----")
                    .next()
                    .unwrap_or_default()
                    .split_whitespace()
                    .collect();
                found.extend(STANDARD.decode(body));
            }
        }
        found
    }

    /// Containers of every kind around the first samples of several files.
    fn archives(&self, job: &Job) {
        let several = self
            .samples
            .iter()
            .map(|sample| self.of(sample))
            .filter(|of| of.len() > 1);
        for texts in several.take(3) {
            let files: Vec<(String, &[u8])> = texts
                .iter()
                .enumerate()
                .map(|(nth, text)| {
                    (
                        format!("node{nth}/log/messages.{nth}.txt"),
                        &text[..text.len().min(3000)],
                    )
                })
                .collect();
            let long = format!("./{}/messages", "long-name/".repeat(14));
            let (tar, zip) = (tar(&files), zip(&files));
            let named = self::tar(&[(long, files[0].1)]);
            let nested = self::tar(&[
                ("inner.tar.gz".to_owned(), &gzip(&tar)),
                ("inner.zip".to_owned(), &zip),
            ]);
            let deep = self::zip(&[
                ("a.gz".to_owned(), &gzip(&gzip(files[0].1))),
                ("b.tar".to_owned(), &tar),
                ("c.zst".to_owned(), &zstd(&xz(&bzip2(files[0].1)))),
            ]);
            for bytes in [&tar, &zip, &named, &nested, &deep] {
                job.seed(bytes);
            }
            for pack in PACKERS {
                job.seed(&pack(&nested));
                job.seed(&pack(&tar));
                job.seed(&pack(files[0].1));
                // several in a row, with what may stand between them and what may not
                for between in [&[][..], &[0; 8], &[0; 3], SKIPPED, b"junk"] {
                    let (one, two) = (pack(files[0].1), pack(b"more\n"));
                    job.seed(&[between, &one, between, &two, between].concat());
                }
                let packed = pack(files[0].1);
                job.seed(&packed[..packed.len() * 2 / 3]);
            }
            job.seed(&bzip2(&zstd(&gzip(&xz(files[0].1)))));
        }
        for (_, bytes) in self
            .texts
            .iter()
            .filter(|(_, bytes)| bytes.starts_with(b"PK"))
        {
            job.seed(bytes);
        }
    }
}

/// Frames behind their kind of link, each behind its length.
fn frame_seeds(job: &Job) {
    for (link, frames) in frames::frames() {
        let mut seed = link.to_be_bytes().to_vec();
        for frame in frames {
            let length = u16::try_from(frame.len()).expect("a short frame");
            let one = [&length.to_be_bytes()[..], &frame].concat();
            job.seed(&[&link.to_be_bytes()[..], &one].concat());
            seed.extend(one);
        }
        job.seed(&seed);
    }
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// A text in pieces of whole lines, as far as they fit.
fn pieces(bytes: &[u8], longest: usize) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let head = &rest[..rest.len().min(longest)];
        let cut = head
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(head.len(), |at| at + 1);
        let end = if head.len() == rest.len() {
            head.len()
        } else {
            cut
        };
        let (piece, others) = rest.split_at(end);
        rest = others;
        (!piece.is_empty()).then_some(piece)
    })
}

fn tar(files: &[(String, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(1_597_262_400);
        tar.append_data(&mut header, name, *bytes)
            .expect("a tar in memory");
    }
    tar.into_inner().expect("a tar in memory")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).expect("a gzip in memory");
    gzip.finish().expect("a gzip in memory")
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let level = bzip2::Compression::fast();
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), level);
    bzip2.write_all(bytes).expect("a bzip2 in memory");
    bzip2.finish().expect("a bzip2 in memory")
}

/// With blocks and a dictionary that are small, so that there are several.
fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut options = lzma_rust2::XzOptions::with_preset(1);
    options.lzma_options.dict_size = 4 << 10;
    options.set_block_size(std::num::NonZero::new(4 << 10));
    let mut xz = lzma_rust2::XzWriter::new(Vec::new(), options).expect("an xz in memory");
    xz.write_all(bytes).expect("an xz in memory");
    xz.finish().expect("an xz in memory")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    ruzstd::encoding::compress_to_vec(bytes, level)
}

type Pack = fn(&[u8]) -> Vec<u8>;

/// Every kind of compressed stream.
const PACKERS: [Pack; 4] = [gzip, bzip2, xz, zstd];

/// A frame of zstd that says nothing (RFC 8878, section 3.1.2).
const SKIPPED: &[u8] = b"\x50\x2a\x4d\x18\x04\0\0\0none";

fn zip(files: &[(String, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(name.as_str(), zip::write::SimpleFileOptions::default())
            .expect("a zip in memory");
        zip.write_all(bytes).expect("a zip in memory");
    }
    zip.finish().expect("a zip in memory").into_inner()
}
