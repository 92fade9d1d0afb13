//! Whole walks over archives that are made in memory.

use std::cell::Cell;
use std::fs;
use std::io::{self, Cursor, Read, Write};
use std::ops::ControlFlow;
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::limits::Budget;
use super::walk::Walker;
use super::*;

/// Origin, content as far as it came, error, time.
type Delivered = (String, Vec<u8>, Option<String>, Option<i64>);

/// What a visitor saw.
#[derive(Debug, Default)]
struct Seen {
    inputs: Vec<Delivered>,
    gaps: Vec<Gap>,
    /// How much of each member is read.
    most: Option<u64>,
    /// Contents are counted, not kept.
    count_only: bool,
    bytes: u64,
    stop_after: Option<usize>,
}

impl Visitor for Seen {
    fn input(&mut self, input: Input<'_>) -> ControlFlow<()> {
        let mut content = Vec::new();
        let mut reader = input.reader.take(self.most.unwrap_or(u64::MAX));
        let error = if self.count_only {
            let copied = io::copy(&mut reader, &mut Counter(&mut self.bytes));
            copied.err()
        } else {
            reader.read_to_end(&mut content).err()
        };
        let error = error.map(|error| error.to_string());
        self.inputs
            .push((input.origin.to_string(), content, error, input.modified));
        match self.stop_after {
            Some(count) if self.inputs.len() >= count => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }

    fn gap(&mut self, gap: Gap) {
        self.gaps.push(gap);
    }
}

struct Counter<'c>(&'c mut u64);

impl Write for Counter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        *self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seen {
    fn origins(&self) -> Vec<&str> {
        self.inputs
            .iter()
            .map(|(origin, ..)| origin.as_str())
            .collect()
    }

    fn content(&self, origin: &str) -> &[u8] {
        let found = self.inputs.iter().find(|(name, ..)| name == origin);
        &found
            .unwrap_or_else(|| panic!("no {origin} in {:?}", self.origins()))
            .1
    }

    fn note(&self, origin: &str) -> &str {
        let found = self.gaps.iter().find(|gap| gap.origin.as_str() == origin);
        &found
            .unwrap_or_else(|| panic!("no gap {origin} in {:?}", self.gaps))
            .note
    }

    fn clean(self) -> Self {
        assert_eq!(self.gaps, []);
        let errors: Vec<_> = self
            .inputs
            .iter()
            .filter(|(_, _, e, _)| e.is_some())
            .collect();
        assert!(errors.is_empty(), "{errors:?}");
        self
    }
}

/// Walks a stream named `in`.
fn stream_with(limits: Limits, mut seen: Seen, bytes: &mut dyn Read) -> Seen {
    let budget = Budget::new(limits);
    let mut walker = Walker::new(&budget, &mut seen);
    let _ = walker.top(&Origin::top("in"), None, bytes);
    seen
}

fn stream(bytes: &[u8]) -> Seen {
    stream_with(Limits::default(), Seen::default(), &mut &*bytes)
}

/// Nobody stops a walk.
static RUNS: AtomicBool = AtomicBool::new(false);

fn paths(paths: &[&str]) -> Seen {
    let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    let selection = select(&paths).unwrap();
    let mut seen = Seen::default();
    let last = Cell::new(0);
    let progress = |bytes: u64| {
        assert!(bytes >= last.get(), "progress goes back");
        last.set(bytes);
    };
    walk(&selection, &Limits::default(), &progress, &RUNS, &mut seen);
    assert_eq!(last.get(), selection.total_bytes());
    seen
}

/// The same bytes from a file on disk, where zips are read in place.
fn disk(bytes: &[u8]) -> Seen {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in");
    fs::write(&path, bytes).unwrap();
    let prefix = format!("{}/", dir.path().display());
    let mut seen = paths(&[path.to_str().unwrap()]);
    for (origin, ..) in &mut seen.inputs {
        *origin = origin.strip_prefix(&prefix).unwrap().to_owned();
    }
    for gap in &mut seen.gaps {
        gap.origin = Origin::top(gap.origin.as_str().strip_prefix(&prefix).unwrap());
    }
    seen
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn bz2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ::bzip2::write::BzEncoder::new(Vec::new(), ::bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let options = ::lzma_rust2::XzOptions::with_preset(1);
    let mut writer = ::lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn zst(bytes: &[u8]) -> Vec<u8> {
    ::ruzstd::encoding::compress_to_vec(bytes, ::ruzstd::encoding::CompressionLevel::Fastest)
}

/// A frame of zstd that says nothing.
fn skippable(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_le_bytes();
    [b"\x53\x2a\x4d\x18", &length[..], content].concat()
}

type Wrap = fn(&[u8]) -> Vec<u8>;

/// What packs a single stream, with its name in notes.
const PACKERS: [(&str, Wrap); 4] = [
    ("gzip stream", gz),
    ("bzip2 stream", bz2),
    ("xz stream", xz),
    ("zstd stream", zst),
];

fn tar_header(name: &[u8], size: u64, kind: u8) -> ::tar::Header {
    let mut header = ::tar::Header::new_gnu();
    header.as_old_mut().name[..name.len().min(100)].copy_from_slice(&name[..name.len().min(100)]);
    header.set_size(size);
    header.set_mtime(1_500_000_000);
    header.set_mode(0o644);
    header.set_entry_type(::tar::EntryType::new(kind));
    header.set_cksum();
    header
}

fn tar_entry(out: &mut Vec<u8>, name: &[u8], kind: u8, content: &[u8]) {
    out.extend_from_slice(tar_header(name, content.len() as u64, kind).as_bytes());
    out.extend_from_slice(content);
    out.resize(out.len().next_multiple_of(512), 0);
}

fn tar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, content) in members {
        tar_entry(&mut out, name.as_bytes(), b'0', content);
    }
    out.resize(out.len() + 1024, 0);
    out
}

fn zip_of(members: &[(&str, &[u8])], method: ::zip::CompressionMethod) -> Vec<u8> {
    let mut writer = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = ::zip::write::SimpleFileOptions::default().compression_method(method);
    for (name, content) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn deflated(members: &[(&str, &[u8])]) -> Vec<u8> {
    zip_of(members, ::zip::CompressionMethod::Deflated)
}

fn stored(members: &[(&str, &[u8])]) -> Vec<u8> {
    zip_of(members, ::zip::CompressionMethod::Stored)
}

/// Text that packs badly enough to have many blocks.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut letter = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        b'a' + u8::try_from((state >> 33) % 26).unwrap()
    };
    (0..length).map(|_| letter()).collect()
}

#[test]
fn plain_bytes_pass_through() {
    let seen = stream(b"hello\n").clean();
    assert_eq!(seen.origins(), ["in"]);
    assert_eq!(seen.content("in"), b"hello\n");
    assert_eq!(stream(b"").clean().origins(), ["in"]);
    assert_eq!(disk(b"").clean().origins(), ["in"]);
}

#[test]
fn a_compressed_stream_is_one_member_of_its_own_name() {
    for (name, pack) in PACKERS {
        let two = [pack(b"one\n"), pack(b"two\n")].concat();
        let seen = stream(&two).clean();
        assert_eq!(seen.origins(), ["in"], "{name}");
        assert_eq!(seen.content("in"), b"one\ntwo\n", "{name}");
        assert_eq!(stream(&pack(&pack(b"x"))).clean().content("in"), b"x");
        assert_eq!(stream(&pack(b"")).clean().content("in"), b"", "{name}");
        let text = noise(1_200_000);
        assert!(stream(&pack(&text)).clean().content("in") == text, "{name}");
    }
}

#[test]
fn padding_after_a_stream_is_fine_and_garbage_is_told() {
    for (name, pack) in PACKERS {
        let mut padded = pack(b"one\n");
        padded.resize(padded.len() + 1000, 0);
        assert_eq!(stream(&padded).clean().content("in"), b"one\n");
        padded.extend_from_slice(b"garbage");
        let seen = stream(&padded);
        assert_eq!(seen.content("in"), b"one\n");
        let note = format!("after the end of the {name} were left out");
        assert!(seen.note("in").contains(&note), "{}", seen.note("in"));
    }
}

#[test]
fn xz_streams_may_have_padding_between_them() {
    let padded = [&xz(b"one\n"), &[0; 8][..], &xz(b"two\n"), &[0; 4]].concat();
    assert_eq!(stream(&padded).clean().content("in"), b"one\ntwo\n");
    let odd = [&xz(b"one\n"), &[0; 7][..], &xz(b"two\n")].concat();
    let seen = stream(&odd);
    assert_eq!(seen.content("in"), b"one\n");
    assert!(seen.note("in").contains("after the end of the xz stream"));
}

#[test]
fn zstd_frames_that_say_nothing_are_passed_over() {
    let large = skippable(&noise(300_000));
    let small = skippable(b"");
    let (one, two) = (zst(b"one\n"), zst(b"two\n"));
    let all = [&large, &one, &small, &large, &two, &small].map(Vec::as_slice);
    assert_eq!(stream(&all.concat()).clean().content("in"), b"one\ntwo\n");
    assert_eq!(stream(&small).clean().content("in"), b"");
    let cut = stream(&large[..200_000]);
    let error = "the zstd stream ends unexpectedly after 0 bytes";
    assert_eq!(cut.inputs[0].2.as_deref(), Some(error));
}

/// A frame of zstd whose window is 1 KiB times this power of two, with one raw block.
fn zstd_of_window(log: u8) -> Vec<u8> {
    [b"\x28\xb5\x2f\xfd\0", &[log << 3][..], b"\x21\0\0good"].concat()
}

/// An xz stream whose block states a dictionary of this code (xz file format, 5.3.1).
fn xz_of_dictionary(code: u8) -> Vec<u8> {
    let mut bytes = xz(b"good");
    let header = &mut bytes[12..24];
    assert_eq!(header[..4], [2, 0, 0x21, 1]);
    header[4] = code;
    let mut sum = flate2::Crc::new();
    sum.update(&header[..8]);
    header[8..].copy_from_slice(&sum.sum().to_le_bytes());
    bytes
}

#[test]
fn streams_that_want_much_memory_are_refused() {
    assert_eq!(stream(&zstd_of_window(17)).clean().content("in"), b"good");
    assert_eq!(stream(&xz_of_dictionary(30)).clean().content("in"), b"good");
    let refused = |bytes: &[u8]| {
        let seen = stream(&tar_of(&[("a", bytes), ("b", b"b")]));
        assert_eq!(seen.content("in!/b"), b"b");
        assert_eq!(seen.inputs[0].1, b"");
        seen.inputs[0].2.clone().unwrap()
    };
    assert_eq!(
        refused(&zstd_of_window(18)),
        "it needs 256 MiB of memory to be unpacked, more than the limit of 128 MiB; unpack it \
         first (zstd -d --long=31)"
    );
    // 1.5 GiB, and what the decoder needs beside
    let note = refused(&xz_of_dictionary(37));
    assert!(note.starts_with("it needs 1537 MiB of memory"), "{note}");
    assert!(note.ends_with("the limit of 128 MiB; unpack it first (xz -d)"));
    let note = refused(&xz_of_dictionary(40));
    assert!(note.starts_with("it needs 4097 MiB of memory"), "{note}");
    // what is open at one time counts together, what was before does not
    let inner = zstd_of_window(16);
    let mut outer = zstd_of_window(17);
    outer.truncate(6);
    let size = u32::try_from(inner.len() << 3 | 1).unwrap().to_le_bytes();
    outer.extend_from_slice(&size[..3]);
    outer.extend_from_slice(&inner);
    let note = refused(&outer);
    assert!(
        note.contains("the limit of 128 MiB, of which 0 bytes are left"),
        "{note}"
    );
    let one_by_one = [zstd_of_window(17), zstd_of_window(17)].concat();
    assert_eq!(stream(&one_by_one).clean().content("in"), b"goodgood");
}

#[test]
fn a_zstd_dictionary_that_is_missing_is_told() {
    let bytes = b"\x28\xb5\x2f\xfd\x01\x00\x2a\x21\0\0good";
    let note = stream(bytes).inputs[0].2.clone().unwrap();
    assert!(
        note.starts_with("it was packed with dictionary 42"),
        "{note}"
    );
}

#[test]
fn an_xz_stream_of_countless_blocks_is_stopped() {
    let one = xz(b"a");
    let (header, block) = (&one[..12], &one[12..one.len() - 20]);
    assert_eq!(block.len() % 4, 0);
    let mut bytes = header.to_vec();
    for _ in 0..(1 << 20) + 10 {
        bytes.extend_from_slice(block);
    }
    let seen = Seen {
        count_only: true,
        ..Seen::default()
    };
    let seen = stream_with(Limits::default(), seen, &mut &*bytes);
    let error = seen.inputs[0].2.as_deref().unwrap();
    assert!(error.contains("more than 1048576 blocks"), "{error}");
}

/// Programs that others pack with, where they are installed, and the bytes they make.
fn packed_by(program: &str, arguments: &[&str], text: &[u8]) -> Option<Vec<u8>> {
    use std::process::{Command, Stdio};
    let started = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = started else {
        println!("skipped: {program} is not installed");
        return None;
    };
    let mut input = child.stdin.take().unwrap();
    let text = text.to_owned();
    let writer = std::thread::spawn(move || input.write_all(&text).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output.status.success().then_some(output.stdout)
}

#[test]
fn what_other_programs_pack_is_unpacked() {
    let lines: Vec<String> = (0..8_000)
        .map(|n| format!("Mar 30 12:39:04 local0.info cms{} host: call {n}\n", n % 3))
        .collect();
    let text = [lines.concat().as_bytes(), &noise(200_000), &[0; 300_000]].concat();
    let ways: [(&str, &[&str]); 10] = [
        ("xz", &["-0"]),
        ("xz", &["-9e"]),
        ("xz", &["-1", "--check=none"]),
        ("xz", &["-1", "--check=sha256", "--block-size=65536"]),
        ("xz", &["--delta=dist=4", "--lzma2=preset=1"]),
        ("zstd", &["-1"]),
        ("zstd", &["-19", "--no-check"]),
        ("zstd", &["--ultra", "-22", "--long=27"]),
        ("bzip2", &["-9"]),
        ("gzip", &["-9"]),
    ];
    for (program, arguments) in ways {
        for text in [&text[..], b""] {
            if let Some(bytes) = packed_by(program, arguments, text) {
                let seen = stream(&bytes).clean();
                assert!(seen.content("in") == text, "{program} {arguments:?}");
            }
        }
    }
}

#[test]
fn containers_nest_in_every_combination() {
    let wraps: [(&str, Wrap); 7] = [
        ("", gz),
        ("", zst),
        ("!/t", |bytes| tar_of(&[("t", bytes)])),
        ("!/t", |bytes| gz(&tar_of(&[("t", bytes)]))),
        ("!/t", |bytes| xz(&tar_of(&[("t", bytes)]))),
        ("!/d", |bytes| deflated(&[("d", bytes)])),
        ("!/s", |bytes| stored(&[("s", bytes)])),
    ];
    let text = noise(3000);
    for (inner_name, inner) in wraps {
        for (middle_name, middle) in wraps {
            for (outer_name, outer) in wraps {
                let bytes = outer(&middle(&inner(&text)));
                let origin = format!("in{outer_name}{middle_name}{inner_name}");
                for seen in [stream(&bytes).clean(), disk(&bytes).clean()] {
                    assert_eq!(seen.origins(), [origin.as_str()]);
                    assert_eq!(seen.content(&origin), text);
                }
            }
        }
    }
}

#[test]
fn a_visitor_may_read_less() {
    let text = noise(700_000);
    let members: &[(&str, &[u8])] = &[("a", &text), ("b", b"bb"), ("c", b"")];
    let archives = [
        tar_of(members),
        gz(&tar_of(members)),
        deflated(members),
        stored(&[("x", &deflated(members)), ("y", &tar_of(members))]),
    ];
    for bytes in archives {
        for most in [0, 1, 511, 513, 300_000] {
            let seen = Seen {
                most: Some(most),
                ..Seen::default()
            };
            let seen = stream_with(Limits::default(), seen, &mut &*bytes).clean();
            assert!(seen.inputs.len() >= 3);
            assert!(
                seen.inputs
                    .iter()
                    .all(|(_, content, ..)| content.len() as u64 <= most)
            );
        }
    }
}

#[test]
fn a_visitor_may_stop_the_walk() {
    let bytes = tar_of(&[("a", b"a"), ("b", b"b"), ("c", b"c")]);
    let seen = Seen {
        stop_after: Some(2),
        ..Seen::default()
    };
    let seen = stream_with(Limits::default(), seen, &mut &*bytes);
    assert_eq!(seen.origins(), ["in!/a", "in!/b"]);
    assert_eq!(seen.gaps, []);
}

#[test]
fn cuts_deliver_what_comes_before_and_are_always_told() {
    let text = noise(12_000);
    let members: &[(&str, &[u8])] = &[("a", &text), ("b", &text)];
    let archives = [
        ("gz", gz(&text)),
        ("bz2", bz2(&text)),
        ("xz", xz(&text)),
        ("zst", zst(&text)),
        ("tar.xz", xz(&tar_of(members))),
        ("tar.zst", zst(&tar_of(members))),
        (
            "xz in tar.zst",
            zst(&tar_of(&[("a.xz", &xz(&text)), ("b", &text)])),
        ),
        ("tar", tar_of(members)),
        ("tar.gz", gz(&tar_of(members))),
        ("deflated", deflated(members)),
        ("stored", stored(members)),
        (
            "gz in tar.gz",
            gz(&tar_of(&[("a.gz", &gz(&text)), ("b", &text)])),
        ),
        ("zip in zip", stored(&[("in.zip", &deflated(members))])),
        (
            "tar.gz in zip",
            deflated(&[("in.tgz", &gz(&tar_of(members)))]),
        ),
    ];
    for (what, whole) in &archives {
        let mut lengths: Vec<usize> = (0..whole.len()).step_by(211).collect();
        lengths.extend(whole.len().saturating_sub(40)..whole.len());
        for length in lengths {
            let cut = &whole[..length];
            for (way, seen) in [("stream", stream(cut)), ("disk", disk(cut))] {
                for (origin, content, ..) in &seen.inputs {
                    if origin != "in" || ["gz", "bz2", "xz", "zst"].contains(what) {
                        assert!(text.starts_with(content), "{what} {way} at {length}");
                    }
                }
                let errors = seen.inputs.iter().any(|(_, _, error, _)| error.is_some());
                // The second block of zeros says nothing; a few bytes are no archive yet.
                let mark = *what == "tar" && whole.len() - length <= 512;
                let tiny = length < 512 && !errors;
                if !mark && !tiny {
                    assert!(errors || !seen.gaps.is_empty(), "{what} {way} at {length}");
                }
            }
        }
    }
}

#[test]
fn a_cut_stream_gives_nearly_all_of_its_bytes() {
    let text = noise(800_000);
    // what is lost at most: a block, of which the decoder makes nothing before it has it whole
    let lost = [70_000, 100_000, 200, 132_000];
    for ((name, pack), lost) in PACKERS.into_iter().zip(lost) {
        let whole = pack(&text);
        for part in 1..8 {
            let seen = stream(&whole[..whole.len() * part / 8]);
            let (_, content, error, _) = &seen.inputs[0];
            assert!(text.starts_with(content), "{name}");
            let least = text.len() * part / 8 - text.len() / 100;
            assert!(content.len() + lost > least, "{name} {}", content.len());
            let expected = format!("the {name} ends unexpectedly after {} bytes", content.len());
            assert_eq!(error.as_deref(), Some(expected.as_str()));
        }
    }
}

#[test]
fn streams_cut_at_any_byte_say_so() {
    let text = noise(700);
    for (name, pack) in PACKERS {
        let one = pack(&text);
        let two = [one.clone(), one.clone()].concat();
        for length in 10..two.len() {
            let seen = stream(&two[..length]);
            let (_, content, error, _) = &seen.inputs[0];
            assert!(text.repeat(2).starts_with(content), "{name} at {length}");
            let whole = length == one.len();
            // too little of the second to know it for one
            let stub = length > one.len() && !seen.gaps.is_empty();
            assert_eq!(error.is_none(), whole || stub, "{name} at {length}");
            let said = error.as_deref().unwrap_or_default();
            assert!(
                error.is_none() || said.contains("ends unexpectedly"),
                "{said}"
            );
        }
    }
}

#[test]
fn a_flipped_bit_anywhere_in_a_stream_is_told() {
    let text = noise(300);
    for (name, pack) in PACKERS {
        let whole = pack(&text);
        for at in 0..whole.len() {
            for bit in [0, 3, 7] {
                let mut bytes = whole.clone();
                bytes[at] ^= 1 << bit;
                let seen = stream(&bytes);
                let same = seen.inputs.len() == 1 && seen.inputs[0].1 == text;
                let told = seen.inputs.iter().any(|i| i.2.is_some()) || !seen.gaps.is_empty();
                // no longer known for a stream: its bytes are a text
                let text = seen.inputs.iter().any(|i| i.1 == bytes);
                assert!(same || told || text, "{name} at {at}");
            }
        }
    }
}

#[test]
fn damage_in_a_stream_is_told_with_its_place() {
    let text = noise(800_000);
    for (name, pack) in PACKERS {
        let mut bytes = pack(&text);
        let middle = bytes.len() / 2;
        bytes[middle..middle + 100].fill(0xff);
        let seen = stream(&bytes);
        let (_, content, error, _) = &seen.inputs[0];
        let both = content.iter().zip(&text);
        let common = both.take_while(|(a, b)| a == b).count();
        assert!(common > 260_000, "{name} {common}");
        let error = error.as_deref().unwrap();
        let said = format!("the {name} is damaged after ");
        assert!(error.starts_with(&said), "{error}");
    }

    let mut bytes = gz(b"some text\n");
    let crc = bytes.len() - 8;
    bytes[crc] ^= 1;
    let seen = stream(&bytes);
    assert_eq!(seen.inputs[0].1, b"some text\n");
    assert!(seen.inputs[0].2.is_some());
}

#[test]
fn damage_in_an_archive_does_not_reach_later_inputs() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let whole = gz(&tar_of(&[("x", &noise(50_000)), ("y", b"y")]));
    fs::write(at("a.tar.gz"), &whole[..whole.len() / 2]).unwrap();
    fs::write(at("b.txt"), "b\n").unwrap();
    let seen = paths(&[dir.path().to_str().unwrap()]);
    assert!(seen.origins()[0].ends_with("a.tar.gz!/x"));
    assert!(
        seen.inputs[0]
            .2
            .as_deref()
            .unwrap()
            .starts_with("the gzip stream ends")
    );
    assert!(
        seen.note(&at("a.tar.gz"))
            .starts_with("the gzip stream ends unexpectedly after")
    );
    assert_eq!(seen.gaps[0].status, ReadStatus::Partial);
    assert_eq!(seen.content(&at("b.txt")), b"b\n");
}

#[test]
fn tar_dialects_are_read() {
    let long = format!("{}/x.log", "d".repeat(300));
    let mut builder = ::tar::Builder::new(Vec::new());
    let mut header = ::tar::Header::new_gnu();
    header.set_size(4);
    builder
        .append_data(&mut header, &long, &b"long"[..])
        .unwrap();
    let pax = [
        ("path", b"from/pax.log".as_slice()),
        ("mtime", b"1600000000.25"),
        ("size", b"3"),
    ];
    builder.append_pax_extensions(pax).unwrap();
    let mut header = ::tar::Header::new_ustar();
    header.set_size(3);
    header.set_path("short").unwrap();
    header.set_cksum();
    builder.append(&header, &b"pax"[..]).unwrap();
    let mut v7 = ::tar::Header::new_old();
    v7.set_path("old.log").unwrap();
    v7.set_size(2);
    v7.set_cksum();
    builder.append(&v7, &b"v7"[..]).unwrap();
    let bytes = builder.into_inner().unwrap();
    let seen = stream(&bytes).clean();
    assert_eq!(seen.content(&format!("in!/{long}")), b"long");
    assert_eq!(seen.content("in!/from/pax.log"), b"pax");
    assert_eq!(seen.inputs[1].3, Some(1_600_000_000));
    assert_eq!(seen.content("in!/old.log"), b"v7");

    let mut only_v7 = v7.as_bytes().to_vec();
    only_v7.extend_from_slice(b"v7");
    only_v7.resize(2048, 0);
    assert_eq!(stream(&only_v7).clean().content("in!/old.log"), b"v7");
}

#[test]
fn what_is_no_file_is_passed_over() {
    let mut bytes = Vec::new();
    for kind in [b'5', b'1', b'2', b'3', b'4', b'6', b'V'] {
        tar_entry(&mut bytes, b"other", kind, b"");
    }
    // A hard link may state the size of its target.
    bytes.extend_from_slice(tar_header(b"link", 9999, b'1').as_bytes());
    tar_entry(&mut bytes, b"file", b'0', b"file");
    tar_entry(&mut bytes, b"holes", b'S', b"xx");
    bytes.resize(bytes.len() + 1024, 0);
    let seen = stream(&bytes);
    assert_eq!(seen.origins(), ["in!/file"]);
    assert!(seen.note("in!/holes").contains("sparse"));
}

#[test]
fn a_damaged_tar_header_costs_only_its_member() {
    let mut bytes = tar_of(&[("a", b"aaa"), ("b", b"bbb"), ("c", b"ccc")]);
    bytes[1024 + 3] ^= 0x55;
    let seen = stream(&bytes);
    assert_eq!(seen.origins(), ["in!/a", "in!/c"]);
    assert_eq!(
        seen.note("in"),
        "the archive is damaged at byte 1024; members may be missing"
    );
    // Even the first: the magic tells that it is a tar.
    let mut bytes = tar_of(&[("a", b"aaa"), ("b", b"bbb")]);
    bytes[3] ^= 0x55;
    assert_eq!(stream(&bytes).origins(), ["in!/b"]);
}

#[test]
fn impossible_sizes_do_no_harm() {
    for size in [u64::MAX, 1 << 62, (1 << 63) - 1] {
        let mut bytes = tar_header(b"a", size, b'0').as_bytes().to_vec();
        bytes.extend_from_slice(&tar_of(&[("b", b"bbb")]));
        let seen = stream(&bytes);
        assert!(!seen.gaps.is_empty(), "{size}");
        assert!(
            seen.inputs
                .iter()
                .all(|(_, content, ..)| content.len() < 4096)
        );
    }
    let mut long_name = tar_header(b"././@LongLink", 1 << 40, b'L')
        .as_bytes()
        .to_vec();
    long_name.extend_from_slice(&noise(3000));
    assert!(!stream(&long_name).gaps.is_empty());
}

#[test]
fn joined_tars_are_read_to_their_end() {
    let mut bytes = tar_of(&[("a", b"a")]);
    bytes.extend(tar_of(&[("b", b"b")]));
    assert_eq!(stream(&bytes).clean().origins(), ["in!/a", "in!/b"]);
}

#[test]
fn hostile_names_are_only_labels() {
    let names: [&[u8]; 6] = [
        b"../../etc/passwd",
        b"/etc/shadow",
        b"",
        b"a\x1b[2J\nb",
        b"\xff\xfe.log",
        b"./x",
    ];
    let mut bytes = Vec::new();
    for name in names {
        tar_entry(&mut bytes, name, b'0', b"mine");
    }
    bytes.resize(bytes.len() + 1024, 0);
    let seen = stream(&bytes).clean();
    let origins = [
        "in!/../../etc/passwd",
        "in!/etc/shadow",
        "in!/(no name)",
        "in!/a\x1b[2J\nb",
        "in!/\u{fffd}\u{fffd}.log",
        "in!/x",
    ];
    assert_eq!(seen.origins(), origins);
    assert!(
        seen.inputs
            .iter()
            .all(|(_, content, ..)| content == b"mine")
    );
    let zip = deflated(&[("../../etc/passwd", b"mine"), ("/etc/shadow", b"mine")]);
    let seen = disk(&zip).clean();
    assert_eq!(seen.origins(), origins[..2]);
}

#[test]
fn long_names_are_shortened_and_stay_apart() {
    let mut builder = ::tar::Builder::new(Vec::new());
    for _ in 0..2 {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(1);
        let name = format!("{}/{}.log", "가".repeat(3000), "나".repeat(3000));
        builder.append_data(&mut header, name, &b"x"[..]).unwrap();
    }
    let seen = stream(&builder.into_inner().unwrap());
    let note = "2 names of members are longer than 4096 bytes and were shortened";
    assert_eq!(seen.note("in"), note);
    assert!(
        seen.inputs
            .iter()
            .all(|(origin, ..)| origin.len() < 4096 + 20)
    );
    assert_ne!(seen.inputs[0].0, seen.inputs[1].0);
}

#[test]
fn members_of_one_name_are_told_apart() {
    let seen = stream(&tar_of(&[("a", b"1"), ("a", b"2"), ("a", b"3")])).clean();
    assert_eq!(seen.origins(), ["in!/a", "in!/a (2)", "in!/a (3)"]);
}

#[test]
fn foreign_containers_are_gaps() {
    let lz4 = b"\x04\x22\x4d\x18\x64\x40\xa7 and so on";
    let seen = stream(&tar_of(&[("core.log", lz4), ("b", b"b")]));
    assert_eq!(seen.origins(), ["in!/b"]);
    let note = "it is an lz4 stream, which cannot be read here; unpack it first (lz4 -d)";
    assert_eq!(seen.note("in!/core.log"), note);
    assert_eq!(seen.gaps[0].status, ReadStatus::Unread);
}

#[test]
fn locked_zip_members_are_gaps_and_the_others_are_read() {
    let mut bytes = stored(&[("a", b"aaa"), ("b", b"bbb"), ("c", b"ccc")]);
    let entries: Vec<usize> = memchr::memmem::find_iter(&bytes, b"PK\x01\x02").collect();
    bytes[entries[0] + 8] |= 1;
    bytes[entries[1] + 10] = 98;
    for seen in [stream(&bytes), disk(&bytes)] {
        assert_eq!(seen.origins(), ["in!/c"]);
        assert!(seen.note("in!/a").starts_with("it is encrypted"));
        assert!(seen.note("in!/b").contains("method 98 (PPMd)"));
    }
}

#[test]
fn zip_members_may_be_packed_in_any_known_way() {
    let text = noise(5000);
    for (method, pack) in [(12, bz2 as Wrap), (93, zst), (95, xz)] {
        // stored members of packed bytes, then called what they are
        let packed = pack(&text);
        let mut bytes = stored(&[("a", &packed), ("b", b"b")]);
        let mut sum = flate2::Crc::new();
        sum.update(&text);
        let size = u32::try_from(text.len()).unwrap().to_le_bytes();
        let entry = memchr::memmem::find(&bytes, b"PK\x01\x02").unwrap();
        for (at, places) in [(0, [8, 14, 22]), (entry, [10, 16, 24])] {
            bytes[at + places[0]] = method;
            bytes[at + places[1]..at + places[1] + 4].copy_from_slice(&sum.sum().to_le_bytes());
            bytes[at + places[2]..at + places[2] + 4].copy_from_slice(&size);
        }
        for seen in [stream(&bytes).clean(), disk(&bytes).clean()] {
            assert_eq!(seen.content("in!/a"), text, "{method}");
            assert_eq!(seen.content("in!/b"), b"b");
        }
    }
}

#[test]
fn a_damaged_zip_member_costs_only_itself() {
    let text = noise(5000);
    for whole in [
        stored(&[("a", &text), ("b", b"bbb")]),
        deflated(&[("a", &text), ("b", b"bbb")]),
    ] {
        let mut bytes = whole.clone();
        bytes[2000] ^= 0x55;
        let seen = disk(&bytes);
        assert!(seen.inputs[0].2.is_some());
        assert_eq!(seen.content("in!/b"), b"bbb");
        // A header that is not where the directory says.
        let mut bytes = whole.clone();
        let second = memchr::memmem::rfind(&whole, b"PK\x03\x04").unwrap();
        bytes[second] = b'X';
        let seen = disk(&bytes);
        assert_eq!(seen.origins(), ["in!/a"]);
        assert!(seen.note("in!/b").contains("cannot be found"));
    }
}

#[test]
fn a_zip_without_a_good_directory_is_read_by_its_headers() {
    let text = noise(5000);
    for whole in [
        stored(&[("a", &text), ("b", b"bbb")]),
        deflated(&[("a", &text), ("b", b"bbb")]),
    ] {
        let directory = memchr::memmem::find(&whole, b"PK\x01\x02").unwrap();
        let seen = disk(&whole[..directory]);
        assert_eq!(seen.origins(), ["in!/a", "in!/b"]);
        assert_eq!(seen.content("in!/a"), text);
        assert!(seen.note("in").contains("its end is missing"));
        let second = memchr::memmem::rfind(&whole, b"PK\x01\x02").unwrap();
        let mut bytes = whole.clone();
        bytes[second] = b'X';
        let seen = disk(&bytes);
        assert_eq!(seen.origins(), ["in!/a", "in!/b"]);
        assert!(seen.note("in").contains("1 of 2 entries are readable"));
    }
}

/// A zip as streaming writers make it: sizes and checksum stand behind the content.
#[test]
fn streamed_zips_are_read_with_and_without_directory() {
    let text = noise(5000);
    let mut writer = ::zip::ZipWriter::new_stream(Vec::new());
    let options = ::zip::write::SimpleFileOptions::default()
        .compression_method(::zip::CompressionMethod::Deflated);
    for name in ["a", "b"] {
        writer.start_file(name, options).unwrap();
        writer.write_all(&text).unwrap();
    }
    let whole = writer.finish().unwrap().into_inner();
    assert_eq!(disk(&whole).clean().content("in!/b"), text);
    let directory = memchr::memmem::find(&whole, b"PK\x01\x02").unwrap();
    let seen = disk(&whole[..directory]);
    assert_eq!(seen.content("in!/a"), text);
    assert_eq!(seen.content("in!/b"), text);
}

#[test]
fn a_zip_tells_times() {
    let mut writer = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    let time = ::zip::DateTime::from_date_and_time(2017, 3, 30, 11, 22, 44).unwrap();
    let options = ::zip::write::SimpleFileOptions::default().last_modified_time(time);
    writer.start_file("a", options).unwrap();
    writer.add_directory("folder/", options).unwrap();
    let large = options.large_file(true);
    writer.start_file("b", large).unwrap();
    let whole = writer.finish().unwrap().into_inner();
    let seen = disk(&whole).clean();
    assert_eq!(seen.origins(), ["in!/a", "in!/b"]);
    assert_eq!(seen.inputs[0].3, Some(1_490_872_964));
    let unset = options.last_modified_time(::zip::DateTime::default());
    let mut writer = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("a", unset).unwrap();
    let whole = writer.finish().unwrap().into_inner();
    assert_eq!(disk(&whole).clean().inputs[0].3, None);
}

#[test]
fn bombs_of_every_packing_are_stopped() {
    let zeros = vec![0; 12 << 20];
    for (name, pack) in PACKERS {
        bomb_is_stopped(name, &pack(&zeros));
    }
}

fn bomb_is_stopped(name: &str, bomb: &[u8]) {
    let count = || Seen {
        count_only: true,
        ..Seen::default()
    };
    let limits = Limits {
        ratio_from: 4 << 20,
        ..Limits::default()
    };
    let most = limits.ratio_from + (1 << 20);
    let seen = stream_with(limits.clone(), count(), &mut &*bomb);
    assert!(seen.bytes <= most, "{name} {}", seen.bytes);
    let error = seen.inputs[0].2.as_deref().unwrap();
    assert!(error.contains("more than 200 times its size"), "{error}");

    // Inside an archive: the others are read.
    let inside = tar_of(&[("bomb", bomb), ("b", b"b")]);
    let seen = stream_with(limits, count(), &mut &*inside);
    assert!(seen.bytes <= most);
    assert_eq!(seen.origins(), ["in!/bomb", "in!/b"]);
}

#[test]
fn a_zip_bomb_of_shared_bytes_is_stopped() {
    // Every entry of the directory points to one and the same member.
    let one = deflated(&[("a", &vec![b'x'; 100_000])]);
    let directory = memchr::memmem::find(&one, b"PK\x01\x02").unwrap();
    let end = memchr::memmem::find(&one, b"PK\x05\x06").unwrap();
    let entry = one[directory..end].repeat(5000);
    let mut bytes = one[..directory].to_vec();
    bytes.extend_from_slice(&entry);
    let mut record = one[end..].to_vec();
    record[8..10].copy_from_slice(&5000_u16.to_le_bytes());
    record[10..12].copy_from_slice(&5000_u16.to_le_bytes());
    record[12..16].copy_from_slice(&u32::try_from(entry.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(&record);
    let limits = Limits {
        ratio: 10,
        ratio_from: 1 << 20,
        ..Limits::default()
    };
    let seen = Seen {
        count_only: true,
        ..Seen::default()
    };
    let seen = stream_with(limits, seen, &mut &*bytes);
    assert!(seen.bytes < 5_000_000, "{}", seen.bytes);
    assert!(seen.note("in").contains("more than 10 times its size"));
}

#[test]
fn each_limit_is_told_and_the_walk_goes_on_where_it_can() {
    let text = noise(1000);
    let members: &[(&str, &[u8])] = &[("a", &text), ("b", &text), ("c", &text)];
    let walk_with = |limits, bytes: &[u8]| stream_with(limits, Seen::default(), &mut &*bytes);
    for bytes in [
        tar_of(members),
        gz(&tar_of(members)),
        xz(&tar_of(members)),
        zst(&tar_of(members)),
        deflated(members),
        stored(members),
    ] {
        let seen = walk_with(
            Limits {
                members: 2,
                ..Limits::default()
            },
            &bytes,
        );
        assert_eq!(seen.origins(), ["in!/a", "in!/b"]);
        let note = "the limit of 2 members is reached; the rest of the archive was not read";
        assert_eq!(seen.note("in"), note);

        let seen = walk_with(
            Limits {
                member_bytes: 10,
                ..Limits::default()
            },
            &bytes,
        );
        assert_eq!(seen.origins(), ["in!/a", "in!/b", "in!/c"]);
        assert_eq!(seen.gaps, []);
        let error = "only the first 10 bytes were read, the limit for one file";
        assert!(
            seen.inputs
                .iter()
                .all(|i| i.1.len() == 10 && i.2.as_deref() == Some(error))
        );
        let seen = walk_with(
            Limits {
                member_bytes: 1000,
                ..Limits::default()
            },
            &bytes,
        );
        assert_eq!(seen.clean().inputs.len(), 3);

        let seen = walk_with(
            Limits {
                total_bytes: 1500,
                ..Limits::default()
            },
            &bytes,
        );
        assert!(seen.inputs.len() < 3);
        assert!(
            seen.note("in")
                .contains("the limit of 1500 bytes in all is reached")
        );

        let seen = walk_with(
            Limits {
                depth: 0,
                ..Limits::default()
            },
            &bytes,
        );
        assert!(seen.inputs.is_empty());
        assert!(seen.note("in").contains("more than 0 archives deep"));
    }
    let limits = Limits {
        nested_zip_bytes: 100,
        ..Limits::default()
    };
    let seen = walk_with(
        limits,
        &tar_of(&[("in.zip", &stored(members)), ("b", b"b")]),
    );
    assert_eq!(seen.origins(), ["in!/b"]);
    assert!(
        seen.note("in!/in.zip")
            .contains("more than 100 bytes inside another archive")
    );
    let mut deep = b"core".to_vec();
    for _ in 0..10 {
        deep = gz(&deep);
    }
    assert!(
        stream(&deep)
            .note("in")
            .contains("more than 8 archives deep")
    );
}

#[test]
fn members_that_are_not_delivered_count_too() {
    let members: Vec<(&str, &[u8])> = vec![("a.7z", b"7z\xbc\xaf\x27\x1c"); 100];
    let limits = Limits {
        members: 5,
        ..Limits::default()
    };
    for bytes in [tar_of(&members), gz(&tar_of(&members))] {
        let seen = stream_with(limits.clone(), Seen::default(), &mut &*bytes);
        assert_eq!(seen.gaps.len(), 7);
        assert!(seen.note("in").contains("the limit of 5 members"));
    }
}

#[cfg(unix)]
#[test]
fn a_named_pipe_that_is_given_is_a_stream() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let bytes = stored(&[("a", b"aaa")]);
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::write(pipe, bytes).unwrap()
    });
    let name = pipe.to_str().unwrap();
    let seen = paths(&[name]).clean();
    writer.join().unwrap();
    assert_eq!(seen.content(&format!("{name}!/a")), b"aaa");
    // Met in a folder, it is not waited for.
    let seen = paths(&[dir.path().to_str().unwrap()]);
    assert!(seen.note(name).contains("a named pipe"));
}

#[test]
fn total_limit_leaves_later_files_unread() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a", "b", "c"] {
        fs::write(dir.path().join(name), noise(1000)).unwrap();
    }
    let selection = select(&[dir.path().to_str().unwrap().to_owned()]).unwrap();
    let mut seen = Seen::default();
    let limits = Limits {
        total_bytes: 1500,
        ..Limits::default()
    };
    walk(&selection, &limits, &|_| (), &RUNS, &mut seen);
    assert_eq!(seen.inputs.len(), 2);
    assert!(seen.inputs[1].2.is_some());
    assert_eq!(seen.gaps.len(), 1);
    assert_eq!(seen.gaps[0].status, ReadStatus::Unread);
}

#[test]
fn ten_thousand_tiny_members() {
    let names: Vec<String> = (0..10_000).map(|n| format!("logs/{n:05}.log")).collect();
    let members: Vec<(&str, &[u8])> = names.iter().map(|n| (n.as_str(), n.as_bytes())).collect();
    for bytes in [gz(&tar_of(&members)), deflated(&members)] {
        let seen = disk(&bytes).clean();
        assert_eq!(seen.inputs.len(), 10_000);
        assert_eq!(seen.content("in!/logs/09999.log"), b"logs/09999.log");
    }
}

/// Gives a byte or an interruption at a time, as pipes may.
struct Dribble<'d>(&'d [u8], bool);

impl Read for Dribble<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let most = out.len().min(1);
        self.0.read(&mut out[..most])
    }
}

#[test]
fn slow_streams_give_the_same() {
    let members: &[(&str, &[u8])] = &[("a", b"aaa"), ("b", b"bbb")];
    for bytes in [
        gz(&tar_of(members)),
        tar_of(members),
        deflated(members),
        gz(b"x"),
        bz2(&tar_of(members)),
        xz(&tar_of(members)),
        zst(&tar_of(members)),
    ] {
        let mut slow = Dribble(&bytes, false);
        let slow = stream_with(Limits::default(), Seen::default(), &mut slow).clean();
        assert_eq!(slow.inputs, stream(&bytes).inputs);
    }
}

/// Fails after its bytes, as a bad disk does.
struct Failing<'f>(&'f [u8]);

impl Read for Failing<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.0.read(out)? {
            0 => Err(io::Error::other("the disk is tired")),
            count => Ok(count),
        }
    }
}

#[test]
fn errors_of_the_source_come_through_as_they_are() {
    let tar = tar_of(&[("a", &noise(5000))]);
    let text = noise(5000);
    for bytes in [
        text.clone(),
        gz(&text),
        bz2(&text),
        xz(&text),
        zst(&text),
        tar.clone(),
        gz(&tar),
        xz(&tar),
    ] {
        let half = &bytes[..bytes.len() / 2];
        let seen = stream_with(Limits::default(), Seen::default(), &mut Failing(half));
        assert_eq!(seen.inputs[0].2.as_deref(), Some("the disk is tired"));
        assert!(seen.gaps.iter().all(|gap| gap.note == "the disk is tired"));
    }
}

#[cfg(unix)]
#[test]
fn folders_are_read_once_and_in_order() {
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().to_str().unwrap();
    fs::create_dir_all(dir.path().join("d/sub")).unwrap();
    for name in ["d/sub/x", "d/b", "d/a", "z"] {
        fs::write(dir.path().join(name), name).unwrap();
    }
    symlink(dir.path().join("z"), dir.path().join("d/link")).unwrap();
    symlink(dir.path(), dir.path().join("d/sub/up")).unwrap();
    fs::hard_link(dir.path().join("d/a"), dir.path().join("d/same")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("d/socket")).unwrap();
    let given = |names: &[&str]| -> Vec<String> {
        names.iter().map(|name| format!("{root}/{name}")).collect()
    };
    let expected = given(&["d/a", "d/b", "d/sub/x", "z"]);
    for arguments in [["z", "d", "d/b"], ["d/", "d/b", "z"], ["d/b", "d/a", "."]] {
        let arguments = given(&arguments);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let seen = paths(&arguments);
        let mut origins = seen.origins();
        let sorted = origins.is_sorted();
        assert!(sorted, "{origins:?}");
        if arguments[2].ends_with('.') {
            assert_eq!(origins.len(), 4);
        } else {
            origins.dedup();
            assert_eq!(origins, expected);
        }
        assert_eq!(seen.gaps.len(), 1);
        assert!(seen.gaps[0].note.contains("a socket"));
    }
    let link = format!("{root}/d/link");
    let seen = paths(&[&link, &link]).clean();
    assert_eq!(seen.origins(), [link.as_str()]);
    assert_eq!(seen.content(&link), b"z");
}

#[test]
fn all_problems_are_told_before_anything_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let good = dir.path().join("good");
    fs::write(&good, "x").unwrap();
    let good = good.to_str().unwrap().to_owned();
    let missing = format!("{good}-not");
    let below = format!("{good}/below");
    let error = select(&[missing.clone(), good.clone(), below, String::new()]).unwrap_err();
    assert_eq!(error.to_string(), "3 paths cannot be read");
    assert_eq!(error.problems().len(), 3);
    let error = select(&[good.clone(), missing.clone()]).unwrap_err();
    assert!(matches!(&error, SourceError::NotFound { path } if *path == missing));
    assert_eq!(error.problems().len(), 1);
    assert_eq!(select(&[good]).unwrap().total_bytes(), 1);
    assert_eq!(
        select(&["-".to_owned(), "-".to_owned()])
            .unwrap()
            .items()
            .len(),
        1
    );
}

#[test]
fn a_file_that_vanishes_is_a_gap() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        fs::write(dir.path().join(name), name).unwrap();
    }
    let selection = select(&[dir.path().to_str().unwrap().to_owned()]).unwrap();
    fs::remove_file(dir.path().join("a")).unwrap();
    let mut seen = Seen::default();
    walk(&selection, &Limits::default(), &|_| (), &RUNS, &mut seen);
    assert_eq!(seen.inputs.len(), 1);
    assert!(seen.gaps[0].note.starts_with("it cannot be read: "));
}

#[cfg(unix)]
#[test]
fn a_device_that_is_given_is_read_within_the_limits() {
    let selection = select(&["/dev/zero".to_owned()]).unwrap();
    let mut seen = Seen {
        count_only: true,
        ..Seen::default()
    };
    let limits = Limits {
        member_bytes: 1 << 20,
        ..Limits::default()
    };
    walk(&selection, &limits, &|_| (), &RUNS, &mut seen);
    assert_eq!(seen.bytes, 1 << 20);
    assert!(
        seen.inputs[0]
            .2
            .as_deref()
            .unwrap()
            .contains("only the first 1 MiB")
    );
}

/// An archive of every kind, for the tests that damage it.
fn everything() -> Vec<u8> {
    let text = noise(600);
    let members: &[(&str, &[u8])] = &[("a", &text), ("b.gz", &gz(&text)), ("c", b"")];
    let zip = [deflated(members), stored(members)];
    tar_of(&[
        ("one.zip", &zip[0]),
        ("two.zip", &zip[1]),
        ("three.tar", &tar_of(members)),
        ("four.tgz", &gz(&tar_of(members))),
        ("five.txz", &xz(&tar_of(members))),
        ("six.tzst", &zst(&tar_of(members))),
        ("seven.bz2", &bz2(&text)),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..4000), magic in 0..8_usize) {
        let magics: [&[u8]; 8] = [b"", b"\x1f\x8b\x08\0", b"PK\x03\x04", b"PK\x05\x06", b"BZh91AY&SY", b"070701", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"];
        let bytes = [magics[magic], &bytes].concat();
        stream(&bytes);
        disk(&bytes);
    }

    #[test]
    fn any_damage_is_survived(places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
        static WHOLE: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| {
            let all = everything();
            [deflated(&[("x", &all)]), stored(&[("x", &all)]), all]
        });
        for mut bytes in WHOLE.clone() {
            for (place, value) in &places {
                let at = place.index(bytes.len());
                bytes[at] = *value;
            }
            stream(&bytes);
            disk(&bytes);
        }
    }
}
